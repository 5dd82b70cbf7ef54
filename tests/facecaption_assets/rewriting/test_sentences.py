from collections.abc import Sequence

import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.constrained import licensed_grammar
from facecaption_assets.rewriting.plans import LETTERS, MOST_TOLD
from facecaption_assets.rewriting.sentences import FIRST_SENTENCE, sentence_plans


def groups(**told: Sequence[str]) -> dict[str, Sequence[str]]:
    return {letter: told.get(letter, ()) for letter in (*LETTERS, "k")}


def test_plans_overload_no_sentence_where_they_can() -> None:
    given = groups(h="123", f="456", e="7", w="89")
    plans = sentence_plans(given, 1, 3)
    assert plans and all(len(plan) <= 3 for plan in plans)
    loads = [sum(len(given[letter]) for letter in told) for plan in plans for told in plan]
    assert max(loads) <= MOST_TOLD


@pytest.mark.parametrize("bounds", [(1, 1), (1, 3), (2, 4)])
def test_every_group_is_told_once_in_every_plan(bounds: tuple[int, int]) -> None:
    for plan in sentence_plans(groups(h="1", f="23", o="4", w="5"), *bounds):
        assert sorted("".join(plan)) == sorted("hfow")
        assert bounds[0] <= len(plan) <= bounds[1]


def test_sentences_do_not_follow_in_haste() -> None:
    plans = sentence_plans(groups(h="1", f="2", e="3", w="45"), 1, 4)
    assert {("hf", "ew"), ("h", "fe", "w")} <= set(plans)
    assert not {("h", "f", "ew"), ("hf", "w", "e"), ("h", "f", "e", "w")} & set(plans)


def test_a_caption_may_begin_with_nothing_but_the_person() -> None:
    assert sentence_plans(groups(h="1"), 1, 3) == [("h",), ("", "h")]
    assert sentence_plans(groups(h="1"), 2, 4) == [("", "h")]


def test_of_nothing_but_the_person_there_is_one_sentence() -> None:
    assert sentence_plans(groups(), 2, 4) == [("",)]


def test_an_unavoidably_long_list_is_still_told() -> None:
    assert sentence_plans(groups(f="x" * 9), 1, 1) == [("f",)]


def test_what_no_one_sentence_can_tell_is_told_in_as_few_as_can() -> None:
    plans = sentence_plans(groups(h="12", f="345", g="67", e="8", w="9"), 1, 1)
    assert {len(plan) for plan in plans} == {2}


def test_this_is_is_offered_less_often_than_other_beginnings() -> None:
    grammar = licensed_grammar(frozenset({"Black_Hair", "Smiling"}), Subject(male=False))
    firsts = [p for s, ps in grammar.rules.items() if s.startswith(FIRST_SENTENCE) for p in ps]
    shown = {p.weight for p in firsts if p.text.startswith("This is ")}
    others = {p.weight for p in firsts if not p.text.startswith("This is ")}
    assert max(shown) < min(others)
