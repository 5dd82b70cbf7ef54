"""The suites of all tables, held against the whole dataset.

The expectations are those that every shard is held against when it is built; a shard that was
built by hand, or copied from elsewhere, has not been. Counting belongs to ``aggregates``, the pages
of what failed to ``gate_page``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from facecaption_assets.quality.aggregates import validate_relation
from facecaption_assets.quality.expectations import Expectation, SuiteResult
from facecaption_assets.quality.failing_rows import failing_rows
from facecaption_assets.quality.gate_page import write_gate_page
from facecaption_assets.quality.suites import (
    attribute_expectations,
    caption_expectations,
    face_expectations,
    image_score_expectations,
    score_expectations,
    synthetic_caption_expectations,
)
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.styles import most_words
from facecaption_assets.storage import Storage


def longest_rewrite(settings: RewriteSettings) -> int:
    """Longest rewritten caption of any style, words."""
    return max(most_words(style, settings.max_words) for style in settings.styles)


def table_suites(rewriting: RewriteSettings) -> dict[str, list[Expectation]]:
    """Suite of every table that has one."""
    return {
        "face_crops": face_expectations(),
        "face_attributes": attribute_expectations(),
        "template_captions": caption_expectations(),
        "synthetic_captions": synthetic_caption_expectations(),
        "llm_captions": caption_expectations(longest_rewrite(rewriting)),
        "image_scores": image_score_expectations(),
        "image_text_scores": score_expectations(),
    }


def hold_dataset(
    connection: duckdb.DuckDBPyConnection,
    storage: Storage,
    suites: Mapping[str, Sequence[Expectation]],
    asset: str,
    check: str,
) -> dict[str, SuiteResult]:
    """Hold every table against its suite, over all shards, and write a page per table that fails.

    Args:
        connection: With a view per table, as ``open_tables`` gives it.
        storage: Data root, where the pages go.
        suites: By table.
        asset: What the check is of.
        check: Its name.
    """
    results = {}
    for table, suite in suites.items():
        results[table] = result = validate_relation(connection, table, suite)
        failed = [] if result.passed else failing_rows(connection, table, suite, result)
        write_gate_page(storage, asset, table, check, failed)
    return results
