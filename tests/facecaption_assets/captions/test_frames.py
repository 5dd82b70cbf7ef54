import re

import pytest

from facecaption_assets.captions.frames import FIRST, RULES
from facecaption_assets.captions.later_frames import NEXT
from facecaption_assets.captions.plans import PLANS
from facecaption_assets.captions.sentences import PERSON_FORMS, every_frame, frames
from facecaption_assets.captions.tellings import ROLES, TOPICS_TOLD

VERBS = {"have", "be", "wear", "smile"}


def test_every_plan_has_each_topic_once() -> None:
    for plan in PLANS:
        assert sorted(t for topics in plan.sentences for t in topics) == sorted(TOPICS_TOLD)


def test_every_symbol_is_known_and_told_once() -> None:
    known = {*PERSON_FORMS, *RULES, *VERBS, *"pkhgow", "smiling", "a smile", "hs"}
    for frame in (*FIRST, *NEXT, *(p for rule in RULES.values() for p in rule)):
        symbols = re.findall(r"<([^>]*)>", frame.text)
        assert set(symbols) <= known, frame.text
        assert all(symbols.count(role) < 2 for role in "pkhgow"), frame.text
        assert "<g>" not in frame.text.partition("<h>")[0], frame.text


def test_every_frame_is_written_once_and_is_a_sentence() -> None:
    for table in (FIRST, NEXT):
        texts = [frame.text for frame in table]
        assert len(texts) == len(set(texts))
        assert all(text.endswith(".") and text == text.lower() for text in texts)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("is_first", [True, False])
def test_each_thing_can_be_told_alone(role: str, is_first: bool) -> None:
    assert frames(is_first, False, role)


def test_later_sentences_need_not_begin_with_the_pronoun() -> None:
    openings: dict[str, set[str]] = {}
    for shape, frame in every_frame(False, False):
        openings.setdefault(shape, set()).add(frame.opening)
    assert not [shape for shape, found in openings.items() if found == {"<she>"}]
