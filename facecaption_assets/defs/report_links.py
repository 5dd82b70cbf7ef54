"""Addresses of the pages below ``<home>/reports``, as assets and checks tell them."""

import os


def report_link(page: str) -> str:
    """Address of a page; ``make ui`` serves them, because browsers refuse ``file:`` links."""
    base = os.environ.get("FACECAPTION_REPORTS_URL", "http://127.0.0.1:3001")
    return f"{base}/{page}"
