from facecaption_assets.captions.arranging import arrange
from facecaption_assets.captions.plans import Plan
from facecaption_assets.captions.tellings import Telling, tellings


def told(topic: str, *names: str) -> dict[str, Telling]:
    return {topic: tellings(topic, frozenset(names), "her").items[0]}


def shapes(plan: Plan, things: dict[str, Telling]) -> list[str]:
    return [shape for shape, _ in arrange(plan, things)]


HAIR = told("hair", "Bangs", "Receding_Hairline")
HAT = told("accessories", "Wearing_Hat")
GLASSES = told("accessories", "Wearing_Hat", "Eyeglasses")
SMILE = told("expression", "Smiling")


def test_a_sentence_ends_where_the_plan_says() -> None:
    assert shapes(Plan("hair / accessories", 4), HAIR | HAT) == ["hh", "w"]
    assert shapes(Plan("hair accessories", 4), HAIR | HAT) == ["hhw"]


def test_a_single_thing_does_not_make_a_sentence_if_more_follows() -> None:
    assert shapes(Plan("expression / accessories", 4), SMILE | HAT) == ["sw"]


def test_a_topic_that_would_overload_a_sentence_begins_another() -> None:
    assert shapes(Plan("hair accessories", 3), HAIR | GLASSES) == ["hh", "ww"]


def test_what_no_frame_tells_together_is_cut() -> None:
    mouth = {"expression": tellings("expression", frozenset({"Mouth_Slightly_Open"}), "her")}
    ajar = {"expression": next(t for t in mouth["expression"].items if t[0].role == "o")}
    bald = told("hair", "Bald")
    assert shapes(Plan("hair expression", 4), bald | ajar) == ["p", "o"]


def test_nothing_to_tell_is_one_sentence() -> None:
    assert arrange(Plan("hair", 4), {}) == [("", ())]
