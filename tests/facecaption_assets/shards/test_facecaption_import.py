"""FaceCaption-15M's published table as a source."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecaption_assets.shards.facecaption_import import FaceCaptionList
from facecaption_assets.shards.facecaption_rows import describe_faces, split_urls
from facecaption_assets.shards.opening import open_import
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.pictures import PictureUnreadable
from facecaption_assets.shards.planning import is_downloadable, plan_shard
from facecaption_assets.shards.sources import Source, SourceError
from tests.published_files import write_facecaption, write_image_parquet

ROWS = [
    {
        "_id": "f1",
        "url": "https://a.example/1.jpg",
        "caption": ["She smiles."],
        "laion_caption": ["at the sea"],
        "box": "[10, 20, 110, 140]",
    },
    {
        "_id": "f2",
        "url": "http://b.example/2.jpg, https://c.example/2,2.jpg",
        "caption": ["He frowns."],
        "laion_caption": [None],
        "box": "[1, 2, 3]",
    },
    {
        "_id": "f3",
        "url": "https://a.example/1.jpg",
        "caption": ["He smiles."],
        "laion_caption": ["at the lake"],
        "box": "[200, 20, 310, 140]",
    },
    {"_id": "f4", "url": "UNKNOWN", "caption": [], "laion_caption": [], "box": None},
]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "FaceCaption [v2].parquet"


@pytest.fixture
def opened(storage, place):
    def make(rows=None):
        if rows is not None:
            write_facecaption(place, rows)
        return open_import(Source("fc", "facecaption", str(place)), storage)

    return make


def test_faces_of_one_url_are_one_picture_and_nothing_is_lost(opened) -> None:
    pictures = opened(ROWS)
    assert isinstance(pictures, FaceCaptionList)
    names = list(pictures.list_names())
    assert sorted(names) == ["facecaption:f4", "http://b.example/2.jpg", "https://a.example/1.jpg"]
    found = pictures.side_car("https://a.example/1.jpg")
    assert found.alt_text == "at the sea"
    assert found.metadata == {
        "url": "https://a.example/1.jpg",
        "other_alt_texts": ["at the lake"],
        "faces": [
            {"id": "f1", "captions": ["She smiles."], "box": [10, 20, 110, 140]},
            {"id": "f3", "captions": ["He smiles."], "box": [200, 20, 310, 140]},
        ],
    }


def test_several_urls_and_a_box_that_is_none_are_kept(opened) -> None:
    found = opened(ROWS).side_car("http://b.example/2.jpg")
    assert found.alt_text is None
    assert found.metadata == {
        "url": "http://b.example/2.jpg",
        "other_urls": ["https://c.example/2,2.jpg"],
        "faces": [{"id": "f2", "captions": ["He frowns."], "box_as_found": "[1, 2, 3]"}],
    }


def test_the_plan_has_urls_to_download_and_any_of_them_opts_out(opened) -> None:
    pictures = opened(ROWS)
    names = list(pictures.list_names())
    opt_out = OptOut.of("https://c.example/2,2.jpg")
    plan = plan_shard("fc-00000", names, pictures, opt_out)
    assert is_downloadable(plan)
    statuses = dict(zip(plan["url"].to_pylist(), plan["status"].to_pylist(), strict=True))
    assert statuses == {
        "https://a.example/1.jpg": "planned",
        "http://b.example/2.jpg": "opted_out",
        "facecaption:f4": "planned",
    }
    faces = [face for row in plan["metadata"].to_pylist() for face in json.loads(row)["faces"]]
    assert sorted(face["id"] for face in faces) == ["f1", "f2", "f3", "f4"]


def test_a_face_without_a_url_says_so(opened) -> None:
    pictures = opened(ROWS)
    with pytest.raises(PictureUnreadable, match="face f4 has no URL"):
        pictures.read(pictures.url("facecaption:f4"), 10)


def test_many_faces_keep_their_places_over_row_groups(opened) -> None:
    rows = [
        {"_id": str(n), "url": f"https://a.example/{n % 9000}.jpg", "box": f"[0, 0, {n}, 1]"}
        for n in range(20_000)
    ]
    rows += [{"_id": str(n), "url": "https://busy.example/", "box": "[]"} for n in range(9000)]
    pictures = opened(rows)
    names = list(pictures.list_names())
    assert len(names) == len(set(names)) == 9001
    assert names == sorted(names, key=names.index)
    faces = pictures.side_car("https://a.example/77.jpg").metadata["faces"]
    assert [face["id"] for face in faces] == ["77", "9077", "18077"]
    assert len(pictures.side_car("https://busy.example/").metadata["faces"]) == 9000
    assert pictures.side_car("https://nobody.example/").metadata == {"faces": []}


def test_the_order_does_not_depend_on_the_files_order(opened, place) -> None:
    forwards = list(opened(ROWS).list_names())
    assert list(opened(ROWS[::-1]).list_names()) == forwards


def test_rows_that_arrive_later_are_seen(opened) -> None:
    before = set(opened(ROWS[:1]).list_names())
    assert set(opened(ROWS).list_names()) > before


@pytest.mark.parametrize(
    ("cell", "urls"),
    [
        ("https://a/x.jpg", ["https://a/x.jpg"]),
        (" https://a/x.jpg ", ["https://a/x.jpg"]),
        ("https://a/x,y.jpg, http://b/, z.jpg", ["https://a/x,y.jpg", "http://b/, z.jpg"]),
        ("HTTPS://a/x.jpg,Http://b/y.jpg", ["HTTPS://a/x.jpg", "Http://b/y.jpg"]),
        ("UNKNOWN", []),
        ("file:///etc/passwd", []),
        ("", []),
        (None, []),
        (5, []),
    ],
)
def test_urls_of_a_cell(cell, urls) -> None:
    assert split_urls(cell) == urls


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ("[1, 2, 3.5, 4]", {"box": [1, 2, 3.5, 4]}),
        ([1, 2, 3, 4], {"box": [1, 2, 3, 4]}),
        ("[1, 2, 3, NaN]", {"box_as_found": "[1, 2, 3, NaN]"}),
        ("[1, 2, 3, true]", {"box_as_found": "[1, 2, 3, true]"}),
        ("1 2 3 4", {"box_as_found": "1 2 3 4"}),
        ([1, 2], {"box_as_found": [1, 2]}),
        (None, {}),
    ],
)
def test_boxes_are_four_numbers_or_kept_as_found(box, kept) -> None:
    (face,) = describe_faces([{"box": box, "caption": "plain text"}]).metadata["faces"]
    assert face == {"captions": ["plain text"], **kept}


def test_further_columns_are_kept_with_their_face() -> None:
    (face,) = describe_faces([{"_id": "a", "score": 0.5, "pixels": b"x"}]).metadata["faces"]
    assert face == {"id": "a", "captions": [], "score": 0.5}


def test_a_copy_with_pixels_is_read_without_a_download(storage, place) -> None:
    columns = {name: [row[name] for row in ROWS[:2]] for name in ROWS[0]}
    write_image_parquet(place, [b"one", b"two"], **columns)
    pictures = open_import(Source("fc", "facecaption", str(place)), storage)
    names = list(pictures.list_names())
    plan = plan_shard("fc-00000", names, pictures, OptOut.none())
    assert not is_downloadable(plan)
    assert [pictures.read(url, 10) for url in plan["url"].to_pylist()] == [b"one", b"two"]
    assert plan["alt_text"].to_pylist() == ["at the sea", None]
    metadata = json.loads(plan["metadata"][0].as_py())
    assert metadata["url"] == "https://a.example/1.jpg"
    assert metadata["faces"][0]["box"] == [10, 20, 110, 140]


def test_a_table_that_is_none_of_these_is_named(opened, place) -> None:
    pq.write_table(pa.table({"title": ["x"]}), place)
    with pytest.raises(SourceError, match=r"source fc: images .*has no column url; it has title"):
        opened().list_names()
    place.write_bytes(b"no parquet")
    with pytest.raises(SourceError, match=r"source fc: images .*FaceCaption \[v2\]\.parquet: "):
        opened()


def test_files_with_different_columns_are_named(storage, tmp_path) -> None:
    write_facecaption(tmp_path / "set" / "a.parquet", ROWS)
    pq.write_table(pa.table({"url": ["http://a/"]}), tmp_path / "set" / "b.parquet")
    pictures = open_import(Source("fc", "facecaption", str(tmp_path / "set")), storage)
    with pytest.raises(SourceError, match=r"b\.parquet has other columns than .*a\.parquet"):
        pictures.list_names()
