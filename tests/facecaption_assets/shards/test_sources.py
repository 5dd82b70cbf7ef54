from pathlib import Path

import pytest

from facecaption_assets.shards.sources import (
    Source,
    SourceError,
    add_source,
    read_source,
    shard_key,
    source_names,
    split_shard_key,
)
from facecaption_assets.storage import Storage


def test_a_source_reads_back_as_it_was_added(storage: Storage, tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted" ünï\\folder \x7f🙂'
    odd.mkdir()
    source = Source("mine", "folder", str(odd), 100)
    add_source(storage, source)
    assert read_source(storage, "mine") == source
    assert source_names(storage) == ["mine"]


@pytest.mark.parametrize("name", ["Mine", "a.b", "a/b", "-a", "", "a_b", "x" * 65])
def test_a_name_that_would_break_keys_is_refused(name) -> None:
    with pytest.raises(SourceError, match="source name"):
        Source(name, "sample")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "ftp"), "kind 'ftp'"),
        (("a", "folder"), "needs the setting images"),
        (("a", "sample", None, 0), "rows_per_shard 0"),
        (("a", "webdataset"), "kind webdataset needs the setting images"),
        (("a", "folder", "/x", None, None, "image"), "kind folder has no setting image_column"),
        (("a", "facecaption", "/x", None, None, None, "t"), "no setting text_column; parquet"),
    ],
)
def test_a_wrong_setting_is_named(arguments, message) -> None:
    with pytest.raises(SourceError, match=message):
        Source(*arguments)


def test_a_folder_that_is_not_there_is_named(storage: Storage) -> None:
    with pytest.raises(SourceError, match="/no/such/folder is not a folder"):
        add_source(storage, Source("mine", "folder", "/no/such/folder"))


def test_a_source_does_not_change_its_kind(storage: Storage, tmp_path: Path) -> None:
    add_source(storage, Source("mine", "sample"))
    with pytest.raises(SourceError, match="registered with kind sample"):
        add_source(storage, Source("mine", "folder", str(tmp_path)))


def test_a_source_does_not_move_to_another_folder(storage: Storage, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    add_source(storage, Source("mine", "folder", str(tmp_path / "a")))
    add_source(storage, Source("mine", "folder", str(tmp_path / "a"), 10))
    with pytest.raises(SourceError, match="another name"):
        add_source(storage, Source("mine", "folder", str(tmp_path / "b")))


def test_a_source_keeps_its_column_of_pictures(storage: Storage, tmp_path: Path) -> None:
    place = str(tmp_path)
    add_source(storage, Source("mine", "parquet", place, image_column="a", text_column="t"))
    add_source(storage, Source("mine", "parquet", place, image_column="a", text_column="u"))
    assert read_source(storage, "mine").text_column == "u"
    with pytest.raises(SourceError, match=r"image_column a; give .* another name"):
        add_source(storage, Source("mine", "parquet", place, image_column="b"))


@pytest.mark.parametrize(
    "line", ["images = 5", "image_column = 1", "rows_per_shard = true", 'rows_per_shard = "9"']
)
def test_a_value_of_the_wrong_type_is_named(storage: Storage, line) -> None:
    storage.write_text(storage.sources / "mine.toml", f'kind = "sample"\n{line}\n')
    with pytest.raises(SourceError, match=line.split()[0]):
        read_source(storage, "mine")


def test_a_broken_file_is_named(storage: Storage) -> None:
    storage.write_text(storage.sources / "mine.toml", 'kind = "sample"\ncolour = "red"\n')
    with pytest.raises(SourceError, match=r"mine\.toml is not a source.*colour"):
        read_source(storage, "mine")


def test_shard_keys_split_where_they_were_joined() -> None:
    assert split_shard_key(shard_key("laion-face-03", 42)) == ("laion-face-03", 42)
    with pytest.raises(SourceError, match="a-1"):
        split_shard_key("a-1")
