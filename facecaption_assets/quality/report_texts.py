"""Statistics of all captions for the report, with what they need: word lists, room, a model.

What is measured belongs to ``text_sources``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.language_model import open_language_model
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.quality.text_sources import SourceTexts, list_words_of, measure_texts
from facecaption_assets.quality.text_tokens import bound_memory
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class ReportTexts:
    """Captions of every source that has any.

    Attributes:
        sources: One per source.
        missing: What was not measured of any, by name, and why.
    """

    sources: list[SourceTexts]
    missing: dict[str, str]


def measure_report_texts(
    storage: Storage, settings: TextSettings, store: ModelStore
) -> ReportTexts:
    """Measure the captions of every committed shard.

    Where the lexicon of nouns or the language model cannot be had, the rest is measured.

    Raises:
        WordListError: If one of the settings' lists cannot be used.
        LanguageModelError: If the language model fails while it reads.
    """
    missing: dict[str, str] = {}
    with _bounded_tables(storage, settings) as connection:
        try:
            list_words_of(connection, settings, store)
        except ModelUnavailable as error:
            missing["Nouns"] = str(error)
            settings = replace(settings, nouns="")
        if not settings.nouns:
            missing.setdefault("Nouns", "switched off: [texts] nouns")
        if not settings.perplexity_captions:
            missing["Perplexity"] = "switched off: [texts] perplexity_captions"
            return ReportTexts(measure_texts(connection, settings), missing)
        try:
            store.path(settings.perplexity_model, "[texts] perplexity_model")
        except ModelUnavailable as error:
            missing["Perplexity"] = str(error)
            return ReportTexts(measure_texts(connection, settings), missing)
        with open_language_model(settings, store) as model:
            cache = storage.llm_cache
            return ReportTexts(measure_texts(connection, settings, model, cache), missing)


@contextmanager
def _bounded_tables(
    storage: Storage, settings: TextSettings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, since its bounds hold for all that is asked through it."""
    with storage.staging("texts", "report") as folder, open_tables(storage) as connection:
        bound_memory(connection, folder, settings)
        yield connection
