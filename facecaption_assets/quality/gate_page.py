"""The page of a failed suite: which rows broke it, by their ids, and what can be changed.

It lies below ``<home>/reports/gates`` and is there only as long as the suite fails. No face is
shown. Which rows these are belongs to ``failing_rows``.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from upath import UPath

from facecaption_assets.quality.failing_rows import MAX_ROWS, FailedExpectation
from facecaption_assets.quality.templating import environment
from facecaption_assets.storage import Storage


def gate_page(asset: str, page: str) -> PurePosixPath:
    """Where a gate's page lies, seen from the reports.

    Args:
        asset: What was checked.
        page: The partition; of a check over the whole dataset, the table that it held.
    """
    return PurePosixPath("gates", asset, f"{page}.html")


def write_gate_page(
    storage: Storage, asset: str, page: str, check: str, failed: Sequence[FailedExpectation]
) -> UPath | None:
    """Write the page of a suite, or remove the old one where nothing failed.

    Args:
        storage: Data root.
        asset: What was checked.
        page: As for ``gate_page``.
        check: Name of the check.
        failed: What did not hold.

    Returns:
        The page; None if there is none.
    """
    path = storage.reports / str(gate_page(asset, page))
    if not failed:
        path.unlink(missing_ok=True)
        return None
    template = environment().get_template("gate.html")
    text = template.render(asset=asset, page=page, check=check, failed=failed, most=MAX_ROWS)
    storage.write_text(path, text)
    return path
