"""Retrieval as people read it."""

import base64
import io

import pytest
from PIL import Image

from flip_training.evaluation.retrieval_report import area_rows, as_markdown, as_text


def row(**changes: object) -> dict[str, object]:
    """A row of ``flip_retrieval``."""
    plain = {
        "split": "test",
        "score": "itc",
        "direction": "image_to_text",
        "metric": "R@5",
        "value": 0.5,
        "value_low": 0.25,
        "value_high": 0.75,
        "chance": 0.1,
        "interval_over": "pictures",
        "num_groups": 2,
    }
    return plain | changes


ROWS = [
    row(),
    row(metric="median_rank", value=3.0, value_low=2.0, value_high=5.0, chance=9.0),
    row(metric="auc", direction="both", chance=0.5),
    row(metric="auc", direction="both", split="val", chance=0.5),
]


def test_values_stand_beside_their_interval_and_chance() -> None:
    lines = as_text(ROWS).splitlines()
    told = [" ".join(line.split()) for line in lines]
    assert told[1] == "test itc image to text R@5 0.500 0.250 to 0.750 0.100"
    assert told[2] == "test itc image to text median_rank 3 2 to 5 9"


@pytest.mark.parametrize(
    ("over", "said"),
    [("pictures", "too few to say what other people"), ("groups", "other people of this kind")],
)
def test_what_the_interval_covers_is_said(over: str, said: str) -> None:
    rows = [row(interval_over=over)]
    assert said in as_text(rows)
    assert said in as_markdown(rows)


def test_markdown_holds_a_table_and_a_small_plot() -> None:
    text = as_markdown(ROWS)
    assert "| test | itc | image to text | R@5 | 0.500 | 0.250 to 0.750 | 0.100 |" in text
    data = base64.b64decode(text.partition("base64,")[2].partition(")")[0])
    assert len(data) < 60_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"


def test_nothing_measured_is_said() -> None:
    assert as_markdown([]) == "Nothing was measured."


def test_the_area_of_a_split_is_that_of_both_directions() -> None:
    assert area_rows(ROWS, "val") == [ROWS[3]]
    assert area_rows(ROWS, "train") == []
