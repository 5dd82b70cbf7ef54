"""Every source of captions side by side: all statistics of texts, ready for a page or JSON.

A source is the web's alt-text, the grammar, the rewriting or an image captioner. Only numbers are
returned: alt-texts may hold names. How they are drawn belongs to the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from facecaption_assets.models import ModelStore
from facecaption_assets.quality.perplexity import LanguageModel, Perplexity, measure_perplexity
from facecaption_assets.quality.text_coverage import Coverage, measure_coverage
from facecaption_assets.quality.text_growth import Growth, measure_growth
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.quality.text_tokens import NGRAM_SIZES, load_captions, one_row
from facecaption_assets.quality.text_words import (
    NOUNS,
    VISUAL_WORDS,
    WordShare,
    list_words,
    word_share,
)
from facecaption_assets.quality.texts import TextStatistics, query_statistics, told_statistics
from facecaption_assets.quality.word_lists import read_nouns, read_visual_words

_CAPTION: Final = "SELECT face_id || ':' || caption_index AS id, face_id, caption"

#: Captions of each source, in the order of the report, by name: ``id``, unique, and ``caption``;
#: ``face_id`` and ``attributes`` where the stage recorded what a caption names.
CAPTION_QUERIES: Final[Mapping[str, str]] = {
    "alt_text": (
        "SELECT key AS id, min(alt_text) AS caption FROM face_crops "
        "WHERE status = 'kept' AND alt_text <> '' GROUP BY key"
    ),
    "template": f"{_CAPTION}, attributes FROM template_captions WHERE status = 'captioned'",
    "rewritten": f"{_CAPTION}, attributes FROM llm_captions WHERE status <> 'opted_out'",
    "synthetic": f"{_CAPTION} FROM synthetic_captions WHERE status = 'captioned'",
}

_NAMES_RECORDED: Final = frozenset({"template", "rewritten"})


@dataclass(frozen=True)
class Sample:
    """A random sample that has the same size for every source.

    Attributes:
        captions: Its size.
        distinct_ngrams: Different n-grams by n.
        distinct_n: The same as a share of all n-grams, in [0, 1].
        distinct_nouns: Different nouns; None where no lexicon is given.
    """

    captions: int
    distinct_ngrams: dict[int, int]
    distinct_n: dict[int, float]
    distinct_nouns: int | None


@dataclass(frozen=True)
class SourceTexts:
    """The captions of one source.

    Attributes:
        name: ``alt_text``, ``template``, ``rewritten`` or ``synthetic``.
        texts: Words, sentences, n-grams and repeats of all captions.
        growth: Different n-grams and nouns against the number of captions.
        sample: What can be compared with the other sources, whatever their sizes.
        nouns: Use of nouns; None where no lexicon is given.
        grounding: Use of words of visible things; its share is the grounding ratio.
        coverage: What captions say of their faces' labels; None where that is not recorded.
        perplexity: Of a sample; None where it is off.
    """

    name: str
    texts: TextStatistics
    growth: Growth
    sample: Sample
    nouns: WordShare | None
    grounding: WordShare
    coverage: Coverage | None
    perplexity: Perplexity | None

    def as_json(self) -> dict[str, Any]:
        """All numbers as JSON values."""
        return asdict(self)


def list_words_of(
    connection: duckdb.DuckDBPyConnection, settings: TextSettings, store: ModelStore
) -> None:
    """Load the settings' lists of words.

    Raises:
        ModelUnavailable: If the lexicon of nouns cannot be had.
        WordListError: If a list cannot be used.
    """
    list_words(connection, VISUAL_WORDS, read_visual_words(settings.visual_words))
    if settings.nouns:
        list_words(connection, NOUNS, read_nouns(store.path(settings.nouns, "nouns")))


def measure_texts(
    connection: duckdb.DuckDBPyConnection,
    settings: TextSettings,
    model: LanguageModel | None = None,
    cache: Path | None = None,
) -> list[SourceTexts]:
    """Statistics of every source that has captions, in the order of ``CAPTION_QUERIES``.

    Args:
        connection: Views of the dataset, from ``dataset.open_tables``, with the lists of
            ``list_words_of``; bounded by ``text_tokens.bound_memory`` where captions are many.
        settings: What is counted.
        model: Reads the captions where ``perplexity_captions`` is not 0.
        cache: Local folder that keeps what the model read; needed with a model.
    """
    sizes = {
        name: one_row(connection, f"SELECT count(caption) FROM ({query})")[0]
        for name, query in CAPTION_QUERIES.items()
    }
    present = {name: size for name, size in sizes.items() if size}
    sample = min([settings.sample_captions, *present.values()])
    return [_measure(connection, name, settings, sample, model, cache) for name in present]


def _measure(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    settings: TextSettings,
    sample: int,
    model: LanguageModel | None,
    cache: Path | None,
) -> SourceTexts:
    query = CAPTION_QUERIES[name]
    nouns = NOUNS if settings.nouns else None
    load_captions(connection, query, settings.seed)
    growth = measure_growth(connection, settings.counting, nouns)
    texts = told_statistics(connection, growth.whole.distinct_ngrams)
    used = word_share(connection, NOUNS) if nouns else None
    grounding = word_share(connection, VISUAL_WORDS)
    perplexity = None
    if model is not None and cache is not None and settings.perplexity_captions:
        perplexity = _perplexity(connection, query, settings, model, cache)
    return SourceTexts(
        name=name,
        texts=texts,
        growth=growth,
        sample=_sample(connection, query, settings, sample),
        nouns=used,
        grounding=grounding,
        coverage=measure_coverage(connection, query) if name in _NAMES_RECORDED else None,
        perplexity=perplexity,
    )


def _draw(connection: duckdb.DuckDBPyConnection, query: str, seed: str, captions: int) -> None:
    """Fill the temporary table ``drawn`` with the first captions in the order of their hashes."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE drawn AS SELECT id, caption FROM ({query}) "
        "WHERE caption IS NOT NULL ORDER BY md5($seed || id), id LIMIT $captions",
        {"seed": seed, "captions": captions},
    )


def _sample(
    connection: duckdb.DuckDBPyConnection, query: str, settings: TextSettings, captions: int
) -> Sample:
    _draw(connection, query, settings.seed, captions)
    texts = query_statistics(connection, "SELECT caption FROM drawn")
    return Sample(
        captions=texts.captions,
        distinct_ngrams=texts.distinct_ngrams,
        distinct_n={n: texts.distinct_n(n) for n in NGRAM_SIZES},
        distinct_nouns=word_share(connection, NOUNS).distinct if settings.nouns else None,
    )


def _perplexity(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    settings: TextSettings,
    model: LanguageModel,
    cache: Path,
) -> Perplexity | None:
    _draw(connection, query, settings.seed, settings.perplexity_captions)
    drawn = connection.execute("SELECT caption FROM drawn ORDER BY id").fetchall()
    return measure_perplexity((caption for (caption,) in drawn), model, cache)
