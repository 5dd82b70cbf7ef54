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
from facecaption_assets.shards.opt_out import OptOut

_VERSION: Final = 1

_LISTED: Final = Failure("opted_out", "opt_out", "on the opt-out list")

#: Columns that tell of the way to the picture, and stay when it is judged again.
_OF_THE_WAY: Final = ("http_status", "attempts", "final_url", "elapsed_s")


@dataclass(frozen=True)
class Judge:
    """Applies the present settings and the present opt-out list.

    Attributes:
        settings: ``max_bytes``, and what decides how pictures are stored.
        max_pixels: Largest picture that is kept, px, by its header.
        opt_out: Keys, URLs and sha256 sums that are left out.
    """

    settings: DownloadSettings
    max_pixels: int
    opt_out: OptOut

    @property
    def identity(self) -> str:
        """Hash of what decides which pictures are stored and how."""
        return stage_hash("download", _VERSION, self.max_pixels, self.settings.decisive)

    def is_opted_out(self, planned: Mapping[str, Any], record: Record | None) -> bool:
        """Whether a planned row must not be asked for, nor kept, by what is known of it."""
        known = record.fields if record is not None and record.url == planned["url"] else {}
        return planned["status"] == "opted_out" or self.opt_out.covers(
            planned["key"], planned["url"], known.get("final_url"), known.get("sha256")
        )

    def opted_out(self, planned: Mapping[str, Any], record: Record | None) -> Record:
        """The record of a row that is on the list; what identified it is kept."""
        known = record.fields if record is not None and record.url == planned["url"] else {}
        kept = {name: known.get(name) for name in (*_OF_THE_WAY, "sha256")}
        return self._record(planned["key"], planned["url"], _LISTED, kept)

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
        if self.opt_out.covers(fields["sha256"]):
            return self._record(key, url, _LISTED, way | {"sha256": fields["sha256"]})
        return Record(key, url, "success", self.identity, fields=way | fields)

    def _record(self, key: str, url: str, failure: Failure, way: Mapping[str, Any]) -> Record:
        reason = failure_fields(failure)
        if failure.http_status is None:
            del reason["http_status"]
        return Record(key, url, failure.status, self.identity, fields={**way, **reason})
