"""Which attributes contradict each other, and which of two contradicting states is withdrawn.

The rules are data. How states come about belongs to ``labelling``; that a woman's chin is not
called clean-shaven is wording and belongs to ``captions``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

from facecaption_assets.attributes.vocabulary import ATTRIBUTES, HAIR_COLOURS

BEARDS: Final = ("5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns")

#: Pairs of which at most one is positive.
EXCLUSIONS: Final[tuple[tuple[str, str], ...]] = (
    *combinations(HAIR_COLOURS, 2),
    *(("Bald", other) for other in (*HAIR_COLOURS, "Bangs", "Straight_Hair", "Wavy_Hair")),
    ("Straight_Hair", "Wavy_Hair"),
    *(("No_Beard", beard) for beard in BEARDS),
    # Not impossible, but rarer than either of two independent annotators being wrong.
    ("Young", "Gray_Hair"),
)

#: Pairs of which the second is not negative where the first is positive.
IMPLICATIONS: Final[tuple[tuple[str, str], ...]] = tuple((beard, "Male") for beard in BEARDS)

#: An attribute and its state.
_Claim: TypeAlias = tuple[str, bool]

_CONFLICTS: Final = frozenset(
    frozenset(pair)
    for pair in (
        *(((one, True), (other, True)) for one, other in EXCLUSIONS),
        *(((premise, True), (conclusion, False)) for premise, conclusion in IMPLICATIONS),
    )
)


@dataclass(frozen=True)
class Resolution:
    """States without contradiction.

    Attributes:
        states: Attribute → positive, negative or None for unknown.
        withdrawn: ``Gray_Hair excluded by Young`` for each state that became unknown.
    """

    states: dict[str, bool | None]
    withdrawn: list[str]


def resolve_conflicts(
    states: Mapping[str, bool | None], probabilities: Mapping[str, float]
) -> Resolution:
    """Withdraw states that contradict better-evidenced ones.

    Evidence is the probability of the state; of equals, the earlier in CelebA's order stays.

    Args:
        states: Attribute → state, for all or some of the attributes.
        probabilities: Attribute → P(positive), for each that has a state.
    """
    claims = [(name, state) for name in ATTRIBUTES if (state := states.get(name)) is not None]
    claims.sort(key=lambda claim: -_evidence(claim, probabilities))
    kept: list[_Claim] = []
    resolved = dict(states)
    withdrawn = []
    for claim in claims:
        winner = next((other for other in kept if frozenset((claim, other)) in _CONFLICTS), None)
        if winner is None:
            kept.append(claim)
            continue
        resolved[claim[0]] = None
        withdrawn.append(f"{_word(claim)} excluded by {_word(winner)}")
    return Resolution(resolved, withdrawn)


def _evidence(claim: _Claim, probabilities: Mapping[str, float]) -> float:
    name, state = claim
    return probabilities[name] if state else 1 - probabilities[name]


def _word(claim: _Claim) -> str:
    name, state = claim
    return name if state else f"not {name}"
