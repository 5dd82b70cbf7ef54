"""One template caption → its row of the stage's table.

Ask until enough answers are accepted, take the best; where none is, have the best rejected one
repaired, once; else keep the template caption. No answer, however wrong, loses the row.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from facecaption_assets.rewriting.choosing import Candidate, best_accepted, most_repairable
from facecaption_assets.rewriting.client import Completion, Payload, RequestRefused
from facecaption_assets.rewriting.payloads import Payloads
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.styles import most_words
from facecaption_assets.rewriting.tasks import Task
from facecaption_assets.rewriting.verification import tidy, verify

#: Reason of a row whose every request was refused as malformed.
REFUSED: Final = "request_refused"

#: Answers one request.
Ask = Callable[[Payload], Awaitable[Completion]]

Row = dict[str, object]


async def rewrite_caption(
    task: Task, ask: Ask, payloads: Payloads, settings: RewriteSettings
) -> Row:
    """The row of one task.

    Args:
        task: The caption.
        ask: Answers a request, or raises ``RequestRefused``.
        payloads: Makes the requests.
        settings: How often to ask, how many answers to choose from, whether to repair.

    Raises:
        EndpointUnavailable: If no request can succeed.
    """
    dialogue = _Dialogue(task, ask, settings)
    for number in range(settings.attempts):
        await dialogue.put(payloads.attempt(task, number))
        if len(dialogue.accepted) == settings.best_of:
            break
    if dialogue.accepted:
        return dialogue.row("accepted", best_accepted(dialogue.accepted, task.draft).text)
    rejected = most_repairable(dialogue.rejected) if settings.repair else None
    if rejected:
        await dialogue.put(payloads.repair(task, rejected))
        if dialogue.accepted:
            return dialogue.row("repaired", dialogue.accepted[0].text, rejected)
    last = dialogue.rejected[-1] if dialogue.rejected else None
    return dialogue.row("fell_back", task.row["caption"], last)


def opted_out_row(task: Task) -> Row:
    """The row of a face that is to be left out: nothing is asked, and nothing is told of it."""
    return {**_base(task), "attributes": [], "status": "opted_out"}


def _base(task: Task) -> Row:
    names = ("face_id", "key", "split_group", "caption_index", "attributes")
    return {
        **{name: task.row[name] for name in names},
        "style": task.style,
        "num_attempts": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
    }


class _Dialogue:
    """What was asked and answered for one caption so far."""

    def __init__(self, task: Task, ask: Ask, settings: RewriteSettings) -> None:
        self.task = task
        self.ask = ask
        self.max_words = most_words(task.style, settings.max_words)
        self.accepted: list[Candidate] = []
        self.rejected: list[Candidate] = []
        self.answers: list[Completion] = []
        self.refusal: str | None = None

    async def put(self, payload: Payload) -> None:
        """Ask once, and judge the answer."""
        try:
            answer = await self.ask(payload)
        except RequestRefused as error:
            self.refusal = str(error)
            return
        self.answers.append(answer)
        text = tidy(answer.text)
        verdict = verify(text, self.task.attributes, self.task.subject, self.max_words)
        (self.accepted if verdict.accepted else self.rejected).append(Candidate(text, verdict))

    def row(self, status: str, caption: str, rejected: Candidate | None = None) -> Row:
        """The row as it ends; ``rejected`` is the text that was repaired or given up."""
        is_refused = status == "fell_back" and rejected is None
        return {
            **_base(self.task),
            "status": status,
            "error_message": self.refusal if status == "fell_back" else None,
            "caption": caption,
            "template_caption": self.task.row["caption"],
            "rejected_caption": rejected.text if rejected else None,
            "rejection_reason": rejected.reason if rejected else REFUSED if is_refused else None,
            "num_attempts": len(self.answers),
            "prompt_tokens": sum(answer.prompt_tokens for answer in self.answers),
            "completion_tokens": sum(answer.completion_tokens for answer in self.answers),
            "model": self.answers[-1].model if self.answers else None,
        }
