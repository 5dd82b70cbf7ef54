"""A split's faces in columns."""

import numpy as np
import pytest

from flip_training.loading.faces import Face, Faces, read_faces
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import PartitionMissing, Storage

FACES = [
    Face("b-00000-0", "b", ("one", "two"), "b0"),
    Face("a-00000-1", "a", ("three",), "a1"),
    Face("a-00000-0", "a", ("four", "five", "six"), "a0"),
    Face("c-00000-0", "c", ("seven",), "c0"),
]


def test_a_face_shows_each_of_its_captions_over_the_epochs() -> None:
    faces = Faces.of(FACES)
    rows = np.array([0, 3, 2, 0])
    shown = [faces.captions_of_epoch(rows, seed=1, epoch=epoch) for epoch in range(40)]
    seen = [set(captions) for captions in zip(*shown, strict=True)]
    assert seen == [set(faces[row].captions) for row in rows]
    assert shown == [faces.captions_of_epoch(rows, seed=1, epoch=epoch) for epoch in range(40)]


def test_the_caption_of_a_face_does_not_depend_on_the_other_faces() -> None:
    several, lone = Faces.of(FACES), Faces.of(FACES[2:3])
    for epoch in range(10):
        (caption, *_) = several.captions_of_epoch(np.array([0, 1]), seed=1, epoch=epoch)
        assert lone.captions_of_epoch(np.array([0]), seed=1, epoch=epoch) == [caption]


def test_faces_come_back_from_columns_in_order_of_shard_and_id() -> None:
    faces = Faces.of(FACES)
    assert list(faces) == [FACES[2], FACES[1], FACES[0], FACES[3]]
    assert list(faces.captions()) == ["four", "five", "six", "three", "one", "two", "seven"]
    assert faces.num_captions == 7


def test_faces_are_indexed_as_any_sequence() -> None:
    faces = Faces.of(FACES)
    assert faces[-1] == FACES[3]
    assert faces[1:3] == [FACES[1], FACES[0]]
    with pytest.raises(IndexError):
        faces[4]


def test_the_shard_of_every_row_is_known() -> None:
    faces = Faces.of(FACES)
    assert faces.shards == ("a", "b", "c")
    assert faces.shard_starts.tolist() == [0, 2, 3, 4]
    assert [faces.shard_index(row) for row in range(4)] == [0, 0, 1, 2]


def test_there_may_be_no_face() -> None:
    assert list(Faces.of([])) == []
    assert len(Faces.of([])) == 0


def test_faces_of_two_tables_carry_both_captions(storage: Storage) -> None:
    build_training_set(storage, RECIPES["template_llm"])
    assert {len(f.captions) for f in read_faces(storage, "template_llm", "train")} == {2}


def test_the_faces_of_the_splits_are_those_of_the_training_set(storage: Storage) -> None:
    build_training_set(storage, RECIPES["llm"])
    pairs = storage.read_table("training_sets", "llm").to_pylist()
    for split in ("train", "val", "test"):
        assert {
            (f.face_id, f.shard, f.captions, f.crop_sha256)
            for f in read_faces(storage, "llm", split)
        } == {
            (p["face_id"], p["shard"], (p["caption"],), p["crop_sha256"])
            for p in pairs
            if p["split"] == split
        }


def test_faces_need_a_training_set(storage: Storage) -> None:
    with pytest.raises(PartitionMissing, match="training_sets of llm is not built"):
        read_faces(storage, "llm", "train")
