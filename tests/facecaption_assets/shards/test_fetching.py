import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.fetching import fetch_shard
from facecaption_assets.shards.folder import PictureFolder
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.planning import plan_shard
from facecaption_assets.shards.settings import ShardSettings
from facecaption_assets.shards.tars import read_pictures


@pytest.fixture
def nasty(tmp_path: Path, picture) -> Path:
    """One of each file that folders of photos really contain."""
    folder = tmp_path / "nasty"
    folder.mkdir()
    good = picture()
    rotated = Image.Exif()
    rotated[0x0112] = 8
    gif = io.BytesIO()
    Image.new("P", (8, 8)).save(
        gif, "GIF", save_all=True, append_images=[Image.new("P", (8, 8), 1)]
    )
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    files = {
        "animated.gif": gif.getvalue(),
        "bomb.png": bomb.getvalue(),
        "cmyk.jpg": picture(mode="CMYK"),
        "empty.jpg": b"",
        "good.jpg": good,
        "rotated.jpg": picture(exif=rotated.tobytes()),
        "text.jpg": b"not a picture\n",
        "truncated.jpg": good[: len(good) // 2],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


EXPECTED = {
    "animated.gif": "unsupported_format",
    "bomb.png": "too_large",
    "cmyk.jpg": "success",
    "empty.jpg": "empty",
    "good.jpg": "success",
    "gone.jpg": "missing",
    "rotated.jpg": "success",
    "text.jpg": "not_an_image",
    "truncated.jpg": "truncated",
}


def fetch(folder: Path, tar: Path, opt_out: OptOut | None = None, **settings) -> list[dict]:
    pictures = PictureFolder(folder)
    plan = plan_shard("mine-00000", sorted(EXPECTED), pictures, OptOut.none())
    table = fetch_shard(plan, pictures, ShardSettings(**settings), opt_out or OptOut.none(), tar)
    assert table.schema == RAW_SHARDS.arrow
    assert table["key"].equals(plan["key"])
    return table.to_pylist()


def row_of(rows: list[dict], name: str) -> dict:
    return next(row for row in rows if Path(row["url"]).name == name)


def test_every_file_has_one_row_with_the_right_status(nasty, tmp_path) -> None:
    rows = fetch(nasty, tmp_path / "x.tar")
    assert {Path(row["url"]).name: row["status"] for row in rows} == EXPECTED
    assert all(row["error_message"] for row in rows if row["status"] != "success")


def test_the_tar_holds_the_original_bytes_of_the_fetched_ones(nasty, tmp_path) -> None:
    tar = tmp_path / "x.tar"
    rows = [row for row in fetch(nasty, tar) if row["status"] == "success"]
    with tar.open("rb") as file:
        stored = dict(read_pictures(file))
    assert stored.keys() == {row["key"] for row in rows}
    for row in rows:
        original = (nasty / Path(row["url"]).name).read_bytes()
        assert stored[row["key"]] == original
        assert row["sha256"] == hashlib.sha256(original).hexdigest()


def test_a_rotated_picture_is_measured_upright(nasty, tmp_path) -> None:
    row = row_of(fetch(nasty, tmp_path / "x.tar"), "rotated.jpg")
    assert (row["original_width"], row["original_height"], row["exif_orientation"]) == (48, 64, 8)


def test_a_file_over_max_bytes_names_the_setting(nasty, tmp_path) -> None:
    row = row_of(fetch(nasty, tmp_path / "x.tar", max_bytes=100), "good.jpg")
    assert row["status"] == "too_large"
    assert "100 bytes, the setting max_bytes" in row["error_message"]


@pytest.mark.parametrize("kind", ["sha256", "phash"])
def test_bytes_on_the_opt_out_list_are_not_stored(nasty, tmp_path, kind) -> None:
    tar = tmp_path / "x.tar"
    found = row_of(fetch(nasty, tar), "good.jpg")
    entry = found["sha256"] if kind == "sha256" else f"phash:{found['phash']}"
    rows = fetch(nasty, tar, OptOut.of(entry))
    row = row_of(rows, "good.jpg")
    assert (row["status"], row["error_message"]) == ("opted_out", f"on the opt-out list by {kind}")
    # Its hashes stay, so that it is known again when the entry is taken back.
    assert (row["sha256"], row["phash"]) == (found["sha256"], found["phash"])
    with tar.open("rb") as file:
        assert row["key"] not in dict(read_pictures(file))


def test_the_same_pictures_make_the_same_shard(nasty, tmp_path) -> None:
    assert fetch(nasty, tmp_path / "x.tar") == fetch(nasty, tmp_path / "y.tar")
    assert (tmp_path / "x.tar").read_bytes() == (tmp_path / "y.tar").read_bytes()
