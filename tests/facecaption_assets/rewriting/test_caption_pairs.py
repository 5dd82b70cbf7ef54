"""The verifier on hand-written pairs of attributes and captions, faithful ones and others.

``kind`` is ``faithful``, or what is wrong. To look at them all:
``facecaption verify-captions tests/data/caption_pairs.jsonl``.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from facecaption_assets.rewriting.labelled_captions import judge
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

_FILE = Path(__file__).parents[2] / "data" / "caption_pairs.jsonl"
PAIRS = [json.loads(line) for line in _FILE.read_text().splitlines()]


def wrongly_judged(pairs: list[dict[str, Any]]) -> list[str]:
    verdicts = [(pair, judge(pair["caption"], pair["attributes"])) for pair in pairs]
    return [
        f"{pair['kind']}, {verdict.reason}: {pair['caption']!r}"
        for pair, verdict in verdicts
        if verdict.accepted != (pair["kind"] == "faithful")
    ]


def test_there_are_enough_pairs_of_every_kind() -> None:
    counts = Counter(pair["kind"] for pair in PAIRS)
    assert counts.total() >= 200 and counts["faithful"] >= 90
    assert {"omission", "addition", "negation", "gender", "injection", "refusal"} <= {*counts}


def test_at_most_one_false_caption_in_a_hundred_is_accepted() -> None:
    pairs = [pair for pair in PAIRS if pair["kind"] != "faithful"]
    wrong = wrongly_judged(pairs)
    assert len(wrong) <= 0.01 * len(pairs), "\n".join(wrong)


def test_at_most_one_faithful_caption_in_ten_is_refused() -> None:
    pairs = [pair for pair in PAIRS if pair["kind"] == "faithful"]
    wrong = wrongly_judged(pairs)
    assert len(wrong) <= 0.1 * len(pairs), "\n".join(wrong)


FAITHFUL = [pair for pair in PAIRS if pair["kind"] == "faithful"]


@pytest.mark.parametrize("name", ATTRIBUTE_COLUMNS)
def test_no_caption_passes_with_one_attribute_more_or_less(name: str) -> None:
    for pair in FAITHFUL:
        if name == "No_Beard" and "Male" not in pair["attributes"]:
            continue
        assert not judge(pair["caption"], set(pair["attributes"]) ^ {name}).accepted, pair


@pytest.mark.parametrize(
    "word", ["not", "never", "perhaps", "blue", "sharp", "Asian", "Emma", "curly"]
)
def test_no_caption_passes_with_a_false_word_anywhere(word: str) -> None:
    for pair in FAITHFUL[::4]:
        words = pair["caption"].split(" ")
        for i in range(len(words) + 1):
            text = " ".join([*words[:i], word, *words[i:]])
            assert not judge(text, pair["attributes"]).accepted, text


@pytest.mark.parametrize(
    "pair", [p for p in PAIRS if p["kind"] == "refusal"], ids=lambda pair: pair["caption"][:20]
)
def test_a_refusal_is_called_one(pair: dict[str, Any]) -> None:
    assert judge(pair["caption"], pair["attributes"]).reason == "refusal"
