import json
from pathlib import Path

import pytest

from facecaption_assets.schema import SHARD_PLAN
from facecaption_assets.shards.folder import PictureFolder
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.planning import is_downloadable, plan_shard


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("plain.jpg", "text.jpg", "json.jpg", "broken.jpg", "list.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "text.txt").write_text("  a person by the sea \n")
    fields = {"caption": "on a hill", "person": 7, "place": "Ulm"}
    (tmp_path / "json.json").write_text(json.dumps(fields))
    (tmp_path / "broken.json").write_text("{not json")
    (tmp_path / "list.json").write_text("[1, 2]")
    return tmp_path


def planned(folder: Path, *names: str, opt_out: OptOut | None = None) -> list[dict]:
    table = plan_shard("mine-00000", list(names), PictureFolder(folder), opt_out or OptOut.none())
    assert table.schema == SHARD_PLAN.arrow
    return table.to_pylist()


def test_side_cars_give_alt_text_metadata_and_person(folder) -> None:
    plain, text, fields = planned(folder, "plain.jpg", "text.jpg", "json.jpg")
    assert plain["alt_text"] is None
    assert text["alt_text"] == "a person by the sea"
    assert fields["alt_text"] == "on a hill"
    assert json.loads(fields["metadata"]) == {"place": "Ulm"}
    assert fields["split_group"] == "mine/7"
    assert plain["split_group"] == plain["key"] == "mine-00000-00000"


def test_a_side_car_belongs_to_the_picture_of_its_whole_stem(folder) -> None:
    for name, text in {"a.txt": "wrong", "a.1.txt": "right"}.items():
        (folder / name).write_text(text)
    (folder / "a.1.jpg").write_bytes(b"x")
    assert planned(folder, "a.1.jpg")[0]["alt_text"] == "right"


@pytest.mark.parametrize(
    ("content", "alt_text"),
    [
        (b'\xef\xbb\xbf{"alt_text": "with a byte order mark"}', "with a byte order mark"),
        (b'{"alt_text": "half \\ud800 a pair", "x": "\\udfff"}', "half ? a pair"),
        (b"[" * 100_000, None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_an_odd_side_car_does_not_stop_the_shard(folder, content, alt_text) -> None:
    (folder / "plain.json").write_bytes(content)
    assert planned(folder, "plain.jpg")[0]["alt_text"] == alt_text


@pytest.mark.parametrize("name", ["broken.jpg", "list.jpg", "gone.jpg"])
def test_a_bad_side_car_or_a_missing_picture_still_has_its_row(folder, name) -> None:
    (row,) = planned(folder, name)
    assert row["status"] == "planned"
    assert row["alt_text"] is None
    assert row["url"] == (folder / name).as_uri()


def test_opted_out_pictures_are_rows_that_say_so(folder) -> None:
    url = (folder / "text.jpg").as_uri()
    listed = OptOut.of("mine-00000-00000", url)
    rows = planned(folder, "plain.jpg", "text.jpg", "json.jpg", opt_out=listed)
    assert [row["status"] for row in rows] == ["opted_out", "opted_out", "planned"]
    assert [row["error_message"] for row in rows] == [
        "on the opt-out list by key",
        "on the opt-out list by url",
        None,
    ]


def test_an_imported_picture_is_left_out_by_the_url_that_it_once_had(folder) -> None:
    (folder / "plain.json").write_text('{"url": "https://cdn.example.org/1.jpg"}')
    (row,) = planned(folder, "plain.jpg", opt_out=OptOut.of("example.org"))
    assert (row["status"], row["error_message"]) == ("opted_out", "on the opt-out list by domain")


def test_the_same_folder_gives_the_same_plan(folder) -> None:
    assert planned(folder, "json.jpg") == planned(folder, "json.jpg")


@pytest.mark.parametrize(
    ("url", "is_of_the_web"),
    [("https://a/x", True), ("HTTP://a/x", True), ("file:///http://a", False), ("x", False)],
)
def test_pictures_behind_urls_are_told_whatever_the_case_of_the_scheme(url, is_of_the_web) -> None:
    row = {"key": "k", "source": "s", "url": url, "split_group": "k", "status": "planned"}
    assert is_downloadable(SHARD_PLAN.from_rows([row])) == is_of_the_web
