"""A shard's crops through the stage: rows, statuses, samples, opt-outs, failures."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.memory import OutOfMemory
from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.quality.gates import rows_conserved_scores
from facecaption_assets.quality.image_scoring.scoring import (
    Scorers,
    load_scorers,
    score_crops,
    stage_identity,
)
from facecaption_assets.quality.image_scoring.settings import ImageScoreSettings
from facecaption_assets.schema import IMAGE_SCORES
from facecaption_assets.shards.opt_out import OptOut

SETTINGS = ImageScoreSettings(batch_size=2)
KEY = "drawn-00000-00001"


def score(crops, pictures, brisque, clip_iqa=None, settings=SETTINGS, opt_out=None) -> pa.Table:
    scorers = Scorers(brisque, clip_iqa)
    return score_crops(crops, pictures, scorers, settings, opt_out or OptOut.none())


def test_every_kept_face_has_a_row_with_both_scores_in_order(crops, brisque, clip_iqa) -> None:
    kept, pictures = crops(5)
    table = score(kept, pictures[::-1], brisque(), clip_iqa())
    assert table.schema.equals(IMAGE_SCORES.arrow)
    assert rows_conserved_scores(kept, table).passed
    assert table["face_id"].to_pylist() == kept["face_id"].to_pylist()
    assert table["status"].to_pylist() == ["scored"] * 5
    assert table["brisque"].to_pylist() == [40, 41, 42, 43, 44]
    assert table["clip_iqa"].to_pylist() == pytest.approx([0.4, 0.41, 0.42, 0.43, 0.44])
    assert set(table["clip_model"].to_pylist()) == {"a/clip@1"}


def test_without_a_clip_its_columns_are_null(crops, brisque) -> None:
    table = score(*crops(3), brisque())
    assert table["status"].to_pylist() == ["scored"] * 3
    assert table["clip_iqa"].null_count == table["clip_model"].null_count == 3


def test_broken_missing_and_unmeasurable_crops_are_rows_that_say_so(
    crops, brisque, clip_iqa
) -> None:
    kept, pictures = crops(4)
    pictures[1] = (pictures[1][0], b"not a picture")
    del pictures[3]
    table = score(kept, pictures, brisque(refuses=42), clip_iqa())
    assert rows_conserved_scores(kept, table).passed
    assert table["status"].to_pylist() == ["scored", *["failed_to_score"] * 3]
    _, broken, refused, missing = table["error_message"].to_pylist()
    assert broken.startswith("the crop cannot be decoded: ")
    assert refused == "BRISQUE: the picture is of one tone"
    assert missing == "the crop's picture is missing"
    # What one measure refuses, the other may still see.
    assert table["clip_iqa"].to_pylist()[1:] == [None, pytest.approx(0.42), None]


@dataclass
class DyingScorer:
    """Dies of the second crop."""

    error: Exception

    def score(self, pixels: np.ndarray) -> float:
        if len(pixels) == 41:
            raise self.error
        return 1.0


def test_a_crop_that_brisque_dies_of_spoils_no_other(crops) -> None:
    table = score(*crops(3), DyingScorer(RuntimeError("the filter died")))
    assert table["status"].to_pylist() == ["scored", "failed_to_score", "scored"]
    assert table["error_message"][1].as_py() == "BRISQUE: RuntimeError: the filter died"


def test_memory_that_brisque_lacks_is_no_face_s_fault(crops) -> None:
    with pytest.raises(OutOfMemory, match="BRISQUE ran out of memory"):
        score(*crops(3), DyingScorer(MemoryError("out of memory")))


def test_a_picture_that_the_clip_dies_of_spoils_no_other_score(crops, brisque, clip_iqa) -> None:
    table = score(*crops(4), brisque(), clip_iqa(dies_of=41))
    assert table["status"].to_pylist() == ["scored", "failed_to_score", "scored", "scored"]
    assert table["error_message"][1].as_py() == "CLIP-IQA: RuntimeError: the model died"
    assert table["brisque"].to_pylist() == [40, 41, 42, 43]


def test_batches_are_halved_until_they_fit(crops, brisque, clip_iqa) -> None:
    clip = clip_iqa(fits=2)
    table = score(*crops(6), brisque(), clip, replace(SETTINGS, batch_size=6))
    assert table["clip_iqa"].null_count == 0
    assert max(clip.batches) <= 2


def test_out_of_memory_is_no_face_s_fault(crops, brisque, clip_iqa) -> None:
    with pytest.raises(OutOfMemory, match="a/clip@1 ran out of memory"):
        score(*crops(2), brisque(), clip_iqa(fits=0))


@pytest.mark.parametrize("entry", [KEY, f"{KEY}-0"])
def test_opted_out_faces_are_not_looked_at(crops, brisque, entry) -> None:
    looking = brisque()
    table = score(*crops(3), looking, opt_out=OptOut.of(entry))
    assert table["status"].to_pylist() == ["scored", "opted_out", "scored"]
    assert table["brisque"].to_pylist() == [40, None, 42]
    assert looking.seen == 2


def test_a_sample_is_the_same_whatever_comes_with_it(crops, brisque) -> None:
    few, many = (replace(SETTINGS, sample=n) for n in (4, 8))
    kept, pictures = crops(20)
    small = score(kept, pictures, brisque(), settings=few)
    assert rows_conserved_scores(kept, small).passed
    assert small["status"].to_pylist().count("scored") == 4
    assert set(small["error_message"].drop_null().to_pylist()) == {
        "4 faces of the shard are scored"
    }

    def sampled(table: pa.Table) -> set[str]:
        return {r["face_id"] for r in table.to_pylist() if r["status"] == "scored"}

    assert sampled(small) == sampled(score(kept, pictures[::-1], brisque(), settings=few))
    assert sampled(small) < sampled(score(kept, pictures, brisque(), settings=many))


def test_a_shard_without_kept_faces_has_no_rows(crops, brisque) -> None:
    assert score(crops(1)[0].slice(0, 0), [], brisque()).num_rows == 0


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        ({"sample": 10}, True),
        ({"clip_model": "a/clip"}, True),
        ({"batch_size": 7}, False),
        ({"max_median_brisque": 80.0}, False),
        ({"drift_warn": 1.0}, False),
    ],
)
def test_only_what_decides_scores_changes_the_version(tmp_path, change, is_new) -> None:
    store = ModelStore(tmp_path)
    before, after = (stage_identity(s, store) for s in (SETTINGS, replace(SETTINGS, **change)))
    assert (before != after) is is_new


def test_a_clip_that_cannot_be_had_fails_before_any_crop(tmp_path, store) -> None:
    settings = ImageScoreSettings(clip_model=str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"ImageScoreSettings\.clip_model"):
        load_scorers(settings, store)


@pytest.mark.parametrize(
    "wrong", [{"sample": 0}, {"batch_size": 0}, {"max_median_brisque": -1.0}, {"drift_warn": -0.1}]
)
def test_settings_that_cannot_be_meant_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .*; allowed is"):
        ImageScoreSettings(**wrong)
