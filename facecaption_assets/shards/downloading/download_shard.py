"""Planned URLs → a tar of pictures and a ledger row for each, fetched or not.

Three steps: what is known already goes into the spool; what is worth asking for is fetched into
the spool; the tar is written from the spool. A process may be killed anywhere: the next one goes
on where it was.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pyarrow as pa

from facecaption_assets.shards.downloading.connections import open_session
from facecaption_assets.shards.downloading.crawl import Crawl, Job
from facecaption_assets.shards.downloading.failures import Failure
from facecaption_assets.shards.downloading.fetcher import Body, Fetcher
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.progress import Progress
from facecaption_assets.shards.downloading.resuming import EarlierShard, carry_over, plan_jobs
from facecaption_assets.shards.downloading.row_batches import rows_of
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.spool import Spool
from facecaption_assets.shards.downloading.tar_assembly import assemble

#: Opens the HTTP session that a shard is downloaded through.
Connect = Callable[[DownloadSettings], aiohttp.ClientSession]


def download_shard(
    plan: pa.Table,
    judge: Judge,
    tar_path: Path,
    spool_folder: Path,
    earlier: EarlierShard | None = None,
    *,
    tell: Callable[[str], None] = lambda line: None,
    connect: Connect = open_session,
) -> pa.Table:
    """Fetch what the plan lists and is worth asking for.

    Args:
        plan: SHARD_PLAN rows with http(s) URLs.
        judge: The settings and the opt-out list.
        tar_path: Where the tar is written.
        spool_folder: Local folder that keeps what was fetched until the caller, having committed
            the shard, removes it with ``discard_spool``.
        earlier: What was committed before: its pictures are not fetched again.
        tell: Given a line of progress now and then.
        connect: Opens the HTTP session.

    Returns:
        One RAW_SHARDS row per planned row, in the same order.
    """
    with Spool(spool_folder) as spool:
        if earlier is not None:
            carry_over(earlier, spool, judge.identity)
        if jobs := plan_jobs(rows_of(plan), spool, judge):
            with Progress(len(jobs), tell) as progress:
                _run(_fetch(jobs, spool, judge, progress, connect))
        return assemble(plan, spool, judge, tar_path)


async def _fetch(
    jobs: deque[Job], spool: Spool, judge: Judge, progress: Progress, connect: Connect
) -> None:
    def finish(job: Job, outcome: Body | Failure) -> None:
        record = judge.outcome(job, outcome)
        spool.add(record, outcome.data if isinstance(outcome, Body) and record.is_success else b"")
        progress.count(success=record.is_success)

    async with connect(judge.settings) as session:
        fetcher = Fetcher(session, judge.settings, spool.folder)
        await Crawl(fetcher, judge.settings, judge.opt_out.covering, finish).run(jobs)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, also from a notebook, whose event loop is running already.

    Raises:
        Exception: The first error that is no URL's fault, such as a full disk.
    """
    try:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(work)
        else:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, work).result()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
