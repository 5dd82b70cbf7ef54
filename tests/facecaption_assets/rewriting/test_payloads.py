from typing import Any

import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.cache import request_key
from facecaption_assets.rewriting.choosing import Candidate
from facecaption_assets.rewriting.payloads import Payloads
from facecaption_assets.rewriting.prompt_files import read_prompts
from facecaption_assets.rewriting.prompts import Prompts
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.styles import STYLES
from facecaption_assets.rewriting.tasks import Task
from facecaption_assets.rewriting.verification import Verdict

PROMPTS = Prompts(read_prompts(""))


def task(face_id: str = "f", names: tuple[str, ...] = ("Bald", "Male"), **more: Any) -> Task:
    caption = "The man is bald." if "Bald" in names else "The man is smiling."
    row = {"face_id": face_id, "caption_index": 0, "caption": caption, "attributes": list(names)}
    return Task(row, Subject(male=True), **more)


def payloads(**settings: Any) -> Payloads:
    return Payloads(PROMPTS, "m", RewriteSettings(**{"constraint": "none", **settings}))


@pytest.mark.parametrize("style", STYLES)
def test_requests_for_two_faces_share_all_but_the_last_message(style: str) -> None:
    made = payloads()
    one, two = (
        dict(made.attempt(task(name, names, style=style), 0))
        for name, names in (("f", ("Bald", "Male")), ("g", ("Smiling", "Male")))
    )
    first, second = one.pop("messages"), two.pop("messages")
    assert isinstance(first, list) and isinstance(second, list)
    assert first[:-1] == second[:-1] and first[-1] != second[-1]
    assert one.pop("seed") != two.pop("seed")
    assert one == two == {"model": "m", "temperature": 0.8, "max_tokens": 160}


def test_each_style_has_a_prefix_of_its_own() -> None:
    made = [payloads().attempt(task(style=style), 0)["messages"] for style in STYLES]
    assert all(isinstance(messages, list) for messages in made)
    assert len({str(messages[:-1]) for messages in made}) == 3  # type: ignore[index]


def test_every_request_of_every_face_is_another_one() -> None:
    made = payloads()
    requests = [made.attempt(task(name), n) for name in "fgh" for n in range(3)]
    wrong = Candidate("A man.", Verdict(False, "missing_attribute:Bald"))
    requests += [made.repair(task(name), wrong) for name in "fgh"]
    assert len({request_key(request) for request in requests}) == 12
    assert [made.attempt(task(), n) for n in range(3)] == requests[:3]


def test_faces_that_share_are_asked_for_in_one_request() -> None:
    made = payloads(share_answers=True)
    one, two = (made.attempt(task(name, is_shared=True), 0) for name in "fg")
    assert request_key(one) == request_key(two)
    assert request_key(one) != request_key(made.attempt(task("f", is_shared=True), 1))


def test_a_constrained_request_carries_its_grammar() -> None:
    assert str(payloads(constraint="gbnf").attempt(task(), 0)["grammar"]).startswith("root ::= ")
    assert "grammar" not in payloads().attempt(task(), 0)
