"""A shard's captions through the stage: scores against transformers, statuses, opt-outs."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

from facecaption_assets.memory import OutOfMemory
from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.quality.failures import captions_scored, scores_available
from facecaption_assets.quality.score_gates import rows_conserved_scores, scores_complete
from facecaption_assets.quality.scores.measures import Measure, clip_s, load_measures
from facecaption_assets.quality.scores.scoring import score_shard, stage_identity
from facecaption_assets.quality.scores.settings import ScoreSettings
from facecaption_assets.quality.scores.texts import strangers_texts, texts_of
from facecaption_assets.schema import IMAGE_TEXT_SCORES
from facecaption_assets.shards.opt_out import OptOut

SETTINGS = ScoreSettings(cosine_model="told", batch_size=2)
KEY = "drawn-00000-00001"
SCORES = ["crop_cosine", "picture_cosine", "stranger_cosine", "crop_clip_s", "picture_clip_s"]


def score(made, measures, settings=SETTINGS, opt_out=None) -> pa.Table:
    table = score_shard(*made, measures, settings, opt_out or OptOut.none())
    assert table.schema.equals(IMAGE_TEXT_SCORES.arrow)
    assert rows_conserved_scores(made[0], table).passed
    assert scores_complete(table).passed
    return table


def measure(encoder) -> tuple[Measure, ...]:
    return (Measure("cosine", "told", encoder, batch_size=2),)


def reference(model: Path, data: bytes, text: str) -> float:
    """By transformers' own forward pass over one picture and one text."""
    network, processor = AutoModel.from_pretrained(model), AutoProcessor.from_pretrained(model)
    inputs = processor(
        images=Image.open(io.BytesIO(data)),
        text=[text],
        padding="max_length",
        truncation=True,
        max_length=network.config.text_config.max_position_embeddings,
        return_tensors="pt",
    )
    with torch.inference_mode():
        out = network.eval()(**inputs)
    return torch.nn.functional.cosine_similarity(out.image_embeds, out.text_embeds).item()


def test_cosine_and_clip_s_are_of_two_models_and_equal_transformers_own(
    shard, clip, siglip
) -> None:
    settings = ScoreSettings(cosine_model=str(siglip), clip_s_model=str(clip), batch_size=3)
    tables, pixels = shard()
    table = score((tables, pixels), load_measures(settings, "cpu"), settings)
    assert set(table["status"].to_pylist()) == {"scored"}
    texts = texts_of(tables)
    strangers = strangers_texts(texts)
    crops, pictures = dict(pixels["crop"]), dict(pixels["picture"])
    for text, row in zip(texts[::3], table.to_pylist()[::3], strict=True):
        for name, data in (("crop", crops[text.face_id]), ("picture", pictures[text.key])):
            cosine = reference(siglip, data, text.text)
            assert row[f"{name}_cosine"] == pytest.approx(cosine, abs=1e-5)
            of_prefixed = reference(clip, data, f"A photo depicts {text.text}")
            assert row[f"{name}_clip_s"] == pytest.approx(2.5 * max(of_prefixed, 0), abs=1e-4)
        if text in strangers:
            expected = reference(siglip, crops[text.face_id], strangers[text])
            assert row["stranger_cosine"] == pytest.approx(expected, abs=1e-5)
        assert (row["cosine_model"], row["clip_s_model"]) == (siglip.name, clip.name)


def test_clip_s_is_two_and_a_half_cosines_and_never_negative() -> None:
    assert [clip_s(cosine) for cosine in (-1.0, -0.1, 0.0, 0.3, 1.0)] == [0, 0, 0, 0.75, 2.5]


def test_scores_do_not_depend_on_the_batch_or_the_order_of_the_pixels(shard, clip) -> None:
    settings = ScoreSettings(cosine_model=str(clip), clip_s_model=str(clip), batch_size=64)
    together = score(shard(), load_measures(settings, "cpu"), settings)
    tables, pixels = shard()
    ones = replace(settings, batch_size=1)
    backwards = {region: own[::-1] for region, own in pixels.items()}
    alone = score((tables, backwards), load_measures(ones, "cpu"), ones)
    assert alone.drop_columns(SCORES).equals(together.drop_columns(SCORES))
    for column in SCORES:
        pairs = zip(alone[column].to_pylist(), together[column].to_pylist(), strict=True)
        assert all(a == b or a == pytest.approx(b, abs=1e-5) for a, b in pairs)


def test_bfloat16_is_near_float32(shard, clip) -> None:
    settings = ScoreSettings(cosine_model=str(clip), precision="float32")
    half = replace(settings, precision="bfloat16")
    exact = score(shard(), load_measures(settings, "cpu"), settings)["crop_cosine"].to_numpy()
    coarse = score(shard(), load_measures(half, "cpu"), half)["crop_cosine"].to_numpy()
    assert 0 < np.abs(exact - coarse).max() < 0.02


def test_different_texts_and_pictures_are_embedded_once(shard, told) -> None:
    encoder = told()
    made = shard()
    table = score(made, measure(encoder))
    assert sorted(encoder.texts) == sorted({t.text for t in texts_of(made[0])})
    assert encoder.pictures == 4 + 3
    rows = {(r["face_id"], r["caption_source"]): r for r in table.to_pylist()}
    both = [rows[f"{KEY}-{index}", "alt_text"] for index in (0, 1)]
    assert both[0]["picture_cosine"] == both[1]["picture_cosine"]
    assert both[0]["crop_cosine"] != both[1]["crop_cosine"]
    assert both[0]["clip_s_model"] is both[0]["crop_clip_s"] is None


def test_text_that_the_model_cuts_off_is_flagged(shard, told) -> None:
    rows = score(shard(), measure(told())).to_pylist()
    assert {r["caption_source"] for r in rows if r["cosine_truncated"]} == {"template", "llm"}


def test_without_a_model_every_row_says_so_and_no_picture_is_read(shard) -> None:
    def untouchable():
        raise AssertionError("a picture was read")
        yield

    tables, _ = shard()
    table = score((tables, {"crop": untouchable(), "picture": untouchable()}), ())
    assert set(table["status"].to_pylist()) == {"unavailable"}
    outcome = scores_available(table)
    assert not outcome.passed
    assert outcome.reason == (
        "Off: no CLIP: ScoreSettings.cosine_model and ScoreSettings.clip_s_model are empty; "
        "15 rows have no score."
    )


@pytest.mark.parametrize("entry", [KEY, f"{KEY}-0"])
def test_opted_out_faces_are_not_looked_at_and_their_texts_not_read(shard, told, entry) -> None:
    encoder = told()
    table = score(shard(), measure(encoder), opt_out=OptOut.of(entry))
    gone = table.filter(pa.compute.equal(table["status"], "opted_out"))
    faces = {f"{KEY}-0"} if entry.endswith("-0") else {f"{KEY}-0", f"{KEY}-1"}
    assert set(gone["face_id"].to_pylist()) == faces
    assert not any("00001-0" in text for text in encoder.texts)
    assert scores_available(table).passed


@pytest.mark.parametrize(
    ("region", "broken", "message", "faces"),
    [
        ("crop", b"not a picture", "the pixels cannot be decoded: no known", [f"{KEY}-0"]),
        ("crop", None, "the crop's pixels are missing", [f"{KEY}-0"]),
        ("picture", None, "the picture's pixels are missing", [f"{KEY}-0", f"{KEY}-1"]),
    ],
)
def test_pixels_that_cannot_be_had_are_rows_that_say_so(
    shard, told, region, broken, message, faces
) -> None:
    tables, pixels = shard()
    name = faces[0] if region == "crop" else KEY
    own = [(n, data) for n, data in pixels[region] if n != name]
    pixels[region] = [*own, (name, broken)] if broken else own
    table = score((tables, pixels), measure(told()))
    failed = table.filter(pa.compute.equal(table["status"], "failed_to_decode")).to_pylist()
    assert sorted({row["face_id"] for row in failed}) == faces
    assert all(row["error_message"].startswith(message) for row in failed)
    assert captions_scored(table).passed is (len(failed) <= table.num_rows / 2)


def test_a_text_that_the_model_dies_of_spoils_no_other(shard, told) -> None:
    table = score(shard(), measure(told(dies_of_text="00001-0")))
    failed = table.filter(pa.compute.equal(table["status"], "failed_to_score")).to_pylist()
    assert [(r["face_id"], r["caption_source"]) for r in failed] == [
        (f"{KEY}-0", "template"),
        (f"{KEY}-0", "llm"),
    ]
    assert failed[0]["error_message"] == "told: RuntimeError: unreadable"
    rows = {(r["face_id"][-7:], r["caption_source"]): r for r in table.to_pylist()}
    # Its neighbour's stranger would have been that text.
    assert rows["00000-0", "template"]["status"] == "scored"
    assert rows["00000-0", "template"]["stranger_cosine"] is None


@pytest.mark.parametrize("way", ["cannot_prepare", "cannot_see"])
def test_a_picture_that_the_model_dies_of_spoils_no_other(shard, told, way) -> None:
    height = 41  # Of the picture of KEY, and of no other and no crop.
    table = score(shard(), measure(told(**{way: height})))
    failed = table.filter(pa.compute.equal(table["status"], "failed_to_score")).to_pylist()
    assert {row["face_id"] for row in failed} == {f"{KEY}-0", f"{KEY}-1"}
    assert all(row["error_message"].endswith("ValueError: odd shape") for row in failed)
    assert pa.compute.sum(pa.compute.equal(table["status"], "scored")).as_py() == 4 + 3


def test_fewer_are_looked_at_together_where_memory_runs_out(shard, told) -> None:
    plenty = score(shard(), measure(told()))
    assert score(shard(), measure(told(fits=1))).equals(plenty)


def test_out_of_memory_is_no_caption_s_fault(shard, told) -> None:
    with pytest.raises(OutOfMemory, match="told ran out of memory"):
        score(shard(), measure(told(fits=0)))


def test_a_shard_without_texts_has_no_rows(shard, told) -> None:
    tables, pixels = shard()
    empty = {name: table.slice(0, 0) for name, table in tables.items()}
    assert score((empty, pixels), measure(told())).num_rows == 0


def test_no_model_is_loaded_where_none_is_named() -> None:
    assert load_measures(ScoreSettings()) == ()


def test_a_model_that_cannot_be_had_names_its_own_setting(clip, tmp_path) -> None:
    settings = ScoreSettings(cosine_model=str(clip), clip_s_model=str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"ScoreSettings\.clip_s_model = "):
        load_measures(settings, "cpu")


def test_float16_on_a_cpu_is_refused_by_its_setting(clip) -> None:
    settings = ScoreSettings(cosine_model=str(clip), precision="float16")
    with pytest.raises(ModelUnavailable, match=r"ScoreSettings\.precision is float16"):
        load_measures(settings, "cpu")


def test_code_version_follows_from_settings_and_models_not_from_the_batch(tmp_path) -> None:
    store = ModelStore(tmp_path)
    first = stage_identity(SETTINGS, store)
    assert stage_identity(replace(SETTINGS, batch_size=9), store) == first
    for change in ({"cosine_model": "b"}, {"clip_s_model": "b"}, {"precision": "bfloat16"}):
        assert stage_identity(replace(SETTINGS, **change), store) != first
