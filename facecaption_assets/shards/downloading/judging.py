"""What was fetched, or not → a record: is it a picture, of an allowed size, not opted out?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from facecaption_assets.provenance import stage_hash
from facecaption_assets.shards.downloading.crawl import Job
from facecaption_assets.shards.downloading.failures import Failure, FetchFailed
from facecaption_assets.shards.downloading.fetcher import Body
from facecaption_assets.shards.downloading.ledger import Record, failure_fields, picture_fields
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.opt_out import OptOut, left_out_by
from facecaption_assets.shards.perceptual_hash import HASH_COLUMNS, hash_columns

_VERSION: Final = 2

#: Columns that tell which picture it was, without a pixel of it.
_HASHES: Final = ("sha256", *HASH_COLUMNS)

#: Columns that tell of the way to the picture, and stay when it is judged again.
_OF_THE_WAY: Final = ("http_status", "attempts", "final_url", "elapsed_s")


@dataclass(frozen=True)
class Judge:
    """Applies the present settings and the present opt-out list.

    Attributes:
        settings: ``max_bytes``, and what decides how pictures are stored.
        max_pixels: Largest picture that is kept, px, by its header.
        opt_out: What is left out.
    """

    settings: DownloadSettings
    max_pixels: int
    opt_out: OptOut

    @property
    def identity(self) -> str:
        """Hash of what decides which pictures are stored and how."""
        return stage_hash("download", _VERSION, self.max_pixels, self.settings.decisive)

    def opted_out(self, planned: Mapping[str, Any], record: Record | None) -> Record | None:
        """The record of a planned row that must not be asked for, nor kept; None if it may.

        Goes by all that is known of it; what identified it is kept.
        """
        known = record.fields if record is not None and record.url == planned["url"] else {}
        kept = {name: known.get(name) for name in (*_OF_THE_WAY, *_HASHES)}
        kind = self.opt_out.covering_row({**planned, **kept})
        if kind is None and planned["status"] != "opted_out":
            return None
        planned_reason = planned.get("error_message") or "on the opt-out list as planned"
        reason = left_out_by(kind) if kind else planned_reason
        return self._record(planned["key"], planned["url"], _listed(reason), kept)

    def recognised(self, record: Record, data: bytes) -> Record:
        """The record of a picture with its perceptual hashes, left out where one is on the list."""
        fields = dict(record.fields)
        if record.is_original and not fields.keys() >= HASH_COLUMNS.keys():
            fields |= hash_columns(data)
        kind = self.opt_out.covering(phash=fields.get("phash"))
        if kind is None:
            return record.changed("success", fields)
        kept = {name: fields.get(name) for name in (*_OF_THE_WAY, *_HASHES)}
        return self._record(record.key, record.url, _listed(left_out_by(kind)), kept)

    def outcome(self, job: Job, outcome: Body | Failure) -> Record:
        """The record of a URL that was asked for; with it goes the body, if it is a success."""
        if isinstance(outcome, Failure):
            return self._record(job.key, job.planned, outcome, job.fields)
        way = job.fields | {"http_status": outcome.http_status}
        return self.picture(job.key, job.planned, outcome.data, way, outcome.content_type)

    def picture(
        self, key: str, url: str, data: bytes, way: Mapping[str, Any], content_type: str = ""
    ) -> Record:
        """The record of bytes that were fetched.

        Args:
            key: The picture's key.
            url: The URL as planned.
            data: The bytes as fetched.
            way: Columns that tell how they were come by; others are passed over.
            content_type: What the server called them.
        """
        way = {name: way.get(name) for name in _OF_THE_WAY}
        limit = self.settings.max_bytes
        try:
            fields = picture_fields(data, max_bytes=limit, max_pixels=self.max_pixels)
        except FetchFailed as error:
            served = f" (served as {content_type})" if content_type else ""
            failure = error.failure
            named = Failure(failure.status, failure.error_class, failure.message + served)
            return self._record(key, url, named, way)
        if (kind := self.opt_out.covering(fields["sha256"])) is not None:
            listed = _listed(left_out_by(kind))
            return self._record(key, url, listed, way | {"sha256": fields["sha256"]})
        return Record(key, url, "success", self.identity, fields=way | fields)

    def _record(self, key: str, url: str, failure: Failure, way: Mapping[str, Any]) -> Record:
        reason = failure_fields(failure)
        if failure.http_status is None:
            del reason["http_status"]
        return Record(key, url, failure.status, self.identity, fields={**way, **reason})


def _listed(reason: str) -> Failure:
    return Failure("opted_out", "opt_out", reason)
