"""Where samples of a tar are: keys, repeats, odd names, and tars that break off."""

import tarfile

import pytest
import webdataset

from facecaption_assets.shards.tar_index import TarIndex, read_index, write_index
from tests.published_files import write_tar


@pytest.fixture
def index(tmp_path):
    def make(tar) -> TarIndex:
        write_index(tar, tmp_path / "index")
        return read_index(tmp_path / "index")

    return make


def content(tar, span) -> bytes:
    return tar.read_bytes()[span["offset"] : span["offset"] + span["size"]]


def test_members_of_a_key_are_one_sample(index, tmp_path) -> None:
    tar = write_tar(
        tmp_path / "a.tar",
        [("b.jpg", b"B"), ("a.jpg", b"AA"), ("a.txt", b"text"), ("a.json", b"{}")],
    )
    found = index(tar)
    assert found.keys == ["a", "b"]
    sample = found.find("a")
    spans = [content(tar, sample[name]) for name in ("picture", "text", "fields")]
    assert spans == [b"AA", b"text", b"{}"]
    assert found.find("b")["text"] is None
    assert found.find("c") is None
    assert found.torn_at is None


def test_what_webdataset_writes_is_found_with_its_keys(index, tmp_path) -> None:
    with webdataset.TarWriter(str(tmp_path / "w.tar")) as sink:
        for key in ("000000001", "folder/ünï cödé 🙂", "x" * 150):
            sink.write({"__key__": key, "jpg": b"picture", "txt": "text"})
    assert index(tmp_path / "w.tar").keys == ["000000001", "folder/ünï cödé 🙂", "x" * 150]


@pytest.mark.parametrize(
    ("members", "keys"),
    [
        (["./a.b.jpg", "./a.txt"], ["a"]),
        (["x.y/a.PNG"], ["x.y/a"]),
        (["._a.jpg", ".hidden.png", "a", "b.cls", "c.txt", "d.npy"], []),
        (["a.heic"], ["a"]),
    ],
)
def test_a_key_ends_at_the_first_dot_of_the_name_and_has_a_picture(
    index, tmp_path, members, keys
) -> None:
    tar = write_tar(tmp_path / "a.tar", [(name, b"x") for name in members])
    assert index(tar).keys == keys


def test_a_key_that_occurs_again_is_another_sample(index, tmp_path) -> None:
    members = [("a.jpg", b"1"), ("a.txt", b"one"), ("a.jpg", b"2"), ("a.txt", b"two")]
    tar = write_tar(tmp_path / "a.tar", [*members, ("a.jpg", b"3")])
    found = index(tar)
    assert found.keys == ["a", "a#2", "a#3"]
    assert [content(tar, found.find(key)["picture"]) for key in found.keys] == [b"1", b"2", b"3"]
    assert content(tar, found.find("a#2")["text"]) == b"two"


def test_the_first_of_several_pictures_is_used_and_the_others_are_named(index, tmp_path) -> None:
    tar = write_tar(tmp_path / "a.tar", [("a.left.jpg", b"l"), ("a.seg.png", b"s")])
    sample = index(tar).find("a")
    assert content(tar, sample["picture"]) == b"l"
    assert sample["other_pictures"] == ["seg.png"]


def test_names_that_are_no_utf_8_are_written_out(index, tmp_path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", encoding="latin-1", format=tarfile.GNU_FORMAT) as t:
        t.addfile(tarfile.TarInfo("caf\xe9.jpg"))
    assert index(tmp_path / "a.tar").keys == ["caf\\xe9"]


@pytest.mark.parametrize(
    ("kept", "keys", "torn_at"),
    [
        (4096 + 100, ["a", "b"], 4096 + 100),  # within the second picture
        (3584 + 100, ["a"], 3584),  # within the second header
        (3584, ["a"], 3584),  # between the two
        (512 + 700, ["a"], 512 + 700),
    ],
)
def test_a_tar_that_breaks_off_gives_what_lies_before(index, tmp_path, kept, keys, torn_at) -> None:
    tar = write_tar(tmp_path / "a.tar", [("a.jpg", b"x" * 3000), ("b.jpg", b"y" * 3000)])
    assert index(tar).find("b")["picture"]["offset"] == 4096
    tar.write_bytes(tar.read_bytes()[:kept])
    found = index(tar)
    assert (found.keys, found.torn_at) == (keys, torn_at)


def test_damage_between_members_ends_the_tar_there(index, tmp_path) -> None:
    tar = write_tar(tmp_path / "a.tar", [("a.jpg", b"x"), ("b.jpg", b"y")])
    whole = bytearray(tar.read_bytes())
    whole[1024:1536] = b"\xff" * 512
    tar.write_bytes(whole)
    found = index(tar)
    assert (found.keys, found.torn_at) == (["a"], 1024)


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, b"\x1f\x8b" + bytes(600)])
def test_what_is_no_tar_is_refused(index, tmp_path, content) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(tarfile.TarError):
        index(tmp_path / "a.tar")
