"""Which attributes contradict each other, and which of two contradicting states is withdrawn.

The rules are data. Only what cannot be true at once is a rule: a young man with a receding
hairline, or heavy make-up without lipstick, is rare and stays. How states come about belongs to
``states``; that a woman's chin is not called clean-shaven is wording and belongs to ``captions``.
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
    # The hairline cannot be seen behind hair that covers the forehead.
    ("Bangs", "Receding_Hairline"),
    *(("No_Beard", beard) for beard in BEARDS),
    # Not impossible, but rarer than either of two independent annotators being wrong.
    ("Young", "Gray_Hair"),
)

#: Pairs of which the second is not negative where the first is positive.
IMPLICATIONS: Final[tuple[tuple[str, str], ...]] = tuple((beard, "Male") for beard in BEARDS)

#: Pairs of which at most one is negative.
ALTERNATIVES: Final[tuple[tuple[str, str], ...]] = (
    # A beard of no particular kind is a man's as well.
    ("Male", "No_Beard"),
)

#: An attribute and its state.
Claim: TypeAlias = tuple[str, bool]

#: Every two claims that cannot both be made of one face.
CONTRADICTIONS: Final[tuple[tuple[Claim, Claim], ...]] = (
    *(((one, True), (other, True)) for one, other in EXCLUSIONS),
    *(((premise, True), (conclusion, False)) for premise, conclusion in IMPLICATIONS),
    *(((one, False), (other, False)) for one, other in ALTERNATIVES),
)

_CONFLICTS: Final = frozenset(frozenset(pair) for pair in CONTRADICTIONS)


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
    states: Mapping[str, bool | None], evidence: Mapping[str, float]
) -> Resolution:
    """Withdraw states that contradict better-evidenced ones.

    Of equals, the earlier in CelebA's order stays. A state that was withdrawn withdraws no other.

    Args:
        states: Attribute → state, for all or some of the attributes.
        evidence: Attribute → how well its state is founded, for each that has one; as
            ``states.state_evidence`` gives it.
    """
    claims = [(name, state) for name in ATTRIBUTES if (state := states.get(name)) is not None]
    claims.sort(key=lambda claim: -evidence[claim[0]])
    kept: list[Claim] = []
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


def _word(claim: Claim) -> str:
    name, state = claim
    return name if state else f"not {name}"
