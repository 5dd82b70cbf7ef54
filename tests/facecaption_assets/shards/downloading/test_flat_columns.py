import subprocess
import sys

import pytest

from facecaption_assets.schema import FACE_CROPS, RAW_SHARDS
from facecaption_assets.shards.downloading.flat_columns import flat_table

REQUIRED = {"key": "k", "url": "u", "split_group": "g", "status": "success"}
ROWS = [
    REQUIRED | {"alt_text": "ö 漢 😀\n", "width": 3, "elapsed_s": 0.1, "http_status": 200},
    REQUIRED | {"alt_text": "", "num_bytes": 2**40, "exif_orientation": 0},
    *[REQUIRED | {"alt_text": None}] * 9,
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], []], ids=["several", "one", "none"])
def test_a_table_is_the_one_that_arrow_makes(rows) -> None:
    table = flat_table(rows, RAW_SHARDS)
    table.validate(full=True)
    assert table.equals(RAW_SHARDS.from_rows(rows))


def test_a_value_that_must_not_be_null_is_missed() -> None:
    with pytest.raises(ValueError, match="split_group must not be null"):
        flat_table([{"key": "k", "url": "u", "status": "success"}], RAW_SHARDS)


def test_a_column_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="no column \\['colour'\\]"):
        flat_table([REQUIRED | {"colour": 1}], RAW_SHARDS)


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        flat_table([REQUIRED | {"http_status": 99_999}], RAW_SHARDS)


def test_a_table_with_other_columns_than_texts_and_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="bbox_xyxy"):
        flat_table([], FACE_CROPS)


def test_pandas_is_not_loaded() -> None:
    code = f"""
import sys
from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.flat_columns import flat_table
flat_table({ROWS!r}, RAW_SHARDS)
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
