import json

import pytest

from facecaption_assets.models import ModelStore
from facecaption_assets.shards.laion_building import build_laion_part
from facecaption_assets.shards.laion_part import LaionPart
from facecaption_assets.shards.opening import open_source
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.pictures import PictureUnreadable
from facecaption_assets.shards.planning import plan_shard
from facecaption_assets.shards.registration import register_shards, registered_names
from facecaption_assets.shards.sources import Source, SourceError, add_laion_parts, read_source

SOURCE = Source("laion-face-03", "laion", part="03")


@pytest.fixture
def built(storage, laion):
    def run(*gone: str) -> LaionPart:
        opt_out = OptOut(frozenset(f"https://a.example/{name}.jpg" for name in gone))
        build_laion_part(storage, laion, opt_out, "03", "code")
        return LaionPart(storage, "03")

    return run


def test_kept_ids_are_names_in_the_order_of_the_file(built) -> None:
    assert built().list_names() == ["34", "31", "32", "36", "33"]


def test_a_planned_row_has_url_text_and_what_laion_says_of_it(built) -> None:
    (row,) = plan_shard("laion-face-03-00000", ["31"], built(), OptOut.none()).to_pylist()
    assert row["url"] == "https://a.example/31.jpg"
    assert row["alt_text"] == "a person called 31"
    assert row["split_group"] == row["key"] == "laion-face-03-00000-00000"
    assert row["status"] == "planned"
    metadata = json.loads(row["metadata"])
    assert metadata.pop("similarity") == pytest.approx(0.33)
    assert metadata == {
        **{"sample_id": 31, "width": 640, "height": 480},
        **{"nsfw": "UNLIKELY", "license": "?"},
    }


def test_rows_are_found_in_every_row_group(built, monkeypatch) -> None:
    monkeypatch.setattr("facecaption_assets.long_tables.ROWS_PER_GROUP", 2)
    pictures = built()
    for name in [*pictures.list_names(), "33", "34"]:
        assert pictures.url(name) == f"https://a.example/{name}.jpg"


def test_planning_again_gives_the_same_rows_after_an_identical_rebuild(built, storage) -> None:
    keys = register_shards(storage, SOURCE, built(), 2)
    assert keys == [f"laion-face-03-0000{i}" for i in range(3)]
    before = [plan_shard(k, registered_names(storage, k), built(), OptOut.none()) for k in keys]
    assert register_shards(storage, SOURCE, built(), 2) == []
    after = [plan_shard(k, registered_names(storage, k), built(), OptOut.none()) for k in keys]
    assert before == after


def test_an_id_that_is_dropped_later_keeps_its_row_but_not_its_url(built, storage) -> None:
    names = ["34", "31", "32"]
    before = plan_shard("laion-face-03-00000", names, built(), OptOut.none()).to_pylist()
    after = plan_shard("laion-face-03-00000", names, built("31"), OptOut.none()).to_pylist()
    assert [before[0], before[2]] == [after[0], after[2]]
    assert after[1]["key"] == before[1]["key"]
    assert after[1]["url"] == "laion-face:03/31"
    assert after[1]["alt_text"] is None
    with pytest.raises(PictureUnreadable, match="no longer in part 03: opted_out"):
        built("31").read(after[1]["url"], 100)


def test_an_id_that_is_not_in_the_part_is_no_error(built) -> None:
    assert [built().url(name) for name in ("1", "99")] == ["laion-face:03/1", "laion-face:03/99"]
    with pytest.raises(PictureUnreadable, match="not_in_ids"):
        built().read("laion-face:03/1", 100)


def test_pictures_of_the_web_are_not_read_from_here(built) -> None:
    with pytest.raises(PictureUnreadable, match="has to be downloaded"):
        built().read("https://a.example/31.jpg", 100)


def test_a_part_that_is_not_built_is_named(storage, tmp_path) -> None:
    pictures = open_source(SOURCE, ModelStore(tmp_path), storage)
    with pytest.raises(SourceError, match="laion_face_metadata of 03 is not built"):
        pictures.list_names()


def test_a_part_or_a_selection_is_registered(storage) -> None:
    assert add_laion_parts(storage, "laion-face-03", "03") == ["laion-face-03"]
    assert read_source(storage, "laion-face-03") == SOURCE
    names = add_laion_parts(storage, "laion-face", "20m", 500)
    assert len(names) == 13
    assert names[1] == "laion-face-02"
    assert read_source(storage, "laion-face-02") == Source(
        "laion-face-02", "laion", None, 500, "02"
    )


def test_a_part_does_not_change_under_its_name(storage) -> None:
    add_laion_parts(storage, "mine", "03")
    with pytest.raises(SourceError, match="another name"):
        add_laion_parts(storage, "mine", "04")


@pytest.mark.parametrize(
    "arguments", [("a", "laion"), ("a", "sample", None, None, "03"), ("a", "laion", None, 1, "3")]
)
def test_a_part_belongs_to_laion_and_to_no_other_kind(arguments) -> None:
    with pytest.raises(SourceError, match="from 00 to 31"):
        Source(*arguments)


def test_an_unknown_selection_is_named(storage) -> None:
    with pytest.raises(SourceError, match="'32'"):
        add_laion_parts(storage, "mine", "32")
