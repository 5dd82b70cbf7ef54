import re
from collections import Counter

import pyarrow as pa
import pytest

from facecaption_assets.quality.texts import NGRAM_SIZES, caption_statistics

CAPTIONS = [
    "A man with a 5 o'clock shadow.",
    "A man with a well-groomed beard; a man who smiles.",
    "Eine Frau trägt große Ohrringe.",
    "A man with a 5 o'clock shadow.",
]


def column(captions: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(captions, pa.string())])


def naive_ngrams(captions: list[str], n: int) -> Counter[tuple[str, ...]]:
    grams: Counter[tuple[str, ...]] = Counter()
    for caption in captions:
        words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", caption.lower())
        grams.update(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    return grams


@pytest.mark.parametrize("n", NGRAM_SIZES)
def test_ngrams_are_those_of_a_naive_count(n: int) -> None:
    found = caption_statistics(column(list(CAPTIONS)))
    expected = naive_ngrams(CAPTIONS, n)
    assert found.ngrams[n] == expected.total()
    assert found.distinct_ngrams[n] == len(expected)
    assert found.distinct_n(n) == len(expected) / expected.total()


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A man with a 5 o'clock shadow.", 7),
        ("A man with a 5 o\u2019clock shadow.", 7),
        ("Well-groomed - and smiling", 3),
        ("große Ohrringe", 2),
        ("\u2026", 0),
        ("", 0),
    ],
)
def test_a_token_is_a_run_of_letters_and_digits(caption: str, words: int) -> None:
    found = caption_statistics(column([caption]))
    assert found.histogram == {words: 1}
    assert found.mean_words == words


def test_both_apostrophes_make_the_same_word() -> None:
    found = caption_statistics(column(["o'clock", "o\u2019clock"]))
    assert found.distinct_ngrams[1] == 1
    assert found.distinct_captions == 2


def test_missing_captions_are_not_counted() -> None:
    found = caption_statistics(column(["A man.", None, "A tall young woman."]))
    assert (found.captions, found.mean_words, found.median_words) == (2, 3.0, 3.0)
    assert found.histogram == {2: 1, 4: 1}


@pytest.mark.parametrize("captions", [[], [None]])
def test_no_caption_has_no_words(captions: list[str | None]) -> None:
    found = caption_statistics(column(captions))
    assert (found.captions, found.mean_words, found.distinct_n(1)) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("caption", "sentences"),
    [
        ("A man. He smiles!  Is he young?", 3),
        ('She says "yes." Then she smiles', 2),
        ("portrait, 1.5 m tall", 1),
        ("Photo - ...", 1),
        ("...", 0),
        ("", 0),
    ],
)
def test_a_sentence_ends_with_its_mark_before_white_space(caption: str, sentences: int) -> None:
    assert caption_statistics(column([caption])).mean_sentences == sentences


def test_every_copy_of_a_repeated_caption_counts() -> None:
    found = caption_statistics(column(["A man.", "A man.", "A woman.", "a man."]))
    assert (found.repeated_captions, found.repeated_share) == (2, 0.5)


def test_repetition_is_the_mean_share_of_ngrams_seen_before_in_the_caption() -> None:
    found = caption_statistics(column(["a man a man", "a man a man", "a woman", "man"]))
    assert found.repetition[1] == pytest.approx((0.5 + 0.5 + 0 + 0) / 4)
    assert found.repetition[2] == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)
    assert found.repetition[4] == 0


@pytest.mark.parametrize(
    ("lengths", "median"), [([1, 2, 2, 9], 2), ([1, 2, 3, 9], 2.5), ([4], 4), ([1, 5, 9], 5)]
)
def test_median_is_of_captions_not_of_different_ones(lengths: list[int], median: float) -> None:
    found = caption_statistics(column([" ".join(["word"] * n) for n in lengths]))
    assert found.median_words == median
