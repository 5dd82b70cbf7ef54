"""A shard's crops through the stage: rows, statuses, opt-outs, failures."""

from dataclasses import replace

import pyarrow as pa
import pytest

from facecaption_assets.captions.captioners.captioning import (
    caption_crops,
    load_best_of,
    stage_identity,
)
from facecaption_assets.captions.captioners.choosing import BestOf
from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.memory import OutOfMemory
from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.quality.gates import rows_conserved_synthetic
from facecaption_assets.schema import SYNTHETIC_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut

SETTINGS = CaptionerSettings(
    model="told", clip_model="any", temperatures=(0.5, 1.0), samples_per_temperature=2, batch_size=2
)
SAYS = ("a woman with long brown hair", "@somebody in a hat", "a woman in a hat", "a man in a hat")
KEY = "drawn-00000-00001"


def caption(crops, pictures, captioner, ranker, opt_out=None, settings=SETTINGS) -> pa.Table:
    best_of = captioner and BestOf(captioner, ranker, 1, settings.batch_size)
    return caption_crops(crops, pictures, best_of, settings, opt_out or OptOut.none())


def statuses(table: pa.Table) -> list[list[str]]:
    found = table["status"].to_pylist()
    return [found[at : at + 4] for at in range(0, len(found), 4)]


def test_every_draw_of_every_kept_face_has_a_row_in_order(crops, told, ranker) -> None:
    kept, pictures = crops(5)
    table = caption(kept, pictures[::-1], told(SAYS), ranker)
    assert table.schema.equals(SYNTHETIC_CAPTIONS.arrow)
    assert rows_conserved_synthetic(kept, table, 4).passed
    assert table["face_id"].to_pylist() == [f for f in kept["face_id"].to_pylist() for _ in "1234"]
    assert statuses(table) == [["outranked", "screened", "outranked", "captioned"]] * 5
    first = table.slice(0, 4).to_pylist()
    assert [row["caption"] for row in first] == [SAYS[0], None, SAYS[2], SAYS[3]]
    assert [row["rejection_reason"] for row in first] == [None, "contact_or_link", None, None]
    assert [row["temperature"] for row in first] == [0.5, 0.5, 1.0, 1.0]
    assert [row["caption_index"] for row in first] == [0, 1, 2, 3]
    assert {row["model"] for row in first} == {"told"}


def test_refused_text_is_stored_nowhere(crops, told, ranker) -> None:
    table = caption(*crops(2), told(SAYS), ranker)
    assert "somebody" not in str(table.to_pylist())


def test_without_a_captioner_every_row_says_so_and_no_picture_is_read(crops) -> None:
    def untouchable():
        raise AssertionError("a picture was read")
        yield

    table = caption(crops(2)[0], untouchable(), None, None)
    assert statuses(table) == [["unavailable"] * 4] * 2
    assert set(table["error_message"].to_pylist()) == {
        "no captioner: CaptionerSettings.model is empty"
    }
    assert table["caption"].null_count == 8


def test_broken_and_missing_pictures_are_rows_that_say_so(crops, told, ranker) -> None:
    kept, pictures = crops(4)
    pictures[1] = (pictures[1][0], b"not a picture")
    del pictures[3]
    table = caption(kept, pictures, told(SAYS), ranker)
    assert [own[0] for own in statuses(table)] == [
        "outranked",
        "failed_to_decode",
        "outranked",
        "failed_to_decode",
    ]
    messages = table["error_message"].to_pylist()
    assert messages[4].startswith("the crop cannot be decoded: ")
    assert messages[12] == "the crop's picture is missing"


@pytest.mark.parametrize("entry", [KEY, f"{KEY}-0"])
def test_opted_out_faces_are_not_shown_to_the_captioner(crops, told, ranker, entry) -> None:
    captioner = told(SAYS, dies_of=(f"{KEY}-0",))
    table = caption(*crops(3), captioner, ranker, OptOut.of(entry))
    assert statuses(table)[1] == ["opted_out"] * 4
    assert statuses(table)[0] == statuses(table)[2] == statuses(table)[0]
    assert sum(captioner.batches) == 2


def test_opt_out_comes_before_the_missing_captioner(crops) -> None:
    table = caption(*crops(2), None, None, OptOut.of(KEY))
    assert [own[0] for own in statuses(table)] == ["unavailable", "opted_out"]


def test_a_face_that_the_captioner_dies_of_spoils_no_other(crops, told, ranker) -> None:
    captioner = told(SAYS, dies_of=(f"{KEY}-0",))
    table = caption(*crops(4), captioner, ranker)
    assert [own[-1] for own in statuses(table)] == [
        "captioned",
        "failed_to_caption",
        "captioned",
        "captioned",
    ]
    assert table["error_message"][4].as_py() == "told: RuntimeError: the model died"


def test_out_of_memory_is_no_face_s_fault(crops, told, ranker) -> None:
    with pytest.raises(OutOfMemory, match="told ran out of memory"):
        caption(*crops(2), told(SAYS, fits=0), ranker)


def test_a_shard_without_kept_faces_has_no_rows(crops, told, ranker) -> None:
    kept, _ = crops(1)
    table = caption(kept.slice(0, 0), [], told(SAYS), ranker)
    assert table.num_rows == 0
    assert rows_conserved_synthetic(kept.slice(0, 0), table, 4).passed


@pytest.mark.parametrize("kind", ["blip", "blip2"])
def test_real_networks_caption_a_shard_alike_whatever_the_batch(
    request, clip, crops, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facecaption_assets.captions.captioners.blip.lease_device", lambda: "cpu")
    monkeypatch.setattr("facecaption_assets.clip.lease_device", lambda: "cpu")
    settings = CaptionerSettings(
        model=str(request.getfixturevalue(kind)),
        clip_model=str(clip),
        temperatures=(4.0, 9.0),
        samples_per_temperature=3,
        max_new_tokens=8,
        precision="float32",
        batch_size=4,
    )
    kept, pictures = crops(6)
    table = caption_crops(kept, pictures, load_best_of(settings), settings, OptOut.none())
    assert rows_conserved_synthetic(kept, table, 6).passed
    assert set(table["status"].to_pylist()) >= {"captioned", "outranked"}
    ones = replace(settings, batch_size=1)
    alone = caption_crops(kept, pictures, load_best_of(ones), ones, OptOut.none())
    assert alone.drop_columns("clip_cosine").equals(table.drop_columns("clip_cosine"))
    pairs = zip(table["clip_cosine"].to_pylist(), alone["clip_cosine"].to_pylist(), strict=True)
    assert all(a == b or a == pytest.approx(b, abs=1e-5) for a, b in pairs)
    for face in kept["face_id"].to_pylist():
        own = [row for row in table.to_pylist() if row["face_id"] == face and row["caption"]]
        chosen = [row for row in own if row["status"] == "captioned"]
        assert [max(row["clip_cosine"] for row in own)] == [r["clip_cosine"] for r in chosen]


def test_no_captioner_is_loaded_where_none_is_named() -> None:
    assert load_best_of(CaptionerSettings()) is None


def test_clip_that_cannot_be_had_names_the_setting(blip, clip, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    settings = CaptionerSettings(
        model=str(blip), clip_model=str(tmp_path / "empty"), precision="float32"
    )
    with pytest.raises(ModelUnavailable, match=r"CaptionerSettings\.clip_model = "):
        load_best_of(settings)


def test_code_version_follows_from_settings_and_models_not_from_the_batch(tmp_path) -> None:
    store = ModelStore(tmp_path)
    first = stage_identity(SETTINGS, store)
    assert stage_identity(replace(SETTINGS, batch_size=9), store) == first
    for change in ({"model": "other"}, {"clip_model": "other"}, {"top_k": 49}, {"prompt": "a"}):
        assert stage_identity(replace(SETTINGS, **change), store) != first
