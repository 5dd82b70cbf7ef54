"""Template captions → the stage's table of rewritten, verified captions.

Each caption is asked for up to ``attempts`` times and every answer is verified. What is never
accepted falls back to the template caption, with the last rejected text and its reason kept. What
was answered before comes from the cache, so that a shard that was cut short continues.
"""

import asyncio
import hashlib
import re
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.client import ChatClient, Completion, Payload, RequestRefused
from facecaption_assets.rewriting.dialects import constraint_fields
from facecaption_assets.rewriting.endpoint import open_client, stage_identity
from facecaption_assets.rewriting.prompts import chat_messages
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.verification import tidy, verify
from facecaption_assets.schema import LLM_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut

__all__ = ["open_client", "rewrite_captions", "stage_identity"]

#: Reason of a row whose every request was refused as malformed.
REFUSED: Final = "request_refused"


@dataclass(frozen=True)
class Task:
    """A template caption to be rewritten: its row, and who and what it speaks of."""

    row: Mapping[str, Any]
    subject: Subject

    @property
    def attributes(self) -> frozenset[str]:
        """Attributes that the caption names and the rewritten one has to."""
        return frozenset(self.row["attributes"])


def rewrite_captions(
    templates: pa.Table,
    attributes: pa.Table,
    client: ChatClient,
    cache: RequestCache,
    settings: RewriteSettings,
    opt_out: OptOut,
) -> pa.Table:
    """Rewrite a shard's template captions.

    Args:
        templates: Rows of ``template_captions``; those without a caption get no row here.
        attributes: Rows of ``face_attributes`` of the same shard: they know who is spoken of.
        client: Whom to ask; asked only what the cache has no answer to.
        cache: Answers of this and earlier runs.
        settings: Bounds, and how often to ask.
        opt_out: Pictures that are to be left out.

    Returns:
        Table ``llm_captions``: one row per template caption, in order.

    Raises:
        EndpointUnavailable: If the endpoint cannot be reached; what was answered stays cached.
        ValueError: If the two tables do not belong together.
    """
    tasks = _tasks(templates, attributes)
    with cache:
        rewriter = _Rewriter(client, cache, settings, opt_out)
        rows = _run(rewriter.rewrite_all(tasks))
    return LLM_CAPTIONS.from_rows(rows)


def _tasks(templates: pa.Table, attributes: pa.Table) -> list[Task]:
    faces = {
        face["face_id"]: face
        for face in attributes.select(["face_id", "Male", "age_years"]).to_pylist()
    }
    captioned = [row for row in templates.to_pylist() if row["status"] == "captioned"]
    if missing := [row["face_id"] for row in captioned if row["face_id"] not in faces]:
        raise ValueError(f"face_attributes has no row for {missing[:3]}, which have captions")
    return [
        Task(row, spoken_subject(row["face_id"], row["caption"], faces[row["face_id"]]))
        for row in captioned
    ]


def spoken_subject(face_id: str, template_caption: str, face: Mapping[str, object]) -> Subject:
    """The subject as the template caption has it: it may keep a known sex to itself.

    Args:
        face_id: Face that an error names.
        template_caption: Caption of the face.
        face: Its row of ``face_attributes``.

    Raises:
        ValueError: If the caption speaks of somebody else than the attributes do.
    """
    words = re.findall(r"\w+", template_caption)
    for subject in (subject_of(face), subject_of(face, unspoken=("Male",))):
        if subject.noun in words:
            return subject
    raise ValueError(
        f"the caption of {face_id} does not speak of a {subject_of(face).noun}, as its "
        "attributes do; build template_captions again"
    )


def _run(work: Coroutine[Any, Any, list[dict[str, object]]]) -> list[dict[str, object]]:
    """Run to the end, also from a notebook, whose event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class _Rewriter:
    """Asks for many captions at once."""

    def __init__(
        self, client: ChatClient, cache: RequestCache, settings: RewriteSettings, opt_out: OptOut
    ) -> None:
        self.client = client
        self.cache = cache
        self.settings = settings
        self.opt_out = opt_out

    async def rewrite_all(self, tasks: list[Task]) -> list[dict[str, object]]:
        """Rows of all tasks, in their order; at most ``concurrency`` are worked on at a time."""
        rows: dict[int, dict[str, object]] = {}
        pending = iter(enumerate(tasks))

        async def work() -> None:
            for i, task in pending:
                rows[i] = await self.rewrite(task)
                progress.update()

        workers = min(self.settings.concurrency, len(tasks))
        with tqdm(total=len(tasks), desc="LLM captions", disable=None, leave=False) as progress:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(workers):
                        group.create_task(work())
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from None
            finally:
                await self.client.aclose()
        return [rows[i] for i in range(len(tasks))]

    async def rewrite(self, task: Task) -> dict[str, object]:
        """The row of one task."""
        row: dict[str, object] = {
            **{name: task.row[name] for name in ("face_id", "key", "split_group", "caption_index")},
            "attributes": task.row["attributes"],
            "num_attempts": 0,
            "prompt_tokens": 0,
            "completion_tokens": 0,
        }
        if self.opt_out.covers(task.row["face_id"], task.row["key"]):
            return row | {"status": "opted_out", "attributes": []}
        row |= {"template_caption": task.row["caption"]}
        for attempt in range(self.settings.attempts):
            payload = chat_payload(task, attempt, self.client.model, self.settings)
            try:
                answer = await self._answer(payload)
            except RequestRefused as error:
                row |= {"rejection_reason": REFUSED, "error_message": str(error)}
                continue
            text = tidy(answer.text)
            verdict = verify(text, task.attributes, task.subject, self.settings.max_words)
            row = _count(row, answer)
            if verdict.accepted:
                row |= {"rejected_caption": None, "rejection_reason": None, "error_message": None}
                return row | {"status": "accepted", "caption": text}
            row |= {"rejected_caption": text, "rejection_reason": verdict.reason}
        return row | {"status": "fell_back", "caption": task.row["caption"]}

    async def _answer(self, payload: Payload) -> Completion:
        stored = self.cache.lookup(payload)
        if stored is None:
            stored = await self.client.complete(payload)
            self.cache.store(payload, stored)
        return stored


def _count(row: Mapping[str, Any], answer: Completion) -> dict[str, object]:
    """The row with one more answer's cost."""
    return {
        **row,
        "num_attempts": row["num_attempts"] + 1,
        "prompt_tokens": row["prompt_tokens"] + answer.prompt_tokens,
        "completion_tokens": row["completion_tokens"] + answer.completion_tokens,
        "model": answer.model,
    }


def chat_payload(task: Task, attempt: int, model: str, settings: RewriteSettings) -> Payload:
    """The request for one attempt.

    The seed comes from the face, the caption's index and the attempt: faces with the same
    attributes are worded independently, and another attempt is another request.
    """
    row = task.row
    identity = f"{row['face_id']}\0{row['caption_index']}\0{attempt}"
    seed = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4]) >> 1
    payload: dict[str, object] = {
        "model": model,
        "messages": chat_messages(row["caption"], task.attributes, task.subject),
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "seed": seed,
    }
    return payload | constraint_fields(
        settings.constraint, task.attributes, task.subject, row["caption"], seed
    )
