"""What is known before anything is asked: from a run that was cut short, or from the last one.

Everything known is put into the spool, so that a crash at any later moment, while the shard is
committed included, loses no picture.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import pyarrow as pa

from facecaption_assets.shards.downloading.crawl import Job
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.ledger import Record, record_of_row
from facecaption_assets.shards.downloading.retrying import worth_another_try
from facecaption_assets.shards.downloading.row_batches import rows_of
from facecaption_assets.shards.downloading.spool import Spool
from facecaption_assets.shards.tars import read_pictures
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class EarlierShard:
    """The shard as it was committed before.

    Attributes:
        ledger: Its rows.
        open_tar: Opens its tar.
        settings_changed: Whether its code version is not the present one.
    """

    ledger: pa.Table
    open_tar: Callable[[], BinaryIO]
    settings_changed: bool


def earlier_shard(storage: Storage, shard: str, code_version: str) -> EarlierShard | None:
    """The committed shard, or None where there is none yet.

    Args:
        storage: Data root.
        shard: Partition key.
        code_version: Present code version of ``raw_shards``.
    """
    provenance = storage.read_provenance("raw_shards", shard)
    if provenance is None:
        return None
    return EarlierShard(
        storage.read_table("raw_shards", shard),
        lambda: storage.open_tar("raw_shards", shard),
        provenance.code_version != code_version,
    )


def carry_over(earlier: EarlierShard, spool: Spool, identity: str) -> None:
    """Put the rows and pictures of the committed shard into the spool, unless it knows better."""
    settings = "" if earlier.settings_changed else identity
    successes = {}
    for row in rows_of(earlier.ledger):
        record = record_of_row(row, settings, is_original=True)
        known = spool.get(record.key)
        if known is not None and _is_newer(known, record, identity):
            continue
        if record.is_success:
            successes[record.key] = record
        else:
            spool.add(record)
    if not successes:
        return
    with earlier.open_tar() as file:
        for key, data in read_pictures(file):
            if (success := successes.get(key)) is not None:
                digest = hashlib.sha256(data).hexdigest()
                spool.add(replace(success, is_original=digest == success.fields["sha256"]), data)


def _is_newer(known: Record, committed: Record, identity: str) -> bool:
    """Whether the spool's record tells more; it may be a rest of before the commit."""
    if known.is_success:
        return True
    is_current = known.settings == identity
    if is_current != (committed.settings == identity):
        return is_current
    return not committed.is_success and known.attempts >= committed.attempts


def plan_jobs(rows: Iterable[Mapping[str, Any]], spool: Spool, judge: Judge) -> deque[Job]:
    """What is to be asked for; what is in the spool is judged again where that may differ."""
    jobs: deque[Job] = deque()
    for planned in rows:
        record = spool.get(planned["key"])
        if (left_out := judge.opted_out(planned, record)) is not None:
            spool.add(left_out)
        elif record is None or record.url != planned["url"]:
            jobs.append(Job(planned["key"], planned["url"]))
        elif (job := _next_try(record, spool, judge)) is not None:
            jobs.append(job)
    return jobs


def _next_try(record: Record, spool: Spool, judge: Judge) -> Job | None:
    is_current = record.settings == judge.identity
    if record.is_success and record.is_original:
        if not is_current:
            data = spool.read(record.key)
            again = judge.picture(record.key, record.url, data, record.fields)
            spool.add(again, data if again.is_success else b"")
        return None
    # A picture that was resized under other settings is of no use, nor is an entry of a list
    # that it is no longer on.
    if record.is_success:
        return None if is_current else Job(record.key, record.url)
    if record.status == "opted_out":
        return Job(record.key, record.url)
    if not worth_another_try(record, judge.settings, judge.identity):
        return None
    return Job(record.key, record.url, record.attempts if is_current else 0)
