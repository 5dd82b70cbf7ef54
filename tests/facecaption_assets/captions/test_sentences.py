import pytest

from facecaption_assets.captions.sentences import banned_opening, every_frame, frames

PERSON = ("a woman", "the woman", "this woman", "she", "her")
THINGS = ("x1", "x2", "x3", "x4", "x5")


def texts(is_first: bool, is_plural: bool, shape: str, banned: str = "") -> set[str]:
    found = frames(is_first, is_plural, shape, banned)
    assert found
    return {frame.text.format(*PERSON, *THINGS) for frame in found.items}


def test_two_lists_share_what_the_face_has() -> None:
    assert "a woman with x1 and x2 has x3." in texts(True, False, "hhh")


def test_a_list_of_several_things_has_a_comma_before_the_next_and() -> None:
    assert "the woman has x1 and wears x2." in texts(True, False, "hw")
    assert "the woman has x1 and x2, and wears x3." in texts(True, False, "hhw")


def test_verbs_agree_with_the_person_named_last() -> None:
    plural = texts(False, True, "hsw")
    assert "she have x1, wear x3, and are smiling." in plural
    assert "the woman has x1, and she are smiling and wearing x3." in plural


def test_a_shape_without_a_frame_has_none() -> None:
    assert frames(True, False, "pkhsowb") is None
    assert frames(True, False, "hhhhh") is None


def test_an_opening_can_be_ruled_out_unless_there_is_no_other() -> None:
    assert all(not text.startswith("she") for text in texts(False, False, "h", "<she>"))
    assert texts(False, False, "b", "the") == texts(False, False, "b")


def test_sentences_that_add_can_be_ruled_out() -> None:
    shapes = {shape for shape, _ in every_frame(False, False)}
    assert any(" also " in text for text in texts(False, False, "h"))
    for shape in shapes:
        choices = frames(False, False, shape, may_add=False)
        assert choices and not any(frame.adds for frame in choices.items)


@pytest.mark.parametrize(
    ("openings", "banned"),
    [
        ([], ""),
        (["<she>"], ""),
        (["<she>", "<she>"], "<she>"),
        (["the", "<she>"], ""),
        (["the"], "the"),
        (["<she>", "<she>", "<her>"], "<her>"),
    ],
)
def test_no_noun_begins_twice_and_no_pronoun_three_times(openings: list[str], banned: str) -> None:
    assert banned_opening(openings) == banned


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("is_plural", [True, False])
def test_a_sentence_has_one_reading(is_first: bool, is_plural: bool) -> None:
    read: dict[str, str] = {}
    for shape, frame in every_frame(is_first, is_plural):
        text = frame.text.format(*PERSON, *shape)
        assert read.setdefault(text, shape) == shape
