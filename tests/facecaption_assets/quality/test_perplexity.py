import sqlite3
from math import exp, log
from pathlib import Path

import pytest

from facecaption_assets.quality.perplexity import Likelihood, measure_perplexity

COUNTS = {"a": 6, "man": 3, "smiles": 1}


class UnigramModel:
    """Words by their frequency; remembers what it was asked."""

    def __init__(self, name: str = "unigrams") -> None:
        self.name = name
        self.read_texts: list[str] = []

    def read(self, text: str) -> Likelihood:
        self.read_texts.append(text)
        words = text.split()[1:]
        return Likelihood(sum(log(COUNTS[word] / 10) for word in words), len(words))


def test_perplexity_is_that_of_a_naive_reference(tmp_path: Path) -> None:
    found = measure_perplexity(["a man", "a a smiles"], UnigramModel(), tmp_path)
    assert found is not None
    assert found.of_all == pytest.approx((0.3 * 0.6 * 0.1) ** (-1 / 3))
    assert found.median == pytest.approx((1 / 0.3 + (0.6 * 0.1) ** -0.5) / 2)
    assert (found.captions, found.tokens, found.model) == (2, 3, "unigrams")


def test_a_text_of_one_token_is_not_judged(tmp_path: Path) -> None:
    found = measure_perplexity(["man", "a man"], UnigramModel(), tmp_path)
    assert found is not None
    assert found.captions == 1
    assert measure_perplexity(["man"], UnigramModel(), tmp_path) is None
    assert measure_perplexity([], UnigramModel(), tmp_path) is None


def test_a_caption_is_read_once_by_each_model(tmp_path: Path) -> None:
    first, other = UnigramModel(), UnigramModel("other")
    once = measure_perplexity(["a man", "a man"], first, tmp_path)
    again = measure_perplexity(["a man", "a man"], first, tmp_path)
    measure_perplexity(["a man"], other, tmp_path)
    assert once == again
    assert first.read_texts == ["a man"]
    assert other.read_texts == ["a man"]


def test_no_text_is_stored(tmp_path: Path) -> None:
    measure_perplexity(["a man smiles"], UnigramModel(), tmp_path)
    (file,) = tmp_path.glob("*.sqlite3")
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT * FROM likelihoods").fetchall()
    connection.close()
    assert rows == [(rows[0][0], pytest.approx(log(0.3 * 0.1)), 2)]
    assert b"smiles" not in file.read_bytes()
    assert exp(-rows[0][1] / rows[0][2]) == pytest.approx(0.03**-0.5)
