"""Distributions over all shards, counted against NumPy."""

from dataclasses import asdict

import numpy as np
import pytest

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.image_scoring.histograms import (
    MEASURES,
    Histogram,
    image_histograms,
)
from facecaption_assets.schema import FACE_CROPS, IMAGE_SCORES
from facecaption_assets.storage import Storage

FACES = 300


def commit_faces(storage: Storage) -> dict[str, np.ndarray]:
    """Two shards of kept faces with scores, a few without, and a dropped face in each."""
    random = np.random.default_rng(4)
    values = {
        "width": random.integers(100, 1300, FACES),
        "height": random.integers(100, 1300, FACES),
        "sharpness": random.gamma(2, 600, FACES),
        "brisque": random.normal(12, 25, FACES),
        "clip_iqa": random.integers(0, 26, FACES) / 25,
        "image_share": random.random(FACES),
        "yaw_deg": random.normal(0, 40, FACES).clip(-90, 90),
        "roll_deg": random.normal(0, 40, FACES),
    }
    values = {name: v.astype(np.float32) if v.dtype == float else v for name, v in values.items()}
    for at, shard in enumerate(("s-00000", "s-00001")):
        crops, scores = [], []
        for i in range(at * FACES // 2, (at + 1) * FACES // 2):
            face = {"face_id": f"{shard}-{i:05d}-0", "key": f"{shard}-{i:05d}", "split_group": "g"}
            told = {name: values[name][i].item() for name in values}
            brisque, clip_iqa = told.pop("brisque"), told.pop("clip_iqa")
            crops.append(face | told | {"status": "kept"})
            scores.append(face | {"status": "scored", "brisque": brisque, "clip_iqa": clip_iqa})
        dropped = {"face_id": f"{shard}-99999-0", "key": f"{shard}-99999", "split_group": "g"}
        crops.append(dropped | {"status": "dropped", "width": 5, "height": 5, "sharpness": 1.0})
        kept_only = {"face_id": f"{shard}-99998-0", "key": f"{shard}-99998", "split_group": "g"}
        crops.append(kept_only | {"status": "kept"})
        storage.commit(FACE_CROPS.from_rows(crops), Provenance("face_crops", shard, "v1"))
        storage.commit(IMAGE_SCORES.from_rows(scores), Provenance("image_scores", shard, "v1"))
    values["resolution"] = np.sqrt(values.pop("width").astype(float) * values.pop("height"))
    return values


@pytest.fixture
def counted(storage: Storage) -> tuple[dict[str, Histogram], dict[str, np.ndarray]]:
    values = commit_faces(storage)
    with open_tables(storage) as connection:
        return {h.measure.name: h for h in image_histograms(connection)}, values


@pytest.mark.parametrize("name", [measure.name for measure in MEASURES])
def test_counts_and_quantiles_are_those_of_numpy(counted, name: str) -> None:
    histograms, values = counted
    histogram, known = histograms[name], values[name].astype(float)
    edges = np.array(histogram.edges)
    # float32 of a value on an edge may lie a hair below it; it belongs to the bin above.
    places = np.floor((known - edges[0]) / histogram.measure.width + 1e-6)
    inside = places[(places >= 0) & (places < len(edges) - 1)].astype(int)
    expected = np.bincount(inside, minlength=len(edges) - 1)
    assert histogram.counts == tuple(expected.tolist())
    assert histogram.below == (places < 0).sum()
    assert sum(histogram.counts) + histogram.below + histogram.above == histogram.faces == FACES
    assert histogram.unknown == 2
    assert histogram.mean == pytest.approx(known.mean())
    quantiles = (histogram.p05, histogram.median, histogram.p95)
    assert quantiles == pytest.approx(tuple(np.quantile(known, [0.05, 0.5, 0.95])))
    assert histogram.peak == pytest.approx(
        (edges[expected.argmax()] + edges[expected.argmax() + 1]) / 2
    )


def test_the_published_figures_stand_beside_their_measures(counted) -> None:
    histograms, _ = counted
    assert histograms["brisque"].measure.published["FaceCaption-15M"] == 12
    assert histograms["clip_iqa"].measure.published["LAION-Face"] == 0.67
    assert histograms["resolution"].measure.published["FaceCaption-15M"] == pytest.approx(285)
    assert asdict(histograms["brisque"])["measure"]["name"] == "brisque"


def test_nothing_built_gives_empty_histograms(storage: Storage) -> None:
    with open_tables(storage) as connection:
        histograms = image_histograms(connection)
    assert [h.faces for h in histograms] == [0] * len(MEASURES)
    assert {h.peak for h in histograms} == {h.median for h in histograms} == {None}
