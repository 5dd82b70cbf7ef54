"""Crops and captions to batches."""

import hashlib
import io
import random
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from flip_training.data import CropStream, Face, TrainingBatches, read_faces, shuffled
from flip_training.recipes import RECIPES
from flip_training.storage import Storage
from flip_training.tokenization import vocabulary_tokenizer
from flip_training.training_sets import build_training_set


def test_a_face_shows_each_of_its_captions_over_the_epochs() -> None:
    face = Face("a-00000-0", "a", ("one", "two", "three"), "")
    shown = [face.caption_of_epoch(seed=1, epoch=epoch) for epoch in range(40)]
    assert set(shown) == set(face.captions)
    assert shown == [face.caption_of_epoch(seed=1, epoch=epoch) for epoch in range(40)]


def test_faces_of_two_tables_carry_both_captions(storage: Storage) -> None:
    build_training_set(storage, RECIPES["template_llm"])
    assert {len(f.captions) for f in read_faces(storage, "template_llm", "train")} == {2}


def jpeg(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), (shade, shade, shade)).save(buffer, "JPEG")
    return buffer.getvalue()


def faces_of(storage: Storage) -> list[Face]:
    build_training_set(storage, RECIPES["llm"])
    return read_faces(storage, "llm", "train")


@pytest.mark.parametrize("cached", [True, False])
def test_every_face_is_read_once_per_epoch(storage: Storage, cached: bool) -> None:
    faces = faces_of(storage)
    stream = CropStream(storage, faces, 8, threads=2, cached=cached)
    for epoch in range(2):
        read = [face.face_id for face, _ in stream.read(random.Random(epoch))]
        assert sorted(read) == sorted(face.face_id for face in faces)


def test_a_missing_crop_is_an_error_that_names_it(storage: Storage) -> None:
    faces = [*faces_of(storage), Face("colours-00000-99999-0", "colours-00000", ("x",), "")]
    with pytest.raises(LookupError, match="colours-00000-99999-0"):
        list(CropStream(storage, faces, 8).read())


@pytest.fixture
def crowd(tmp_path: Path) -> CropStream:
    """A picture with twelve faces, whose tar is in order of detection, not of ids as texts."""
    storage, faces = Storage(tmp_path), []
    path = storage.tar_path("face_crops", "crowd-00000")
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w") as tar:
        for index in range(12):
            data, face_id = jpeg(20 * index), f"crowd-00000-00000-{index}"
            info = tarfile.TarInfo(f"{face_id}.jpg")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            sha256 = hashlib.sha256(data).hexdigest()
            faces.append(Face(face_id, "crowd-00000", (f"face {index}",), sha256))
    return CropStream(storage, sorted(faces, key=lambda face: face.face_id), 8, threads=2)


def test_the_order_of_crops_does_not_depend_on_the_cache(crowd: CropStream) -> None:
    def order(stream: CropStream) -> list[str]:
        return [face.face_id for face, _ in stream.read()]

    cached = replace(crowd, cached=True)
    assert order(cached) == order(cached) == order(crowd)
    interrupted = replace(crowd, cached=True)
    next(interrupted.read())
    assert order(interrupted) == order(interrupted) == order(crowd)


def test_cached_crops_are_those_of_the_tar(crowd: CropStream) -> None:
    cached = replace(crowd, cached=True)
    first, second = (dict(enumerate(crop for _, crop in cached.read())) for _ in range(2))
    assert all(torch.equal(crop, second[i]) for i, crop in first.items())


def test_a_crop_that_is_not_the_training_sets_is_an_error(crowd: CropStream) -> None:
    other = replace(crowd.faces[3], crop_sha256="0" * 64)
    stream = replace(crowd, faces=[*crowd.faces[:3], other, *crowd.faces[4:]])
    with pytest.raises(LookupError, match=f"{other.face_id} .*build training_sets again"):
        list(stream.read())


def test_captions_that_the_model_reads_alike_have_one_id(crowd: CropStream) -> None:
    texts = ("A red hat.", "a  red hat", "a blue hat")
    faces = [replace(f, captions=(t,)) for f, t in zip(crowd.faces, texts, strict=False)]
    batches = TrainingBatches(
        replace(crowd, faces=faces), vocabulary_tokenizer(texts), 3, 65, buffer=4, seed=0
    )
    (batch,) = batches.epoch(0)
    assert len(set(batch["caption_id"].tolist())) == 2
    assert len(set(batch["image_id"].tolist())) == 3


def test_shuffling_keeps_every_item() -> None:
    items = list(shuffled(range(50), 7, random.Random(0)))
    assert sorted(items) == list(range(50)) != items


def test_batches_are_full_and_equal_for_an_equal_epoch(storage: Storage) -> None:
    faces = faces_of(storage)
    tokenizer = vocabulary_tokenizer(c for face in faces for c in face.captions)
    stream = CropStream(storage, faces, 8)
    batches = TrainingBatches(stream, tokenizer, 4, 65, buffer=5, seed=0)
    epochs = [list(batches.epoch(epoch)) for epoch in (0, 0, 1)]
    assert len(epochs[0]) == len(batches) == len(faces) // 4
    assert epochs[0][0]["images"].shape == (4, 3, 8, 8)
    orders = [torch.cat([b["image_id"] for b in epoch]).tolist() for epoch in epochs]
    assert orders[0] == orders[1] != orders[2]
