"""Faces that share a centroid with a target picture, from a CLIP's files to the pairs."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial.distance import cdist
from typer.testing import CliRunner

from flip_training.cli import app
from flip_training.pairs import image_embeddings
from flip_training.pairs.clusters import faces_like_target, fit_centroids, nearest
from flip_training.pairs.image_embeddings import FACES, TARGETS
from flip_training.pairs.inputs import InputUnavailable, find_inputs
from flip_training.pairs.recipes import RECIPES, Take
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import PartitionMissing, Provenance, Storage
from tests.tiny_models import save_clip

SHARDS = ("colours-00000", "colours-00001")
CLUSTERED = replace(
    RECIPES["llm"],
    name="llm_in_clusters",
    takes=(Take(captions=("llm",), in_clusters=True),),
    clusters=2,
)


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """A tiny CLIP in the files of a real one."""
    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    save_clip(folder)
    return folder


@pytest.fixture
def flip(home, clip, monkeypatch) -> Callable[..., str]:
    """Runs the command on the data root with the CLIP; returns what it printed."""
    monkeypatch.setenv("FLIP_CLIP", str(clip))

    def run(*arguments: object, fails: bool = False) -> str:
        result = CliRunner().invoke(app, ["--home", str(home), *map(str, arguments)])
        assert (result.exit_code != 0) == fails, result.output
        return result.output

    return run


def write_picture(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (48, 48), colour).save(path)
    return path


def test_the_nearest_centroid_is_that_of_all_distances() -> None:
    rng = np.random.default_rng(0)
    vectors, centroids = (rng.normal(size=(n, 8)).astype(np.float32) for n in (500, 20))
    assert np.array_equal(nearest(vectors, centroids), cdist(vectors, centroids).argmin(axis=1))


def test_centroids_find_separate_heaps_and_come_out_equal() -> None:
    rng = np.random.default_rng(0)
    middles = np.array([[10, 0], [-10, 0], [0, 10]], np.float32)
    heaps = np.concatenate([m + rng.normal(0, 0.1, (50, 2)) for m in middles]).astype(np.float32)
    first, second = (fit_centroids(heaps, 3) for _ in range(2))
    assert np.array_equal(first, second)
    assert len(fit_centroids(heaps[:2], 5)) == 2


def test_embeddings_are_the_clips_own_unit_vectors(storage, flip, clip) -> None:
    from transformers import AutoImageProcessor, CLIPModel

    assert "✓ 2/2 colours-00001: 12 faces" in flip("embed-faces")
    names, vectors = image_embeddings.read(storage, FACES, SHARDS[0])
    model = CLIPModel.from_pretrained(clip).eval()
    processor = AutoImageProcessor.from_pretrained(clip)
    with tarfile.open(storage.tar_path("face_crops", SHARDS[0])) as tar:
        image = Image.open(io.BytesIO(tar.extractfile(f"{names[3]}.jpg").read())).convert("RGB")
    with torch.no_grad():
        seen = model.get_image_features(**processor(images=[image], return_tensors="pt"))
    expected = torch.nn.functional.normalize(seen.pooler_output, dim=-1).numpy()[0]
    assert np.abs(vectors[3] - expected).max() < 1e-3
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)


def test_what_is_embedded_is_not_embedded_again(storage, flip, rewrite) -> None:
    flip("embed-faces")
    before = [storage.table_path(FACES, shard).stat().st_mtime_ns for shard in SHARDS]
    assert flip("embed-faces").count("up to date") == 2
    rewrite("face_crops", SHARDS[1], lambda _, row: row.update(extra=1))
    assert flip("embed-faces").count("up to date") == 1
    after = [storage.table_path(FACES, shard).stat().st_mtime_ns for shard in SHARDS]
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)


def test_pairs_are_of_faces_like_the_target(storage, flip, tmp_path) -> None:
    flip("embed-faces")
    with tarfile.open(storage.tar_path("face_crops", SHARDS[0])) as tar:
        tar.extract(f"{SHARDS[0]}-00004-0.jpg", tmp_path / "target", filter="data")
    assert "1 pictures, 0 unreadable" in flip("embed-target", "target", tmp_path / "target")
    done = build_training_set(storage, CLUSTERED)
    faces = storage.read_table("training_sets", CLUSTERED.name)["face_id"].to_pylist()
    assert f"{SHARDS[0]}-00004-0" in faces
    assert 0 < done.counts["excluded_outside_clusters"] == 24 - len(faces)
    assert f"{TARGETS}/target" in done.input_versions


def test_a_recipe_without_embeddings_names_the_setting_and_the_command(storage, flip) -> None:
    with pytest.raises(PartitionMissing, match="set FLIP_CLIP to a CLIP and run flip embed-faces"):
        find_inputs(storage, CLUSTERED)
    flip("embed-faces")
    with pytest.raises(PartitionMissing, match=r"target_embeddings of target.*flip embed-target"):
        find_inputs(storage, CLUSTERED)


def test_embeddings_of_two_clips_do_not_mix(storage, flip, tmp_path, monkeypatch) -> None:
    flip("embed-faces")
    torch.manual_seed(1)
    save_clip(tmp_path / "other")
    write_picture(tmp_path / "target" / "a.png", (200, 0, 0))
    flip("embed-target", "target", tmp_path / "target", "--clip", tmp_path / "other")
    with pytest.raises(InputUnavailable, match="are of two CLIPs"):
        find_inputs(storage, CLUSTERED)


def test_a_picture_that_cannot_be_read_is_a_row_that_says_why(storage, flip, tmp_path) -> None:
    write_picture(tmp_path / "target" / "a.png", (200, 0, 0))
    (tmp_path / "target" / "b.jpg").write_bytes(b"no picture")
    assert "1 pictures, 1 unreadable" in flip("embed-target", "target", tmp_path / "target")
    rows = storage.read_table(TARGETS, "target").to_pylist()
    assert [row["embedding"] is None for row in rows] == [False, True]
    assert "UnidentifiedImageError" in rows[1]["error_message"]


def test_bad_places_and_models_are_named(flip, tmp_path) -> None:
    (tmp_path / "none").mkdir()
    assert "holds no picture that can be read" in flip(
        "embed-target", "target", tmp_path / "none", fails=True
    )
    (tmp_path / "text.tar").write_text("no tar")
    told = flip("embed-target", "target", tmp_path / "text.tar", fails=True)
    assert "text.tar: " in told and "Traceback" not in told
    assert "got '../mine'" in flip("embed-target", "../mine", tmp_path / "none", fails=True)
    assert "FLIP_CLIP = " in flip("embed-faces", "--clip", tmp_path / "none", fails=True)
    assert "FLIP_CLIP is empty" in flip("embed-faces", "--clip", "", fails=True)


def test_a_shard_whose_tar_is_damaged_is_passed_over(storage, flip) -> None:
    storage.tar_path("face_crops", SHARDS[0]).write_bytes(b"no tar")
    assert f"{SHARDS[0]} is passed over: " in flip("embed-faces")
    assert storage.partitions(FACES) == [SHARDS[1]]


def test_where_there_is_no_face_none_is_like_the_target(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    none = image_embeddings.Embedded([], np.zeros((0, 4), np.float32), [])
    image_embeddings.commit(storage, none, Provenance(FACES, "empty-00000", "clip"))
    assert list(faces_like_target(storage, ["empty-00000"], CLUSTERED)) == [("empty-00000", [])]


def test_no_names_of_people_are_stored(storage: Storage, flip) -> None:
    flip("embed-faces")
    assert storage.read_table(FACES, SHARDS[0]).schema.names == [
        "name",
        "embedding",
        "error_message",
    ]
