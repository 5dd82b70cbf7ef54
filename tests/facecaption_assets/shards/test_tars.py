import io
import tracemalloc
from pathlib import Path

import pytest
import webdataset

from facecaption_assets.shards.tars import TarWriter, read_members, read_pictures, read_samples


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    path = tmp_path / "a-00000.tar"
    with TarWriter(path) as writer:
        writer.add("a-00000-00000.jpg", b"pixels")
        writer.add("a-00000-00000.txt", b"words")
        writer.add("a-00000-00001.png", b"more pixels")
        writer.add("a-00000-00002.json", b"{}")
    return path


def test_samples_come_back_grouped_in_order(tar: Path) -> None:
    with tar.open("rb") as file:
        assert list(read_samples(file)) == [
            ("a-00000-00000", {"jpg": b"pixels", "txt": b"words"}),
            ("a-00000-00001", {"png": b"more pixels"}),
            ("a-00000-00002", {"json": b"{}"}),
        ]


def test_pictures_are_the_samples_that_have_one(tar: Path) -> None:
    with tar.open("rb") as file:
        assert dict(read_pictures(file)) == {
            "a-00000-00000": b"pixels",
            "a-00000-00001": b"more pixels",
        }


def test_an_empty_tar_has_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "empty.tar"
    with TarWriter(path):
        pass
    assert list(read_samples(io.BytesIO(path.read_bytes()))) == []


def test_equal_members_make_equal_files(tar: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    with tar.open("rb") as file, TarWriter(again) as writer:
        for key, fields in read_samples(file):
            for extension, data in fields.items():
                writer.add(f"{key}.{extension}", data)
    assert again.read_bytes() == tar.read_bytes()


# webdataset leaves the closing of the tar to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_webdataset_reads_the_same_samples(tar: Path) -> None:
    samples = list(webdataset.WebDataset(str(tar), shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [
        "a-00000-00000",
        "a-00000-00001",
        "a-00000-00002",
    ]
    assert samples[0]["jpg"] == b"pixels"


def test_members_that_were_read_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "long.tar"
    with TarWriter(path) as writer:
        for index in range(2_000):
            writer.add(f"{index:05d}.txt", b"x")
    with path.open("rb") as file:
        tracemalloc.start()
        count = sum(1 for _ in read_members(file))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 2_000
    assert peak < 200_000
