import hashlib

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.quality.text_growth import STANDARD_ERROR, Growth, measure_growth
from facecaption_assets.quality.text_tokens import NGRAM_SIZES, STEPS, load_captions
from facecaption_assets.quality.text_words import NOUNS, list_words

WORDS = np.array(["a", "man", "woman", "with", "hat", "hair", "wavy", "and", "smiles", "wears"])
Rows = list[tuple[str, str]]


def captions(number: int, vocabulary: np.ndarray = WORDS) -> Rows:
    random = np.random.default_rng(7)
    lengths = random.integers(1, 9, number)
    return [(f"f{i}", " ".join(random.choice(vocabulary, n))) for i, n in enumerate(lengths)]


def grow(rows: Rows, counting: str = "exact", nouns: list[str] | None = None) -> Growth:
    with duckdb.connect() as connection:
        ids, texts = zip(*rows, strict=True)
        connection.register("given", pa.table({"id": ids, "caption": texts}))
        load_captions(connection, "SELECT * FROM given", "seed")
        if nouns is not None:
            list_words(connection, NOUNS, nouns)
        return measure_growth(connection, counting, NOUNS if nouns is not None else None)


def subset(rows: Rows, percent: int) -> list[list[str]]:
    """Words of the captions whose hash is in the lowest percent of all hashes."""
    chosen = []
    for name, text in rows:
        digest = hashlib.md5(f"seed{name}".encode()).digest()
        place = int.from_bytes(digest[:8], "little")
        if place / 2**64 * 100 < percent:
            chosen.append(text.split())
    return chosen


def naive_distinct(texts: list[list[str]], n: int) -> int:
    return len({tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1)})


def test_every_point_is_that_of_a_naive_count() -> None:
    rows = captions(400)
    growth = grow(rows, nouns=["man", "woman", "hat", "sea"])
    assert [point.percent for point in growth.points] == list(STEPS)
    for point in growth.points:
        texts = subset(rows, point.percent)
        assert point.captions == len(texts)
        assert point.distinct_ngrams == {n: naive_distinct(texts, n) for n in NGRAM_SIZES}
        used = {word for text in texts for word in text}
        assert point.distinct_nouns == len(used & {"man", "woman", "hat", "sea"})


def test_the_last_point_is_of_all_captions_copies_included() -> None:
    growth = grow([("a", "a man"), ("b", "a man"), ("c", "a woman")])
    assert growth.whole.captions == 3
    assert growth.whole.distinct_ngrams == {1: 3, 2: 2, 3: 0, 4: 0}
    assert growth.whole.distinct_nouns is None
    assert growth.standard_error == 0


def test_captions_that_are_added_leave_the_others_in_their_subset() -> None:
    rows = captions(300)
    few, many = grow(rows[:200]), grow(rows)
    for smaller, larger in zip(few.points, many.points, strict=True):
        assert smaller.captions <= larger.captions
        assert smaller.distinct_ngrams[4] <= larger.distinct_ngrams[4]


@pytest.mark.parametrize("words", [50, 60_000])
def test_approximate_counts_are_within_four_standard_errors(words: int) -> None:
    rows = captions(20_000, np.array([f"w{i}" for i in range(words)]))
    exact, approximate = grow(rows), grow(rows, "approximate")
    assert approximate.standard_error == STANDARD_ERROR == pytest.approx(0.0081, abs=1e-4)
    for true, near in zip(exact.points, approximate.points, strict=True):
        assert near.captions == true.captions
        for n in NGRAM_SIZES:
            counted = true.distinct_ngrams[n]
            assert near.distinct_ngrams[n] == pytest.approx(counted, rel=4 * STANDARD_ERROR, abs=2)
