"""WebDataset tars and img2dataset's ledgers as a source."""

import json
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecaption_assets.shards.fetching import fetch_shard
from facecaption_assets.shards.opening import open_import
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.pictures import PictureUnreadable
from facecaption_assets.shards.planning import plan_shard
from facecaption_assets.shards.registration import register_shards, registered_names
from facecaption_assets.shards.settings import ShardSettings
from facecaption_assets.shards.sources import Source, SourceError
from tests.published_files import write_img2dataset_shard, write_tar

URLS = {"http://a.example/0.jpg": b"zero", "http://a.example/1.jpg": b"", "https://b/2": b"two"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "shards with spaces ünï #1"


@pytest.fixture
def opened(storage, folder):
    def make():
        return open_import(Source("tars", "webdataset", str(folder)), storage)

    return make


def read(pictures, name: str, max_bytes: int = 100) -> bytes:
    return pictures.read(pictures.url(name), max_bytes)


def test_img2dataset_shards_list_what_was_fetched_and_what_was_not(opened, folder) -> None:
    write_img2dataset_shard(folder, 0, URLS)
    pictures = opened()
    names = list(pictures.list_names())
    assert names == ["00000.tar/000000000", "00000.tar/000000001", "00000.tar/000000002"]
    assert read(pictures, names[0]) == b"zero"
    assert read(pictures, names[2]) == b"two"
    assert read(pictures, names[2], max_bytes=1) == b"tw"
    with pytest.raises(PictureUnreadable) as error:
        read(pictures, names[1])
    assert str(error.value) == "img2dataset: failed_to_download: HTTP Error 404: Not Found"
    assert pictures.fingerprint(names[1]) is None
    assert pictures.fingerprint(names[0]) == pictures.fingerprint(names[2])


def test_the_ledger_and_the_side_cars_become_alt_text_and_metadata(opened, folder) -> None:
    write_img2dataset_shard(folder, 0, URLS)
    fetched, failed = (opened().side_car(f"00000.tar/00000000{n}") for n in (0, 1))
    assert (fetched.alt_text, failed.alt_text) == ("picture 0", "picture 1")
    assert fetched.metadata["url"] == "http://a.example/0.jpg"
    assert fetched.metadata["sha256"] == "0" * 64
    assert fetched.metadata["original_width"] == 800
    assert failed.metadata["error_message"] == "HTTP Error 404: Not Found"


@pytest.mark.parametrize("entry", ["http://a.example/0.jpg", "0" * 64])
def test_a_picture_is_opted_out_by_what_it_was_before(opened, folder, entry) -> None:
    write_img2dataset_shard(folder, 0, URLS)
    pictures = opened()
    plan = plan_shard("tars-00000", list(pictures.list_names()), pictures, OptOut.of(entry))
    assert plan["status"].to_pylist() == ["opted_out", "planned", "planned"]


def test_tars_without_a_ledger_and_equal_keys_in_two_of_them_are_told_apart(opened, folder) -> None:
    write_tar(folder / "a.tar", [("k.jpg", b"a"), ("k.txt", b" text \n")])
    write_tar(folder / "deep" / "b.tar" / "c.tar", [("x/k ü#%.jpg", b"c"), ("k.jpg", b"d")])
    pictures = opened()
    names = ["a.tar/k", "deep/b.tar/c.tar/k", "deep/b.tar/c.tar/x/k ü#%"]
    assert list(pictures.list_names()) == names
    assert [read(pictures, name) for name in names] == [b"a", b"d", b"c"]
    assert len({pictures.url(name) for name in names}) == 3
    assert pictures.side_car("a.tar/k").alt_text == "text"


def test_person_groups_and_free_fields_are_read_as_in_folders(opened, folder) -> None:
    fields = {"caption": "on a hill", "person": 7, "place": "Ulm"}
    write_tar(folder / "a.tar", [("k.jpg", b"a"), ("k.json", json.dumps(fields).encode())])
    found = opened().side_car("a.tar/k")
    assert (found.alt_text, found.person, found.metadata) == ("on a hill", "7", {"place": "Ulm"})


def test_other_tables_beside_a_tar_are_no_ledgers(opened, folder, storage) -> None:
    write_tar(folder / "a.tar", [("k.jpg", b"a")])
    pq.write_table(pa.table({"key": ["z"], "face_id": ["z-0"]}), folder / "a.parquet")
    assert list(opened().list_names()) == ["a.tar/k"]


@pytest.mark.parametrize("ledger", [False, True])
def test_a_torn_tar_gives_rows_up_to_the_tear_and_one_that_names_the_file(
    opened, folder, ledger
) -> None:
    urls = {f"http://a/{n}": bytes([n + 1]) * 3000 for n in range(3)}
    tar = write_img2dataset_shard(folder, 0, urls)
    if not ledger:
        (folder / "00000.parquet").unlink()
    whole = tar.read_bytes()
    tar.write_bytes(whole[: whole.index(b"\x02" * 3000) + 10])
    pictures = opened()
    names = list(pictures.list_names())
    first, second = "00000.tar/000000000", "00000.tar/000000001"
    assert names == (
        [first, second, "00000.tar/000000002"] if ledger else ["00000.tar/", first, second]
    )
    assert read(pictures, first, 5000) == b"\x01" * 3000
    for name in names:
        if name != first:
            with pytest.raises(PictureUnreadable, match=r"00000\.tar breaks off at byte \d+"):
                read(pictures, name, 5000)
    tar.write_bytes(whole)
    mended = opened()
    assert set(mended.list_names()) == {first, second, "00000.tar/000000002"}
    assert read(mended, second, 5000) == b"\x02" * 3000


def test_a_picture_larger_than_allowed_is_read_no_further(opened, folder) -> None:
    write_tar(folder / "a.tar", [("k.jpg", b"x" * 5000)])
    assert len(read(opened(), "a.tar/k", max_bytes=1000)) == 1001


@pytest.mark.parametrize("broken", ["a.tar", "b.parquet"])
def test_a_file_that_is_not_what_its_name_says_is_named(opened, folder, broken) -> None:
    write_tar(folder / "b.tar", [("k.jpg", b"b")])
    (folder / broken).write_bytes(b"neither" * 200)
    with pytest.raises(SourceError, match=rf"source tars: images .*/{broken}: "):
        list(opened().list_names())


def test_one_tar_can_be_the_source_and_another_archive_cannot(storage, folder) -> None:
    tar = write_tar(folder / "a.tar", [("k.jpg", b"a")])
    pictures = open_import(Source("tars", "webdataset", str(tar)), storage)
    assert list(pictures.list_names()) == ["a.tar/k"]
    assert read(pictures, "a.tar/k") == b"a"
    (folder / "a.zip").write_bytes(b"PK" * 600)
    with pytest.raises(SourceError, match=r"a\.zip: not a tar archive"):
        list(open_import(Source("z", "webdataset", str(folder / "a.zip")), storage).list_names())


def test_a_tar_whose_name_is_no_utf_8_is_read_and_reported(opened, folder, tmp_path) -> None:
    tar = write_tar(folder / os.fsdecode(b"caf\xe9.tar"), [("k.jpg", b"x" * 2000)])
    tar.write_bytes(tar.read_bytes()[:1000])
    pictures = opened()
    names = list(pictures.list_names())
    plan = plan_shard("tars-00000", names, pictures, OptOut.none())
    ledger = fetch_shard(plan, pictures, ShardSettings(), OptOut.none(), tmp_path / "out.tar")
    assert ledger["status"].to_pylist() == ["missing", "missing"]
    assert r"caf\xe9.tar breaks off at byte 1000" in ledger["error_message"][0].as_py()


def test_a_ledger_with_texts_that_are_no_utf_8_is_named(opened, folder) -> None:
    write_img2dataset_shard(folder, 0, URLS)
    ledger = pq.read_table(folder / "00000.parquet")
    broken = pa.array([b"caf\xe9"] * 3, pa.binary()).view(pa.string())
    pq.write_table(ledger.set_column(0, "caption", broken), folder / "00000.parquet")
    with pytest.raises(SourceError, match=r"00000\.parquet: .*UTF8"):
        list(opened().list_names())


def test_a_compressed_tar_is_not_passed_over(opened, folder) -> None:
    write_tar(folder / "a.tar", [("k.jpg", b"a")])
    (folder / "b.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(SourceError, match=r"b\.tar\.gz: compressed"):
        list(opened().list_names())


def test_a_folder_without_tars_is_named(opened, folder) -> None:
    folder.mkdir()
    with pytest.raises(SourceError, match=r"source tars: images .* has no \.tar file"):
        opened()


def test_a_grown_folder_gets_new_shards(opened, folder, storage) -> None:
    write_tar(folder / "b.tar", [("k.jpg", b"b")])
    source = Source("tars", "webdataset", str(folder))
    assert register_shards(storage, source, opened(), 10) == ["tars-00000"]
    version = opened().files.version
    write_tar(folder / "a.tar", [("k.jpg", b"a"), ("l.jpg", b"a")])
    assert opened().files.version != version
    assert register_shards(storage, source, opened(), 10) == ["tars-00001"]
    assert registered_names(storage, "tars-00000") == ["b.tar/k"]
    assert registered_names(storage, "tars-00001") == ["a.tar/k", "a.tar/l"]


def test_a_changed_tar_has_another_fingerprint_and_is_indexed_again(opened, folder) -> None:
    write_tar(folder / "a.tar", [("k.jpg", b"a")])
    before = opened().fingerprint("a.tar/k")
    write_tar(folder / "a.tar", [("j.jpg", b"j" * 600), ("k.jpg", b"new")])
    pictures = opened()
    assert pictures.fingerprint("a.tar/k") != before
    assert read(pictures, "a.tar/k") == b"new"


def test_a_tar_that_is_gone_still_has_its_rows(opened, folder) -> None:
    for name in ("a", "b"):
        write_tar(folder / f"{name}.tar", [("k.jpg", b"a"), ("k.txt", b"text")])
    (folder / "a.tar").unlink()
    pictures = opened()
    (row,) = plan_shard("tars-00000", ["a.tar/k"], pictures, OptOut.none()).to_pylist()
    assert (row["status"], row["alt_text"], row["fingerprint"]) == ("planned", None, None)
    with pytest.raises(PictureUnreadable, match=r"a\.tar is not there any more"):
        pictures.read(row["url"], 100)


def test_headers_are_read_once_and_kept(opened, folder, storage, monkeypatch) -> None:
    for data in (b"before", b"a"):
        write_tar(folder / "a.tar", [("k.jpg", data * 600)])
        list(opened().list_names())
    # Of the changed tar, one index is left.
    assert len(list(storage.import_indexes("tars").iterdir())) == 1

    def never(*_) -> None:
        raise AssertionError("the tar was indexed again")

    monkeypatch.setattr("facecaption_assets.shards.webdataset_import.write_index", never)
    assert read(opened(), "a.tar/k", max_bytes=2) == b"aaa"


def test_files_that_have_just_arrived_are_not_settled(opened, folder) -> None:
    tar = write_tar(folder / "a.tar", [("k.jpg", b"a")])
    assert not opened().files.is_settled(60)
    assert opened().files.is_settled(0)
    # A copy that keeps times must count as new too.
    os.utime(tar, (0, time.time() - 10_000))
    assert not opened().files.is_settled(60)


def test_a_file_that_vanishes_meanwhile_means_unsettled(opened, folder) -> None:
    write_tar(folder / "a.tar", [("k.jpg", b"a")])
    pictures = opened()
    (folder / "a.tar").unlink()
    assert not pictures.files.is_settled(0)
