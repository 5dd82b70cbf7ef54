import os
from pathlib import Path

import pytest

from facecaption_assets.shards.folder import PictureFolder
from facecaption_assets.shards.registration import (
    register_shards,
    registered_names,
    registered_shards,
    unregistered_names,
)
from facecaption_assets.shards.sources import Source, SourceError
from facecaption_assets.storage import Storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    (place / "b").mkdir(parents=True)
    for name in ("c.jpg", "b/d.PNG", "e.webp", "notes.txt", ".hidden.jpg"):
        (place / name).write_bytes(b"x")
    return place


def register(storage: Storage, folder: Path, size: int = 2) -> list[str]:
    source = Source("mine", "folder", str(folder))
    return register_shards(storage, source, PictureFolder(folder), size)


def test_pictures_are_dealt_in_order_and_other_files_passed_over(storage, folder) -> None:
    assert register(storage, folder) == ["mine-00000", "mine-00001"]
    assert registered_names(storage, "mine-00000") == ["b/d.PNG", "c.jpg"]
    assert registered_names(storage, "mine-00001") == ["e.webp"]


def test_later_pictures_get_new_shards_and_leave_the_old_ones_alone(storage, folder) -> None:
    register(storage, folder)
    before = {key: registered_names(storage, key) for key in registered_shards(storage, "mine")}
    (folder / "a-first-by-name.jpg").write_bytes(b"x")
    (folder / "c.jpg").unlink()
    assert register(storage, folder) == ["mine-00002"]
    assert registered_names(storage, "mine-00002") == ["a-first-by-name.jpg"]
    assert {key: registered_names(storage, key) for key in before} == before


def test_a_lost_listing_is_not_replaced_by_other_pictures(storage, folder) -> None:
    register(storage, folder)
    (storage.sources / "mine" / "00000.json").unlink()
    assert register(storage, folder) == ["mine-00002"]
    assert registered_names(storage, "mine-00001") == ["e.webp"]


def test_pipes_are_passed_over_and_any_file_name_can_be_read(storage, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    odd = os.fsdecode(b"caf\xe9.jpg")
    (tmp_path / odd).write_bytes(b"bytes")
    pictures = PictureFolder(tmp_path)
    assert pictures.list_names() == [odd]
    register_shards(storage, Source("odd", "folder", str(tmp_path)), pictures, 10)
    assert registered_names(storage, "odd-00000") == [odd]
    assert pictures.read(pictures.url(odd), 100) == b"bytes"


def test_registering_again_does_nothing(storage, folder) -> None:
    register(storage, folder)
    assert register(storage, folder) == []
    assert unregistered_names(storage, "mine", PictureFolder(folder)) == []


def test_an_unregistered_shard_is_named(storage) -> None:
    with pytest.raises(SourceError, match="mine-00000 is not registered"):
        registered_names(storage, "mine-00000")


def test_a_folder_is_settled_once_its_files_are_old_enough(folder) -> None:
    pictures = PictureFolder(folder)
    assert not pictures.is_settled(pictures.list_names(), quiet_s=60)
    assert pictures.is_settled(pictures.list_names(), quiet_s=0)
    assert pictures.is_settled([], quiet_s=60)
