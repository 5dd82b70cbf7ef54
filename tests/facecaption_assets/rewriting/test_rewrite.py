import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.models import ModelStore
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.client import (
    Completion,
    EndpointUnavailable,
    Payload,
    RequestRefused,
)
from facecaption_assets.rewriting.endpoint import open_client
from facecaption_assets.rewriting.rewrite import REFUSED, Task, chat_payload, rewrite_captions
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_ATTRIBUTES, LLM_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut

SETTINGS = RewriteSettings(attempts=3, concurrency=3, constraint="none")


class FakeChat:
    """Answers with what a function says of the draft and the number of the request."""

    model = "fake"

    def __init__(self, answer: Callable[[str, int], str]) -> None:
        self.answer = answer
        self.payloads: list[Payload] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.is_closed = False

    async def complete(self, payload: Payload) -> Completion:
        self.payloads.append(payload)
        number = len(self.payloads)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        return Completion(self.answer(draft_of(payload), number), 10, 5, self.model)

    async def aclose(self) -> None:
        self.is_closed = True


def draft_of(payload: Payload) -> str:
    messages: Any = payload["messages"]
    return str(messages[-1]["content"]).partition("\n")[0].removeprefix("Draft: ")


def faces(number: int, **values: object) -> pa.Table:
    return FACE_ATTRIBUTES.from_rows(
        [
            {
                "face_id": f"s-{i:05d}-0",
                "key": f"s-{i:05d}",
                "split_group": f"s-{i:05d}",
                "status": "labelled",
                "num_positive": 3,
                "resolved_conflicts": [],
                **dict.fromkeys(ATTRIBUTE_COLUMNS),
                **{"Male": False, "Wavy_Hair": True, "Smiling": True, "Eyeglasses": True},
                **values,
            }
            for i in range(number)
        ]
    )


def rewrite(
    chat: Any,
    folder: Path,
    number: int = 4,
    settings: RewriteSettings = SETTINGS,
    opt_out: OptOut | None = None,
) -> list[dict[str, Any]]:
    attributes = faces(number)
    templates = caption_faces(attributes, CaptionSettings(), OptOut.none())
    table = rewrite_captions(
        templates, attributes, chat, RequestCache(folder), settings, opt_out or OptOut.none()
    )
    assert table.schema.equals(LLM_CAPTIONS.arrow)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


GOOD = "A woman with wavy hair is smiling and wearing eyeglasses."


def test_an_accepted_answer_is_the_caption(tmp_path: Path) -> None:
    chat = FakeChat(lambda draft, number: f' "{GOOD}"\n')
    rows = rewrite(chat, tmp_path)
    assert [row["face_id"] for row in rows] == [f"s-{i:05d}-0" for i in range(4)]
    for row in rows:
        assert (row["status"], row["caption"], row["num_attempts"]) == ("accepted", GOOD, 1)
        assert (row["prompt_tokens"], row["completion_tokens"]) == (10, 5)
        assert row["rejection_reason"] is None and row["rejected_caption"] is None
        assert row["template_caption"] != GOOD and row["model"] == "fake"
        assert row["attributes"] == ["Eyeglasses", "Smiling", "Wavy_Hair"]
    assert chat.is_closed


def test_an_unfaithful_model_falls_back_and_says_why(tmp_path: Path) -> None:
    bad = "A woman with wavy hair and a sharp jawline is smiling."
    (row,) = rewrite(FakeChat(lambda draft, number: bad), tmp_path, 1)
    assert row["status"] == "fell_back"
    assert row["caption"] == row["template_caption"]
    assert (row["rejected_caption"], row["rejection_reason"]) == (
        bad,
        "missing_attribute:Eyeglasses",
    )
    assert (row["num_attempts"], row["prompt_tokens"]) == (3, 30)


def test_a_later_attempt_can_be_accepted(tmp_path: Path) -> None:
    chat = FakeChat(lambda draft, number: GOOD if number == 3 else "Nonsense.")
    (row,) = rewrite(chat, tmp_path, 1)
    assert (row["status"], row["num_attempts"]) == ("accepted", 3)
    assert len({payload["seed"] for payload in chat.payloads}) == 3


def test_faces_with_the_same_attributes_are_asked_separately(tmp_path: Path) -> None:
    chat = FakeChat(lambda draft, number: GOOD)
    rewrite(chat, tmp_path, 5)
    assert len({payload["seed"] for payload in chat.payloads}) == 5


def test_no_more_requests_than_allowed_are_in_flight(tmp_path: Path) -> None:
    chat = FakeChat(lambda draft, number: GOOD)
    rewrite(chat, tmp_path, 20)
    assert chat.most_in_flight == 3


def test_a_second_run_asks_nothing_and_gives_the_same_table(tmp_path: Path) -> None:
    first = rewrite(FakeChat(lambda draft, number: GOOD if number % 2 else "No."), tmp_path)
    silent = FakeChat(lambda draft, number: pytest.fail("asked again"))
    assert rewrite(silent, tmp_path) == first


def test_an_opted_out_face_keeps_its_row_and_is_never_sent(tmp_path: Path) -> None:
    chat = FakeChat(lambda draft, number: GOOD)
    rows = rewrite(chat, tmp_path, 2, opt_out=OptOut(frozenset({"s-00000"})))
    assert [row["status"] for row in rows] == ["opted_out", "accepted"]
    assert rows[0]["caption"] is None and rows[0]["template_caption"] is None
    assert len(chat.payloads) == 1


def test_captions_that_were_not_made_have_no_row(tmp_path: Path) -> None:
    attributes = faces(2, Wavy_Hair=None, Smiling=None, Eyeglasses=None)
    templates = caption_faces(attributes, CaptionSettings(), OptOut.none())
    chat = FakeChat(lambda draft, number: GOOD)
    table = rewrite_captions(
        templates, attributes, chat, RequestCache(tmp_path), SETTINGS, OptOut.none()
    )
    assert templates.num_rows == 2 and table.num_rows == 0


def test_a_refused_request_costs_one_row_not_the_shard(tmp_path: Path) -> None:
    def answer(draft: str, number: int) -> str:
        if number <= 3:
            raise RequestRefused("bad grammar")
        return GOOD

    settings = RewriteSettings(attempts=3, concurrency=1, constraint="none")
    rows = rewrite(FakeChat(answer), tmp_path, 2, settings)
    assert [row["status"] for row in rows] == ["fell_back", "accepted"]
    assert (rows[0]["rejection_reason"], rows[0]["error_message"]) == (REFUSED, "bad grammar")
    assert rows[0]["num_attempts"] == 0


def test_what_was_answered_before_a_breakdown_is_not_asked_again(tmp_path: Path) -> None:
    def breaks(draft: str, number: int) -> str:
        if number > 6:
            raise EndpointUnavailable("down")
        return GOOD

    broken = FakeChat(breaks)
    with pytest.raises(EndpointUnavailable, match="down"):
        rewrite(broken, tmp_path, 10)
    assert broken.is_closed
    whole = FakeChat(lambda draft, number: GOOD)
    rows = rewrite(whole, tmp_path, 10)
    assert [row["status"] for row in rows] == ["accepted"] * 10
    assert len(whole.payloads) == 4


def test_it_works_inside_a_running_event_loop(tmp_path: Path) -> None:
    async def notebook() -> list[dict[str, Any]]:
        return rewrite(FakeChat(lambda draft, number: GOOD), tmp_path, 2)

    assert len(asyncio.run(notebook())) == 2


def test_a_sex_that_the_template_keeps_to_itself_stays_unsaid(tmp_path: Path) -> None:
    attributes = faces(1, Male=True)
    unspoken = CaptionSettings(unspoken=("Male",))
    templates = caption_faces(attributes, unspoken, OptOut.none())
    answer = "A person with wavy hair is smiling and wearing eyeglasses."
    chat = FakeChat(lambda draft, number: answer)
    table = rewrite_captions(
        templates, attributes, chat, RequestCache(tmp_path), SETTINGS, OptOut.none()
    )
    assert table["status"].to_pylist() == ["accepted"]


def test_tables_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    templates = caption_faces(faces(2), CaptionSettings(), OptOut.none())
    for attributes, message in ((faces(1), "s-00001-0"), (faces(2, Male=True), "man")):
        with pytest.raises(ValueError, match=message):
            rewrite_captions(
                templates,
                attributes,
                FakeChat(lambda draft, number: GOOD),
                RequestCache(tmp_path),
                SETTINGS,
                OptOut.none(),
            )


def test_a_constrained_request_carries_its_grammar() -> None:
    row = {
        "face_id": "f",
        "caption_index": 0,
        "caption": "The man is bald.",
        "attributes": ["Bald", "Male"],
    }
    task = Task(row, Subject(male=True))
    payload = chat_payload(task, 0, "m", RewriteSettings(constraint="gbnf"))
    assert str(payload["grammar"]).startswith("root ::= ")
    assert "grammar" not in chat_payload(task, 0, "m", SETTINGS)


RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_rewrite import faces_and_rows
faces_and_rows(sys.argv[2], Path(sys.argv[3]))
"""


def faces_and_rows(url: str, folder: Path) -> list[dict[str, Any]]:
    settings = RewriteSettings(base_url=url, concurrency=4, constraint="none")
    with open_client(settings, ModelStore(folder)) as client:
        return rewrite(client, folder, 24, settings)


def test_a_killed_run_continues_and_sends_no_answered_request_twice(
    chat: Any, tmp_path: Path
) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def answer(payload: dict[str, Any], number: int) -> Any:
        if number == 12 and running:
            os.kill(running.pop().pid, signal.SIGKILL)
        return chat.say(GOOD)

    here = str(Path(__file__).parent)
    with chat.start(answer) as server:
        process = subprocess.Popen([sys.executable, "-c", RUN, here, server.url, str(tmp_path)])
        running.append(process)
        assert process.wait() == -signal.SIGKILL
        before = len(server.requests)
        rows = faces_and_rows(server.url, tmp_path)
    assert [row["status"] for row in rows] == ["accepted"] * 24
    # Only what was on its way when the process died is sent a second time.
    assert before >= 13 and len(server.requests) - 24 <= 4
