from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecaption_assets.attributes.resolution import (
    EXCLUSIONS,
    IMPLICATIONS,
    Resolution,
    resolve_conflicts,
)
from facecaption_assets.attributes.vocabulary import ATTRIBUTES


def resolve(**probabilities: float) -> Resolution:
    states = {name: p > 0.5 for name, p in probabilities.items()}
    return resolve_conflicts(states, probabilities)


def test_rules_speak_of_known_attributes_and_name_no_pair_twice() -> None:
    pairs = [frozenset(pair) for pair in (*EXCLUSIONS, *IMPLICATIONS)]
    assert set().union(*pairs) <= set(ATTRIBUTES)
    assert len(set(pairs)) == len(pairs)
    assert all(len(pair) == 2 for pair in pairs)


def test_better_evidenced_hair_colour_stays_and_the_other_is_recorded() -> None:
    resolution = resolve(Black_Hair=0.88, Brown_Hair=0.93, Smiling=0.9)
    assert resolution.states == {"Black_Hair": None, "Brown_Hair": True, "Smiling": True}
    assert resolution.withdrawn == ["Black_Hair excluded by Brown_Hair"]


def test_of_equal_evidence_the_earlier_attribute_stays() -> None:
    assert resolve(Brown_Hair=0.9, Black_Hair=0.9).states["Black_Hair"] is True


def test_states_without_contradiction_are_left_alone() -> None:
    resolution = resolve(Male=0.99, Goatee=0.9, No_Beard=0.1, Black_Hair=0.9, Brown_Hair=0.05)
    assert resolution.withdrawn == []
    assert None not in resolution.states.values()


@pytest.mark.parametrize(
    ("goatee", "male", "withdrawn"),
    [
        (0.9, 0.01, "Goatee excluded by not Male"),
        (0.99, 0.1, "not Male excluded by Goatee"),
    ],
)
def test_beard_and_not_male_leave_the_better_evidenced(
    goatee: float, male: float, withdrawn: str
) -> None:
    assert resolve(Goatee=goatee, Male=male).withdrawn == [withdrawn]


def test_withdrawn_state_withdraws_no_other() -> None:
    # Bald loses to Brown_Hair, so that it cannot cost Bangs its state.
    resolution = resolve(Brown_Hair=0.97, Bald=0.95, Bangs=0.9)
    assert resolution.states == {"Brown_Hair": True, "Bald": None, "Bangs": True}


@given(
    st.dictionaries(st.sampled_from(ATTRIBUTES), st.floats(0, 1), max_size=len(ATTRIBUTES)),
)
def test_no_contradiction_is_left_and_no_state_is_changed(probabilities: dict[str, float]) -> None:
    resolution = resolve(**probabilities)
    positive = {name for name, state in resolution.states.items() if state}
    assert not [pair for pair in combinations(sorted(positive), 2) if pair in set(EXCLUSIONS)]
    assert not any(
        premise in positive and resolution.states.get(conclusion) is False
        for premise, conclusion in IMPLICATIONS
    )
    for (name, p), state in product(probabilities.items(), [True, False]):
        assert resolution.states[name] is not state or (p > 0.5) is state
    unknown = sum(state is None for state in resolution.states.values())
    assert unknown == len(resolution.withdrawn)
