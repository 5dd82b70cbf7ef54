import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from facecaption_assets.shards.laion_files import part_files, read_rows
from facecaption_assets.shards.sources import SourceError

LAION = "part-0000{}-5b54c5d5-bbcf-484d-a2ce-0d6f73df1a36-c000.snappy.parquet"
CONVERTED = "laion_face_part_0000{}.parquet"
PLAIN = "piece{}.parquet"


def files(folder, scheme: str, names: str = "0123") -> None:
    for number in names:
        (folder / scheme.format(number)).write_bytes(b"x")


@pytest.mark.parametrize("scheme", [LAION, CONVERTED])
def test_a_part_is_the_file_named_after_it(tmp_path, scheme) -> None:
    files(tmp_path, scheme)
    assert [f.name for f in part_files(str(tmp_path), "03")] == [scheme.format(3)]


def test_a_part_may_be_in_several_files_and_folders(tmp_path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    files(tmp_path, "part-0000{}-a-c000.snappy.parquet")
    files(below, "part-0000{}-a-c001.snappy.parquet")
    assert len(part_files(str(tmp_path), "02")) == 2


def test_in_a_plain_folder_every_file_may_hold_the_part(tmp_path) -> None:
    files(tmp_path, PLAIN, "10")
    (tmp_path / "notes.txt").write_text("x")
    found = [f.name for f in part_files(str(tmp_path), "03")]
    assert found == ["piece0.parquet", "piece1.parquet"]


def test_a_part_that_is_not_there_is_named(tmp_path) -> None:
    files(tmp_path, LAION, "01")
    with pytest.raises(SourceError, match=r"\[laion\] metadata: .* no file of part 03"):
        part_files(str(tmp_path), "03")


@pytest.mark.parametrize("folder", ["", "/no/such/folder"])
def test_a_folder_without_files_names_the_setting(folder) -> None:
    with pytest.raises(SourceError, match=r"\[laion\] metadata"):
        part_files(folder, "03")


def read(path, table: pa.Table, **options) -> list:
    pq.write_table(table, path, **options)
    return list(read_rows(UPath(path)))


def test_columns_are_found_whatever_their_case_and_texts_come_as_bytes(tmp_path) -> None:
    table = pa.table({"url": ["https://a.example"], "sample_id": [7], "Caption": ["x"]})
    (rows,) = read(tmp_path / "a.parquet", table)
    assert rows.found.ids.tolist() == [7]
    assert rows.table.to_pylist() == [
        {"sample_id": 7, "url": b"https://a.example", "alt_text": b"x"}
    ]


def test_dictionary_columns_are_read_as_plain_ones(tmp_path) -> None:
    url = pa.array(["https://a.example"] * 2).dictionary_encode()
    (rows,) = read(tmp_path / "a.parquet", pa.table({"SAMPLE_ID": [1, 2], "URL": url}))
    assert rows.table["url"].to_pylist() == [b"https://a.example"] * 2


def test_an_id_of_null_is_no_id_and_leaves_large_ids_exact(tmp_path) -> None:
    ids = pa.array([2**60 + 1, None, 5])
    (rows,) = read(tmp_path / "a.parquet", pa.table({"SAMPLE_ID": ids, "URL": ["a", "b", "c"]}))
    assert rows.found.ids[rows.found.exact].tolist() == [2**60 + 1, 5]
    assert rows.found.num_nan == 1


def test_a_file_of_one_huge_row_group_comes_in_portions(tmp_path) -> None:
    number = 150_000
    table = pa.table({"SAMPLE_ID": np.arange(number), "URL": ["https://a.example"] * number})
    portions = read(tmp_path / "a.parquet", table, row_group_size=number)
    assert len(portions) > 1
    assert sum(len(rows.found.ids) for rows in portions) == number


@pytest.mark.parametrize("lacking", ["SAMPLE_ID", "URL"])
def test_a_column_that_is_needed_and_lacking_is_named(tmp_path, lacking) -> None:
    table = pa.table({"SAMPLE_ID": [1], "URL": ["a"]}).drop_columns([lacking])
    with pytest.raises(SourceError, match=rf"a\.parquet has no column {lacking}; it has"):
        read(tmp_path / "a.parquet", table)


def test_a_file_that_is_not_parquet_is_named(tmp_path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"<html>404</html>")
    with pytest.raises(SourceError, match=r"a\.parquet"):
        list(read_rows(UPath(tmp_path / "a.parquet")))
