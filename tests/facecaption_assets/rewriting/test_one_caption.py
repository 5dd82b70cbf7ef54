import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.client import Completion, Payload, RequestRefused
from facecaption_assets.rewriting.one_caption import (
    REFUSED,
    opted_out_row,
    rewrite_caption,
)
from facecaption_assets.rewriting.payloads import Payloads
from facecaption_assets.rewriting.prompt_files import read_prompts
from facecaption_assets.rewriting.prompts import Prompts
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.tasks import Task

PROMPTS = Prompts(read_prompts(""))
TEMPLATE = "The woman has brown hair. She is smiling."
GOOD = "A smiling woman with brown hair."
AS_GOOD = "The woman with brown hair is smiling."
LONG = "This is a picture of a woman. The woman has brown hair, and the woman is smiling."
ADDS = "A smiling woman with brown hair and a sharp jawline."
LACKS = "A woman with brown hair."
REFUSES = "I'm sorry, I cannot help with that."
ROW = {
    **{"face_id": "s-0-0", "key": "s-0", "split_group": "s-0", "caption_index": 0},
    **{"caption": TEMPLATE, "attributes": ["Brown_Hair", "Smiling"]},
}


class Script:
    """Gives the answers of a list, one after the other; None is a refused request."""

    def __init__(self, *texts: str | None) -> None:
        self.texts: Iterator[str | None] = iter(texts)
        self.payloads: list[Payload] = []

    async def __call__(self, payload: Payload) -> Completion:
        self.payloads.append(payload)
        text = next(self.texts)
        if text is None:
            raise RequestRefused(f"malformed request {len(self.payloads)}")
        return Completion(text, 10, 5, "m")


def rewrite(script: Script, style: str = "normal", **settings: Any) -> dict[str, Any]:
    chosen = RewriteSettings(**{"attempts": 2, "constraint": "none", **settings})
    task = Task(ROW, Subject(male=False), style)
    row = asyncio.run(rewrite_caption(task, script, Payloads(PROMPTS, "m", chosen), chosen))
    assert row["template_caption"] == TEMPLATE and row["style"] == style
    return row


@pytest.mark.parametrize(
    ("answers", "settings", "status", "caption", "rejected", "reason"),
    [
        ([GOOD], {}, "accepted", GOOD, None, None),
        ([ADDS, GOOD], {}, "accepted", GOOD, None, None),
        ([None, GOOD], {}, "accepted", GOOD, None, None),
        ([ADDS, LACKS, GOOD], {}, "repaired", GOOD, ADDS, "unlicensed_word:sharp"),
        ([REFUSES, LACKS, GOOD], {}, "repaired", GOOD, LACKS, "missing_attribute:Smiling"),
        ([ADDS, None, GOOD], {}, "repaired", GOOD, ADDS, "unlicensed_word:sharp"),
        ([ADDS, ADDS, LACKS], {}, "fell_back", TEMPLATE, LACKS, "missing_attribute:Smiling"),
        ([ADDS, LACKS], {"repair": False}, "fell_back", TEMPLATE, LACKS, "missing_attribute"),
        ([ADDS, LACKS, None], {}, "fell_back", TEMPLATE, LACKS, "missing_attribute:Smiling"),
        ([None, None], {}, "fell_back", TEMPLATE, None, REFUSED),
        (["", ""], {}, "fell_back", TEMPLATE, "", "too_short"),
        ([LONG, GOOD], {"style": "short"}, "accepted", GOOD, None, None),
        ([AS_GOOD, GOOD], {"best_of": 2}, "accepted", GOOD, None, None),
        ([GOOD, AS_GOOD], {"best_of": 2}, "accepted", GOOD, None, None),
        ([AS_GOOD, ADDS, GOOD], {"best_of": 2, "attempts": 3}, "accepted", GOOD, None, None),
        ([AS_GOOD, ADDS], {"best_of": 2}, "accepted", AS_GOOD, None, None),
    ],
)
def test_the_best_of_the_answers_else_a_repaired_one_else_the_template(
    answers: list[str | None],
    settings: dict[str, Any],
    status: str,
    caption: str,
    rejected: str | None,
    reason: str | None,
) -> None:
    script = Script(*answers)
    row = rewrite(script, **settings)
    assert (row["status"], row["caption"]) == (status, caption)
    assert row["rejected_caption"] == rejected
    assert (row["rejection_reason"] or "").startswith(reason or "")
    assert (row["rejection_reason"] is None) is (status == "accepted")
    # Each answer was asked for, and each that came was paid for.
    paid = sum(answer is not None for answer in answers)
    assert len(script.payloads) == len(answers)
    assert (row["num_attempts"], row["prompt_tokens"], row["completion_tokens"]) == (
        *(paid, 10 * paid, 5 * paid),
    )
    assert row["model"] == ("m" if paid else None)


def test_no_request_follows_the_first_accepted_answer_by_default() -> None:
    script = Script(GOOD, AS_GOOD)
    assert rewrite(script, attempts=5)["num_attempts"] == 1


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([None, None], "malformed request 2"),
        ([ADDS, None, LACKS], "malformed request 2"),
        ([ADDS, None, GOOD], None),
        ([None, GOOD], None),
    ],
)
def test_a_refusal_is_told_only_of_rows_that_fell_back(
    answers: list[str | None], message: str | None
) -> None:
    assert rewrite(Script(*answers))["error_message"] == message


@pytest.mark.parametrize("constraint", ["gbnf", "none"])
def test_the_repair_shows_the_rejected_answer_and_why(constraint: str) -> None:
    script = Script(ADDS, ADDS, GOOD)
    rewrite(script, constraint=constraint)
    first, _, repair = (list(payload["messages"]) for payload in script.payloads)  # type: ignore[call-overload]
    assert repair[:-2] == first
    assert repair[-2] == {"role": "assistant", "content": ADDS}
    assert repair[-1]["role"] == "user" and '"sharp" adds something' in repair[-1]["content"]
    assert len({payload["seed"] for payload in script.payloads}) == 3
    assert all(("grammar" in payload) is (constraint == "gbnf") for payload in script.payloads)


def test_an_opted_out_row_tells_nothing_of_the_face() -> None:
    row = opted_out_row(Task(ROW, Subject(male=False), "short"))
    assert (row["status"], row["style"], row["attributes"]) == ("opted_out", "short", [])
    assert TEMPLATE not in row.values() and row["num_attempts"] == 0
