"""Link rot: what became of the URLs of each source, and whether asking again may help.

Counted in the ledgers of every built shard. Sources of files have no URLs and are left out. How
it is drawn belongs to the template; which failures are worth another try to
``shards.downloading.retrying``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import duckdb

from facecaption_assets.shards.downloading.ledger import Record
from facecaption_assets.shards.downloading.retrying import (
    FINAL,
    JUDGED,
    RESERVED,
    worth_another_try,
)
from facecaption_assets.shards.downloading.settings import DownloadSettings

#: Hosts with most failures that are named, per source.
_HOSTS: Final = 10

#: The ledger's final URLs are as they were sent: quoted anew, the host in lower case. What differs
#: only in that was not redirected.
_PLAIN: Final = r"""
CREATE TEMP MACRO _plain(url) AS
    rtrim(coalesce(try(url_decode(replace(lower(url), '+', ' '))), lower(url)), '/')
"""

#: All rows of the ledgers. A key is ``{source}-{index}-{row}``; a host is written without user
#: and port.
_VIEW: Final = r"""
CREATE TEMP VIEW link_ledger AS
SELECT
    regexp_extract(key, '^(.*)-\d{5,}-\d{5,}$', 1) AS source,
    regexp_extract(lower(url), '^https?://(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)', 1) AS host,
    coalesce(_plain(final_url) <> _plain(url), false) AS is_redirected,
    starts_with(lower(url), 'http') AS is_url,
    status, error_class, http_status, attempts, num_bytes
FROM raw_shards
"""


class Prospect(StrEnum):
    """What may become of a URL that gave no picture."""

    WORTH_ANOTHER_TRY = "worth another try"
    TRIED_ENOUGH = "tried as often as max_attempts allows"
    UNUSABLE = "no picture that the settings allow"
    GONE = "gone or refused for good"


@dataclass(frozen=True)
class Failures:
    """URLs that failed alike.

    Attributes:
        status: Status in the ledger.
        error_class: What exactly failed, where it is known.
        http_status: Code of the last answer, where there was one.
        prospect: What may become of them.
        urls: How many.
    """

    status: str
    error_class: str | None
    http_status: int | None
    prospect: Prospect
    urls: int


@dataclass(frozen=True)
class FailingHost:
    """A host with many failures, and how many of its URLs were asked for."""

    host: str
    failed: int
    asked: int


@dataclass(frozen=True)
class LinkRot:
    """What became of the URLs of a source, over its built shards.

    Attributes:
        source: Its name.
        planned: URLs of the built shards.
        opted_out: Those on the opt-out list, which say nothing of link rot.
        fetched: Those that gave a picture.
        num_bytes: Size of the stored pictures, bytes.
        redirected: Those whose last answer came from another URL.
        hosts: Different hosts among them.
        failures: Those that gave no picture, most frequent first.
        failing_hosts: At most ten hosts with most failures.
    """

    source: str
    planned: int
    opted_out: int
    fetched: int
    num_bytes: int
    redirected: int
    hosts: int
    failures: list[Failures]
    failing_hosts: list[FailingHost]

    @property
    def asked(self) -> int:
        """URLs that were to be asked for."""
        return self.planned - self.opted_out

    @property
    def success_share(self) -> float:
        """Share of the asked URLs that gave a picture, in [0, 1]."""
        return self.fetched / self.asked if self.asked else 0.0

    def of(self, prospect: Prospect) -> int:
        """How many failed URLs have this prospect."""
        return sum(failures.urls for failures in self.failures if failures.prospect is prospect)

    def as_json(self) -> dict[str, Any]:
        """All numbers as JSON values."""
        named = {
            name: getattr(self, name)
            for name in ("source", "planned", "opted_out", "asked", "fetched", "success_share")
        }
        named |= {n: getattr(self, n) for n in ("num_bytes", "redirected", "hosts")}
        return named | {
            "prospects": {prospect.name.lower(): self.of(prospect) for prospect in Prospect},
            "failures": [vars(f) | {"prospect": f.prospect.name.lower()} for f in self.failures],
            "failing_hosts": [vars(host) for host in self.failing_hosts],
        }


def count_link_rot(
    connection: duckdb.DuckDBPyConnection, settings: DownloadSettings
) -> list[LinkRot]:
    """Link rot of every source of URLs, by name.

    Args:
        connection: Views of the dataset, from ``dataset.open_tables``.
        settings: Present settings, for what is worth another try.
    """
    connection.execute(_PLAIN)
    connection.execute(_VIEW)
    totals = connection.execute(
        "SELECT source, count(*), count(*) FILTER (status = 'opted_out'), "
        "count(*) FILTER (status = 'success'), "
        "coalesce(sum(num_bytes) FILTER (status = 'success'), 0)::BIGINT, "
        "count(*) FILTER (is_redirected), count(DISTINCT host) "
        "FROM link_ledger GROUP BY 1 HAVING bool_or(is_url) ORDER BY 1"
    ).fetchall()
    failures = _failures(connection, settings)
    hosts = _failing_hosts(connection)
    columns = ("source", "planned", "opted_out", "fetched", "num_bytes", "redirected", "hosts")
    counted = [dict(zip(columns, row, strict=True)) for row in totals]
    return [
        LinkRot(
            **counts,
            failures=failures.get(counts["source"], []),
            failing_hosts=hosts.get(counts["source"], []),
        )
        for counts in counted
    ]


def prospect_of(status: str, attempts: int | None, settings: DownloadSettings) -> Prospect:
    """What may become of a URL that failed, as long as the settings stay as they are."""
    record = Record("", "", status, "now", fields={"attempts": attempts})
    if worth_another_try(record, settings, "now"):
        return Prospect.WORTH_ANOTHER_TRY
    if status in FINAL | RESERVED:
        return Prospect.GONE
    return Prospect.UNUSABLE if status in JUDGED else Prospect.TRIED_ENOUGH


def _failures(
    connection: duckdb.DuckDBPyConnection, settings: DownloadSettings
) -> dict[str, list[Failures]]:
    rows = connection.execute(
        "SELECT source, status, error_class, http_status, attempts, count(*) FROM link_ledger "
        "WHERE status NOT IN ('success', 'opted_out') GROUP BY ALL"
    ).fetchall()
    alike: dict[tuple[Any, ...], int] = {}
    for source, status, error_class, code, attempts, urls in rows:
        kind = (source, status, error_class, code, prospect_of(status, attempts, settings))
        alike[kind] = alike.get(kind, 0) + urls
    found: dict[str, list[Failures]] = {}
    for kind, urls in sorted(alike.items(), key=lambda item: (-item[1], str(item[0]))):
        found.setdefault(kind[0], []).append(Failures(*kind[1:], urls))
    return found


def _failing_hosts(connection: duckdb.DuckDBPyConnection) -> dict[str, list[FailingHost]]:
    rows = connection.execute(
        "SELECT source, host, count(*) FILTER (status <> 'success') AS failed, count(*) "
        "FROM link_ledger WHERE status <> 'opted_out' AND host <> '' GROUP BY 1, 2 "
        "HAVING failed > 0 "
        "QUALIFY row_number() OVER (PARTITION BY source ORDER BY failed DESC, host) <= "
        f"{_HOSTS} ORDER BY source, failed DESC, host"
    ).fetchall()
    found: dict[str, list[FailingHost]] = {}
    for source, *numbers in rows:
        found.setdefault(source, []).append(FailingHost(*numbers))
    return found
