"""Crops as pictures."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from flip_training.loading.crops import Crops, CropStream
from flip_training.loading.faces import Faces
from flip_training.storage import Storage
from tests.crowds import write_crowd


@pytest.fixture
def crowd(tmp_path: Path) -> CropStream:
    """Forty faces in a tar that is not in order of their ids as texts."""
    faces = write_crowd(tmp_path, "crowd-00000", 40)
    return CropStream(Storage(tmp_path), faces, 8, threads=2)


@pytest.mark.parametrize("cached", [True, False])
def test_every_face_is_read_once_in_order(crowd: CropStream, cached: bool) -> None:
    stream = replace(crowd, cached=cached)
    for _ in range(2):
        read = [face for face, _ in stream.read()]
        assert read == sorted(crowd.faces, key=lambda face: face.face_id)


def test_a_stream_that_was_broken_off_begins_anew(crowd: CropStream) -> None:
    stream = replace(crowd, cached=True)
    next(iter(stream.read()))
    assert len(list(stream.read())) == 40


def test_cached_crops_are_those_of_the_tar(crowd: CropStream) -> None:
    cached = replace(crowd, cached=True)
    once, twice, uncached = (
        torch.stack([crop for _, crop in stream.read()]) for stream in (cached, cached, crowd)
    )
    assert torch.equal(once, twice)
    assert torch.equal(once, uncached)
    assert (once.shape, once.dtype) == ((40, 3, 8, 8), torch.uint8)


def test_crops_of_a_cached_set_need_no_tar(crowd: CropStream, tmp_path: Path) -> None:
    cached = replace(crowd, cached=True)
    before = [face for face, _ in cached.read()]
    Storage(tmp_path).tar_path("face_crops", "crowd-00000").unlink()
    assert [face for face, _ in cached.read()] == before


def test_rows_come_in_the_order_in_which_they_are_asked_for(tmp_path: Path) -> None:
    faces = write_crowd(tmp_path, "a-00000", 5) + write_crowd(tmp_path, "b-00000", 5)
    crops = Crops(Storage(tmp_path), Faces.of(faces), 8, cached=True)
    asked = [7, 1, 0, 9, 3]
    next(iter(crops.load([0])))
    assert [row for row, _ in crops.load(asked)] == asked
    assert all(
        (a == b).all()
        for (_, a), (_, b) in zip(
            crops.load(asked), replace(crops, cached=False).load(asked), strict=True
        )
    )


def test_a_crop_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    faces = write_crowd(tmp_path, "crowd-00000", 3, undecodable={1})
    with pytest.raises(ValueError, match=f"{faces[1].face_id}: crop cannot be decoded"):
        list(CropStream(Storage(tmp_path), faces, 8).read())
