"""Batches of training."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from flip_training.loading.augmentation import Augmentation
from flip_training.loading.crops import Crops
from flip_training.loading.data import Batch, TrainingBatches
from flip_training.loading.faces import Face, Faces
from flip_training.model.tokenization import vocabulary_tokenizer
from flip_training.seeds import stable_seed
from flip_training.storage import Storage
from tests.crowds import write_crowd


@pytest.fixture
def faces(tmp_path: Path) -> list[Face]:
    """Fifty faces of three shards, with captions of different lengths."""
    found = [f for i, n in enumerate((20, 1, 29)) for f in write_crowd(tmp_path, f"s-0000{i}", n)]
    return [
        replace(f, captions=("a " * (1 + i % 9) + "man", f"woman number {i}"))
        for i, f in enumerate(found)
    ]


@pytest.fixture
def batches(faces: list[Face], tmp_path: Path) -> TrainingBatches:
    tokenizer = vocabulary_tokenizer(caption for face in faces for caption in face.captions)
    crops = Crops(Storage(tmp_path), Faces.of(faces), 16)
    return TrainingBatches(crops, tokenizer, 65, 12, 16, 0, Augmentation(2, 9), threads=2)


def joined(steps: Iterator[list[Batch]]) -> list[Batch]:
    """Each step's micro-batches as one."""
    return [
        {name: torch.cat([piece[name] for piece in step]) for name in step[0]} for step in steps
    ]


def assert_equal(one: Batch, other: Batch) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


def test_batches_are_full_and_shuffled(batches: TrainingBatches, faces: list[Face]) -> None:
    steps = joined(batches.epoch(0))
    assert len(steps) == len(batches) == 4
    assert steps[0]["images"].shape == (12, 3, 16, 16)
    assert steps[0]["images"].dtype == torch.uint8
    assert len(set(torch.cat([step["image_id"] for step in steps]).tolist())) == 48


def test_batches_depend_on_seed_and_epoch_only(batches: TrainingBatches) -> None:
    for one, other in zip(joined(batches.epoch(0)), joined(batches.epoch(0)), strict=True):
        assert_equal(one, other)
    orders = [
        [step["image_id"].tolist() for step in joined(b.epoch(epoch))]
        for b, epoch in ((batches, 0), (batches, 1), (replace(batches, seed=1), 0))
    ]
    assert orders[0] != orders[1] != orders[2] != orders[0]


@pytest.mark.parametrize("first_step", [1, 3, 4])
def test_an_epoch_resumes_at_any_step(batches: TrainingBatches, first_step: int) -> None:
    whole, rest = joined(batches.epoch(2)), joined(batches.epoch(2, first_step))
    assert len(rest) == 4 - first_step
    for one, other in zip(whole[first_step:], rest, strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize(("world_size", "micro_batches"), [(2, 1), (1, 3), (3, 2), (12, 1)])
def test_processes_and_micro_batches_share_a_batch(
    batches: TrainingBatches, world_size: int, micro_batches: int
) -> None:
    ranks = [
        list(batches.epoch(1, 0, rank, world_size, micro_batches)) for rank in range(world_size)
    ]
    shared = [
        [piece for pieces in zip(*step, strict=True) for piece in pieces]
        for step in zip(*ranks, strict=True)
    ]
    for one, other in zip(joined(iter(shared)), joined(batches.epoch(1)), strict=True):
        assert_equal(one, other)


def test_threads_change_nothing(batches: TrainingBatches) -> None:
    one_thread = replace(batches, threads=1)
    for one, other in zip(joined(batches.epoch(0)), joined(one_thread.epoch(0)), strict=True):
        assert_equal(one, other)


def test_images_captions_and_ids_are_of_one_face(
    batches: TrainingBatches, faces: list[Face]
) -> None:
    plain = replace(batches, augmentation=Augmentation(0, 0))
    pictures = {
        face.face_id: torch.from_numpy(picture.copy()).permute(2, 0, 1)
        for face, (_, picture) in zip(
            plain.crops.faces, plain.crops.load(range(len(faces))), strict=True
        )
    }
    everyone = np.arange(len(faces))
    captions = dict(
        zip(
            plain.crops.faces.face_ids(everyone),
            plain.crops.faces.captions_of_epoch(everyone, 0, 0),
            strict=True,
        )
    )
    by_id = {stable_seed(face.face_id): face for face in faces}
    for step in joined(plain.epoch(0)):
        for i, image_id in enumerate(step["image_id"].tolist()):
            face, image = by_id[image_id], step["images"][i]
            picture = pictures[face.face_id]
            assert torch.equal(image, picture) or torch.equal(image, picture.flip(-1))
            shown = plain.tokenizer.decode(step["input_ids"][i], skip_special_tokens=True)
            assert shown == captions[face.face_id]


def test_captions_are_padded_to_the_longest_of_the_step(batches: TrainingBatches) -> None:
    parts = zip(batches.epoch(0, 0, 0, 4), batches.epoch(0, 0, 1, 4), strict=True)
    for (one,), (other,) in parts:
        assert one["input_ids"].shape == other["input_ids"].shape == one["attention_mask"].shape


def test_captions_that_the_model_reads_alike_have_one_id(
    batches: TrainingBatches, faces: list[Face]
) -> None:
    texts = ("A red hat.", "a  red hat", "a blue hat")
    shown = [replace(f, captions=(t,)) for f, t in zip(faces, texts, strict=False)]
    crops = replace(batches.crops, faces=Faces.of(shown))
    ((batch,),) = replace(batches, crops=crops, batch_size=3).epoch(0)
    assert len(set(batch["caption_id"].tolist())) == 2
    assert len(set(batch["image_id"].tolist())) == 3


def test_a_process_reads_its_own_crops_only(batches: TrainingBatches) -> None:
    """Those of others may even be broken."""
    own, others = (joined(batches.epoch(0, 0, rank, 2)) for rank in range(2))
    unread = {image_id for step in others for image_id in step["image_id"].tolist()}
    torn = [
        replace(face, crop_sha256="0" * 64) if stable_seed(face.face_id) in unread else face
        for face in batches.crops.faces
    ]
    crops = replace(batches.crops, faces=Faces.of(torn))
    for one, other in zip(
        own, joined(replace(batches, crops=crops).epoch(0, 0, 0, 2)), strict=True
    ):
        assert_equal(one, other)
    with pytest.raises(LookupError, match="has another crop"):
        list(replace(batches, crops=crops).epoch(0, 0, 1, 2))


def test_crops_of_steps_that_are_skipped_are_not_read(batches: TrainingBatches) -> None:
    early = {i for (step,) in list(batches.epoch(0))[:3] for i in step["image_id"].tolist()}
    torn = [
        replace(face, crop_sha256="0" * 64) if stable_seed(face.face_id) in early else face
        for face in batches.crops.faces
    ]
    crops = replace(batches.crops, faces=Faces.of(torn))
    assert len(list(replace(batches, crops=crops).epoch(0, first_step=3))) == 1


def test_faces_that_make_parts_unequal_are_left_out_of_a_lone_batch(
    batches: TrainingBatches, faces: list[Face]
) -> None:
    crops = replace(batches.crops, faces=Faces.of(faces[:7]))
    ((one, two),) = replace(batches, crops=crops).epoch(0, micro_batches=2)
    assert len(one["images"]) == len(two["images"]) == 3


@pytest.mark.parametrize(
    ("changes", "epoch", "message"),
    [
        ({"batch_size": 10}, {"world_size": 4}, r"10 pairs \(train\.batch_size\)"),
        ({"batch_size": 10}, {"micro_batches": 4}, r"4 micro-batches \(train\.micro_batches\)"),
        ({}, {"rank": 2, "world_size": 2}, r"rank must be in \[0, 2\), got 2"),
        ({}, {"micro_batches": 0}, "micro_batches must be positive, got 0"),
        ({"batch_size": 60}, {"world_size": 60}, "50 faces are too few"),
    ],
)
def test_parts_that_cannot_be_are_refused(
    batches: TrainingBatches, changes: dict[str, int], epoch: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        next(replace(batches, **changes).epoch(0, **epoch))  # type: ignore[arg-type]


def test_a_lone_face_cannot_be_trained_on(batches: TrainingBatches, faces: list[Face]) -> None:
    crops = replace(batches.crops, faces=Faces.of(faces[:1]))
    with pytest.raises(ValueError, match="training needs at least 2 faces, got 1"):
        next(replace(batches, crops=crops).epoch(0))


def test_a_failure_of_a_thread_reaches_the_reader_and_ends_the_others(
    batches: TrainingBatches, tmp_path: Path
) -> None:
    Storage(tmp_path).tar_path("face_crops", "s-00000").unlink()
    before = threading.active_count()
    with pytest.raises(FileNotFoundError, match=r"s-00000\.tar"):
        list(batches.epoch(0))
    assert threading.active_count() == before


def test_an_epoch_that_is_broken_off_leaves_no_thread(batches: TrainingBatches) -> None:
    before = threading.active_count()
    steps = batches.epoch(0)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
