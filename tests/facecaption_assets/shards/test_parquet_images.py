"""Parquet files with an image column as a source."""

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecaption_assets.shards.opening import open_import
from facecaption_assets.shards.parquet_cursor import ParquetCursor
from facecaption_assets.shards.pictures import PictureUnreadable
from facecaption_assets.shards.sources import Source, SourceError
from tests.published_files import write_image_parquet

PICTURES = [bytes([n]) * 10 for n in range(8)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "sets [v1] ünï #2"


@pytest.fixture
def opened(storage, folder):
    def make(place=None, **columns: str):
        return open_import(Source("hf", "parquet", str(place or folder), **columns), storage)

    return make


def read(pictures, name: str, max_bytes: int = 100) -> bytes:
    return pictures.read(pictures.url(name), max_bytes)


def test_what_datasets_writes_is_read_back(opened, folder, picture) -> None:
    import datasets

    folder.mkdir()
    columns = {"image": [{"bytes": picture(), "path": "a.jpg"}], "text": ["a face"], "label": [3]}
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "text": datasets.Value("string"),
            "label": datasets.Value("int64"),
        }
    )
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict(columns, features=features).to_parquet(str(folder / "a.parquet"))
    pictures = opened()
    (name,) = pictures.list_names()
    assert read(pictures, name, 10**6) == picture()
    assert pictures.side_car(name).alt_text == "a face"
    assert pictures.side_car(name).metadata == {"label": 3}


def test_rows_are_read_in_any_order_over_row_groups_and_files(opened, folder) -> None:
    write_image_parquet(folder / "b.parquet", PICTURES[:2])
    write_image_parquet(folder / "deep" / "a.parquet", PICTURES, caption=[f"{n}" for n in range(8)])
    pictures = opened()
    names = list(pictures.list_names())
    assert names == ["b.parquet/0", "b.parquet/1", *(f"deep/a.parquet/{n}" for n in range(8))]
    for row in (0, 7, 3, 2, 4, 5, 1):
        assert read(pictures, f"deep/a.parquet/{row}") == PICTURES[row]
        assert pictures.side_car(f"deep/a.parquet/{row}").alt_text == str(row)
        assert read(pictures, "b.parquet/1") == PICTURES[1]
    assert read(pictures, "b.parquet/1", max_bytes=2) == PICTURES[1][:3]


def test_one_file_can_be_the_source(opened, folder) -> None:
    file = write_image_parquet(folder / "b.parquet", PICTURES)
    pictures = opened(file)
    assert read(pictures, "b.parquet/5") == PICTURES[5]
    assert pictures.url("b.parquet/5") == f"{file.as_uri()}#5"


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.binary())]
)
def test_plain_bytes_are_pictures_too(opened, folder, kind) -> None:
    folder.mkdir()
    column = pa.array(PICTURES, pa.binary()).cast(kind)
    pq.write_table(pa.table({"jpg": column, "url": ["http://a/x"] * 8}), folder / "a.parquet")
    if pa.types.is_dictionary(kind):
        with pytest.raises(SourceError, match="image_column"):
            opened()
    else:
        assert read(opened(), "a.parquet/3") == PICTURES[3]


@pytest.mark.parametrize(
    ("columns", "alt_text", "metadata"),
    [
        ({"TEXT": [" a face "]}, "a face", {}),
        ({"caption": ["c"], "alt_text": ["a"]}, "a", {"caption": "c"}),
        ({"captions": [["", "one", "two"]]}, "one", {"captions": ["", "one", "two"]}),
        ({"text": pa.array([None], pa.string())}, None, {}),
        (
            {"title": ["t"], "score": [float("nan")], "tags": [["a", None]]},
            None,
            {"title": "t", "tags": ["a", None]},
        ),
        (
            {"when": [datetime.date(2026, 1, 2)], "URL": ["http://a/x"], "extra": [{"k": 1}]},
            None,
            {"when": "2026-01-02", "URL": "http://a/x", "extra": {"k": 1}},
        ),
    ],
)
def test_other_columns_become_alt_text_and_metadata(
    opened, folder, columns, alt_text, metadata
) -> None:
    write_image_parquet(folder / "a.parquet", PICTURES[:1], **columns)
    found = opened().side_car("a.parquet/0")
    assert (found.alt_text, found.metadata) == (alt_text, metadata)
    json.dumps(found.metadata, allow_nan=False)


def test_a_person_column_keeps_pictures_together(opened, folder) -> None:
    write_image_parquet(folder / "a.parquet", PICTURES[:2], person=[4, None])
    found = [opened().side_car(f"a.parquet/{n}").person for n in (0, 1)]
    assert found == ["4", None]


def test_columns_can_be_named(opened, folder) -> None:
    masks = [b"mask"] * 8
    file = write_image_parquet(folder / "a.parquet", PICTURES, mask=masks, title=["t"] * 8)
    assert read(opened(file), "a.parquet/0") == PICTURES[0]  # a struct of bytes goes first
    named = opened(file, image_column="mask", text_column="title")
    assert read(named, "a.parquet/0") == b"mask"
    assert named.side_car("a.parquet/0").alt_text == "t"


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        ({"a": [b"x"], "b": [b"x"]}, {}, r"a, b; name one with the setting image_column"),
        ({"title": ["x"]}, {}, r"hold pictures: none; .*image_column \(columns: title\)"),
        ({"a": [b"x"]}, {"image_column": "c"}, "image_column 'c' is no column of bytes"),
        ({"a": [b"x"], "t": ["x"]}, {"image_column": "t"}, "image_column 't' is no column of"),
        ({"a": [b"x"]}, {"text_column": "t"}, "text_column 't' is no column"),
    ],
)
def test_a_column_that_cannot_be_used_is_named(opened, folder, table, settings, message) -> None:
    folder.mkdir()
    pq.write_table(pa.table(table), folder / "a.parquet")
    with pytest.raises(SourceError, match=rf"source hf: images .*a\.parquet: .*{message}"):
        opened(**settings)


def test_a_row_without_bytes_says_so_in_its_own_row(opened, folder) -> None:
    failed = {
        "status": ["success", "failed_to_download"],
        "error_message": [None, "HTTP Error 404"],
    }
    write_image_parquet(folder / "a.parquet", [PICTURES[0], None], **failed)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    linked = pa.array([{"bytes": None, "path": "/etc/passwd"}], kind)
    pq.write_table(pa.table({"image": linked}), folder / "b.parquet")
    pictures = opened()
    with pytest.raises(PictureUnreadable, match="img2dataset: failed_to_download: HTTP Error 404"):
        read(pictures, "a.parquet/1")
    with pytest.raises(PictureUnreadable, match=r"b\.parquet has no bytes .*names '/etc/passwd'"):
        read(pictures, "b.parquet/0")


@pytest.mark.parametrize("content", [b"", b"PAR1 no more", b"x" * 1000])
def test_a_file_that_is_no_parquet_is_named(opened, folder, content) -> None:
    write_image_parquet(folder / "a.parquet", PICTURES)
    (folder / "b.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"source hf: images .*/b\.parquet: "):
        list(opened().list_names())


def test_a_damaged_row_group_leaves_the_others_readable(opened, folder) -> None:
    noise = [bytes((n * 7 + i * i) % 251 for i in range(5000)) for n in range(6)]
    file = write_image_parquet(folder / "a.parquet", noise, caption=["c"] * 6)
    metadata = pq.read_metadata(file)
    damaged = metadata.row_group(0).column(0)
    content = bytearray(file.read_bytes())
    start = damaged.dictionary_page_offset or damaged.data_page_offset
    content[start : start + 200] = bytes(200)
    file.write_bytes(content)
    pictures = opened()
    for row in (0, 1, 2):
        with pytest.raises(PictureUnreadable, match=r"a\.parquet, from row 0 on: "):
            read(pictures, f"a.parquet/{row}")
        assert pictures.side_car(f"a.parquet/{row}").alt_text == "c"
    assert read(pictures, "a.parquet/4", 10_000) == noise[4]


def test_a_changed_file_has_another_fingerprint(opened, folder) -> None:
    write_image_parquet(folder / "a.parquet", PICTURES)
    before = opened().fingerprint("a.parquet/0")
    write_image_parquet(folder / "a.parquet", PICTURES[:3])
    pictures = opened()
    assert pictures.fingerprint("a.parquet/0") != before
    assert pictures.fingerprint("gone.parquet/0") is None
    assert pictures.side_car("gone.parquet/0").metadata == {}
    with pytest.raises(PictureUnreadable, match=r"has no row 7, it has 3"):
        read(pictures, "a.parquet/7")


def test_a_row_group_of_many_pictures_is_read_in_little_memory(tmp_path) -> None:
    pictures = [bytes([n % 256]) * 100_000 for n in range(400)]
    file = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"jpg": pictures}),
        file,
        compression="none",
        use_dictionary=False,
        write_batch_size=16,  # pages of 16 rows
    )
    assert pq.read_metadata(file).num_row_groups == 1
    del pictures
    cursor = ParquetCursor(file, ["jpg"], 16)
    held = []
    before = pa.total_allocated_bytes()
    for row in range(400):
        assert cursor.read(row)["jpg"][0] == row % 256
        held.append(pa.total_allocated_bytes() - before)
    cursor.close()
    assert max(held) < 10_000_000  # of 40 MB
