from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecaption_assets.attributes.resolution import (
    ALTERNATIVES,
    CONTRADICTIONS,
    EXCLUSIONS,
    IMPLICATIONS,
    Resolution,
    resolve_conflicts,
)
from facecaption_assets.attributes.vocabulary import ATTRIBUTES

STATES = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from([True, False, None]))
#: Few different values, so that there are ties.
EVIDENCE = st.lists(
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=len(ATTRIBUTES), max_size=len(ATTRIBUTES)
).map(lambda values: dict(zip(ATTRIBUTES, values, strict=True)))


def resolve(**evidence: float) -> Resolution:
    """Positive states of this evidence, negative ones where it is below zero."""
    states = {name: value > 0 for name, value in evidence.items()}
    return resolve_conflicts(states, {name: abs(value) for name, value in evidence.items()})


def contradictions(states: Mapping[str, bool | None]) -> list[object]:
    return [
        (claim, other)
        for claim, other in CONTRADICTIONS
        if all(states.get(name) is state for name, state in (claim, other))
    ]


def test_rules_speak_of_known_attributes_and_name_no_pair_twice() -> None:
    pairs = [frozenset(pair) for pair in (*EXCLUSIONS, *IMPLICATIONS, *ALTERNATIVES)]
    assert set().union(*pairs) <= set(ATTRIBUTES)
    assert len(set(pairs)) == len(pairs)
    assert all(len(pair) == 2 for pair in pairs)


def test_better_evidenced_hair_colour_stays_and_the_other_is_recorded() -> None:
    resolution = resolve(Black_Hair=0.2, Brown_Hair=0.5, Smiling=0.4)
    assert resolution.states == {"Black_Hair": None, "Brown_Hair": True, "Smiling": True}
    assert resolution.withdrawn == ["Black_Hair excluded by Brown_Hair"]


def test_of_equal_evidence_the_earlier_attribute_stays() -> None:
    assert resolve(Brown_Hair=0.9, Black_Hair=0.9).states["Black_Hair"] is True


@pytest.mark.parametrize(
    "evidence",
    [
        {"Male": 0.9, "Goatee": 0.5, "No_Beard": -0.5, "Black_Hair": 0.5, "Brown_Hair": -0.5},
        # Rare, and true of some people.
        {"Young": 0.9, "Receding_Hairline": 0.9},
        {"Young": 0.9, "Bald": 0.9},
        {"Heavy_Makeup": 0.9, "Wearing_Lipstick": -0.9},
        {"Male": 0.9, "Wearing_Lipstick": 0.9},
        {"Straight_Hair": -0.9, "Wavy_Hair": -0.9},
        {"Bald": 0.9, "Sideburns": 0.9, "Male": 0.9},
    ],
)
def test_states_without_contradiction_are_left_alone(evidence: dict[str, float]) -> None:
    resolution = resolve(**evidence)
    assert resolution.withdrawn == []
    assert None not in resolution.states.values()


@pytest.mark.parametrize(
    ("evidence", "withdrawn"),
    [
        ({"Goatee": 0.3, "Male": -0.6}, "Goatee excluded by not Male"),
        ({"Goatee": 0.9, "Male": -0.6}, "not Male excluded by Goatee"),
        ({"No_Beard": -0.3, "Male": -0.6}, "not No_Beard excluded by not Male"),
        ({"Bangs": 0.9, "Receding_Hairline": 0.5}, "Receding_Hairline excluded by Bangs"),
        ({"Bangs": 0.9, "Bald": 0.5}, "Bald excluded by Bangs"),
        ({"Straight_Hair": 0.9, "Wavy_Hair": 0.5}, "Wavy_Hair excluded by Straight_Hair"),
        ({"No_Beard": 0.9, "Mustache": 0.5, "Male": 1.0}, "Mustache excluded by No_Beard"),
        ({"Young": 0.9, "Gray_Hair": 0.5}, "Gray_Hair excluded by Young"),
    ],
)
def test_of_two_that_contradict_the_better_evidenced_stays(
    evidence: dict[str, float], withdrawn: str
) -> None:
    assert resolve(**evidence).withdrawn == [withdrawn]


def test_withdrawn_state_withdraws_no_other() -> None:
    # Bald loses to Brown_Hair, so that it cannot cost Bangs its state.
    resolution = resolve(Brown_Hair=0.97, Bald=0.95, Bangs=0.9)
    assert resolution.states == {"Brown_Hair": True, "Bald": None, "Bangs": True}


@given(STATES, EVIDENCE)
def test_no_contradiction_is_left_and_no_state_is_invented(
    states: dict[str, bool | None], evidence: dict[str, float]
) -> None:
    resolution = resolve_conflicts(states, evidence)
    assert contradictions(resolution.states) == []
    assert resolution.states.keys() == states.keys()
    lost = {n for n, state in states.items() if resolution.states[n] is not state}
    assert all(resolution.states[name] is None for name in lost)
    assert len(lost) == len(resolution.withdrawn)
    assert bool(lost) == bool(contradictions(states))


@given(STATES, EVIDENCE)
def test_resolving_again_changes_nothing(
    states: dict[str, bool | None], evidence: dict[str, float]
) -> None:
    once = resolve_conflicts(states, evidence)
    assert resolve_conflicts(once.states, evidence) == Resolution(once.states, [])


@given(STATES, EVIDENCE, st.randoms())
def test_order_in_which_states_are_given_does_not_matter(
    states: dict[str, bool | None], evidence: dict[str, float], random
) -> None:
    shuffled = list(states.items())
    random.shuffle(shuffled)
    assert resolve_conflicts(dict(shuffled), evidence) == resolve_conflicts(states, evidence)
