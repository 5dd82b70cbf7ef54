"""Captions to tokens, crops to tensors, pairs to batches."""

import io
import random

import pytest
import torch
from PIL import Image

from flip_training.data import CropStream, Face, TrainingBatches, read_faces, shuffled
from flip_training.recipes import RECIPES
from flip_training.storage import Storage
from flip_training.tokenization import (
    clean_caption,
    tokenize,
    vocabulary_tokenizer,
    word_vocabulary,
)
from flip_training.training_sets import build_training_set
from flip_training.transforms import OPERATIONS, augment, load_crop, normalize


@pytest.mark.parametrize(
    ("caption", "clean"),
    [
        ('The man (40) has "grey" hair; he smiles!', "the man 40 has grey hair he smiles"),
        ("one two  three four", "one two three"),
        ("a.b:c", "a b c"),
    ],
)
def test_captions_are_cleaned_as_published(caption: str, clean: str) -> None:
    assert clean_caption(caption, 8 if "man" in caption else 3) == clean


def test_the_vocabulary_is_in_order_of_frequency_and_spells_any_word() -> None:
    vocabulary = word_vocabulary(["red hat", "red coat", "blue coat"])
    assert vocabulary[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert vocabulary[-4:] == ["coat", "red", "blue", "hat"]
    tokens = vocabulary_tokenizer(["red hat"]).tokenize("trad")
    assert tokens == ["t", "##r", "##a", "##d"]


def test_long_captions_are_cut_with_their_last_token_kept() -> None:
    tokenizer = vocabulary_tokenizer(["red hat"])
    tokens = tokenize(tokenizer, ["red hat " * 40, "red"], 10)
    assert tokens["input_ids"].shape == (2, 10)
    assert tokens["input_ids"][0, -1] == tokenizer.sep_token_id
    assert tokens["attention_mask"].sum(dim=1).tolist() == [10, 3]


def jpeg(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_crops_are_resized_to_a_square_whatever_their_shape() -> None:
    crop = load_crop(jpeg((255, 0, 0), (90, 40)), 16)
    assert (crop.shape, crop.dtype) == ((3, 16, 16), torch.uint8)
    assert crop[0].min() > 250


def test_normalisation_is_clips() -> None:
    grey = torch.full((1, 3, 2, 2), 128, dtype=torch.uint8)
    expected = (128 / 255 - 0.48145466) / 0.26862954
    assert normalize(grey)[0, 0, 0, 0].item() == pytest.approx(expected, rel=1e-5)


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(ValueError, match="crop cannot be decoded"):
        load_crop(b"not a picture", 16)


def test_augmentation_follows_the_generator_only() -> None:
    images = torch.randint(0, 255, (6, 3, 16, 16), dtype=torch.uint8)
    first, second = (augment(images, 2, 5, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, images)


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_operations_keep_shape_and_type(name: str) -> None:
    image = torch.randint(0, 255, (3, 16, 16), dtype=torch.uint8)
    changed = OPERATIONS[name](image, -0.5)
    assert (changed.shape, changed.dtype) == (image.shape, torch.uint8)


def test_a_face_shows_each_of_its_captions_over_the_epochs() -> None:
    face = Face("a-00000-0", "a", ("one", "two", "three"))
    shown = [face.caption_of_epoch(seed=1, epoch=epoch) for epoch in range(40)]
    assert set(shown) == set(face.captions)
    assert shown == [face.caption_of_epoch(seed=1, epoch=epoch) for epoch in range(40)]


def test_faces_of_two_tables_carry_both_captions(storage: Storage) -> None:
    build_training_set(storage, RECIPES["template_llm"])
    assert {len(f.captions) for f in read_faces(storage, "template_llm", "train")} == {2}


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
    faces = [*faces_of(storage), Face("colours-00000-99999-0", "colours-00000", ("x",))]
    with pytest.raises(LookupError, match="colours-00000-99999-0"):
        list(CropStream(storage, faces, 8).read())


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
