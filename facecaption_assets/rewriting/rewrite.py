"""Template captions → the stage's table of rewritten, verified captions.

Many captions are worked on at once; what happens to one of them belongs to ``one_caption``. What
was answered before comes from the cache, so that a shard that was cut short continues.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.rewriting.answering import Answering, BudgetSpent
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.client import ChatClient, Completion, Payload
from facecaption_assets.rewriting.endpoint import open_client, stage_identity
from facecaption_assets.rewriting.one_caption import Ask, Row, opted_out_row, rewrite_caption
from facecaption_assets.rewriting.payloads import Payloads
from facecaption_assets.rewriting.prompt_files import read_prompts
from facecaption_assets.rewriting.prompts import Prompts
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.sharing import AskOnce
from facecaption_assets.rewriting.tasks import Task, tasks_of
from facecaption_assets.rewriting.usage import Usage
from facecaption_assets.schema import LLM_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut

__all__ = ["open_client", "rewrite_captions", "stage_identity"]


def rewrite_captions(
    templates: pa.Table,
    attributes: pa.Table,
    client: ChatClient,
    cache: RequestCache,
    settings: RewriteSettings,
    opt_out: OptOut,
    usage: Usage | None = None,
    alt_texts: Mapping[str, str | None] = MappingProxyType({}),
) -> pa.Table:
    """Rewrite a shard's template captions.

    Args:
        templates: Rows of ``template_captions``; those without a caption get no row here.
        attributes: Rows of ``face_attributes`` of the same shard: they know who is spoken of.
        client: Whom to ask; asked only what the cache has no answer to.
        cache: Answers of this and earlier runs.
        settings: Bounds, styles, and how often to ask.
        opt_out: Pictures that are to be left out.
        usage: Is told what was asked and what it cost.
        alt_texts: Alt-text by face, as found; shown to nobody unless the settings say so.

    Returns:
        Table ``llm_captions``: one row per template caption, in order.

    Raises:
        EndpointUnavailable: If the endpoint cannot be reached; what was answered stays cached.
        BudgetSpent: If the run has cost as much as it may; likewise.
        CacheUnusable: If answers cannot be remembered.
        ValueError: If the two tables do not belong together, or the prompts cannot be used.
    """
    tasks = tasks_of(templates, attributes, settings, alt_texts)
    with cache:
        answering = Answering(client, cache, settings, usage or Usage())
        rewriter = _Rewriter(answering, settings, opt_out)
        rows = _run(rewriter.rewrite_all(tasks))
    return LLM_CAPTIONS.from_rows(rows)


def _run(work: Coroutine[Any, Any, list[Row]]) -> list[Row]:
    """Run to the end, also from a notebook, whose event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class _Rewriter:
    """Asks for many captions at once."""

    def __init__(self, answering: Answering, settings: RewriteSettings, opt_out: OptOut) -> None:
        self.answering = answering
        self.client = answering.client
        self.settings = settings
        self.opt_out = opt_out
        self.payloads = Payloads(
            Prompts(read_prompts(settings.prompts)), self.client.model, settings
        )
        self.ask: Ask = AskOnce(self._answer) if settings.share_answers else self._answer

    async def rewrite_all(self, tasks: list[Task]) -> list[Row]:
        """Rows of all tasks, in their order; at most ``concurrency`` are worked on at a time."""
        rows: dict[int, Row] = {}
        pending = iter(enumerate(tasks))
        spent: list[BudgetSpent] = []

        async def work() -> None:
            for i, task in pending:
                try:
                    rows[i] = await self.rewrite(task)
                except BudgetSpent as error:
                    # What others have in flight is paid for: it is waited for, and cached.
                    spent.append(error)
                    return
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
        if spent:
            raise spent[-1]
        return [rows[i] for i in range(len(tasks))]

    async def rewrite(self, task: Task) -> Row:
        """The row of one task."""
        if self.opt_out.covers(task.row["face_id"], task.row["key"]):
            return opted_out_row(task)
        return await rewrite_caption(task, self.ask, self.payloads, self.settings)

    async def _answer(self, payload: Payload) -> Completion:
        return await self.answering.answer(payload)
