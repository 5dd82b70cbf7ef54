"""Evaluation: what is committed, and that planted attributes are found on people never seen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from flip_training.config import Preset
from flip_training.data import CropStream, Face, read_faces
from flip_training.evaluate import encode_split, evaluate
from flip_training.flip import FLIPModel
from flip_training.gates import mean_recall
from flip_training.recipes import RECIPES
from flip_training.storage import PartitionMissing, Storage
from flip_training.tokenization import vocabulary_tokenizer
from flip_training.train import train
from flip_training.training_sets import build_training_set

CPU = torch.device("cpu")
LLM = RECIPES["llm"]


def quiet(_: str) -> None:
    """Progress that nobody reads."""


def test_both_held_out_splits_are_measured_both_ways(storage: Storage, micro: Preset) -> None:
    build_training_set(storage, LLM)
    train(storage, LLM, micro, CPU, quiet)
    done = evaluate(storage, "llm", micro, CPU)
    rows = storage.read_table("flip_retrieval", "llm").to_pylist()
    keys = {(r["split"], r["direction"], r["score"], r["metric"]) for r in rows}
    assert len(keys) == len(rows) == done.rows == 2 * 2 * 2 * 4
    assert set(done.input_versions) == {"flip_checkpoints/llm", "training_sets/llm"}


def test_a_checkpoint_is_needed(storage: Storage, micro: Preset) -> None:
    build_training_set(storage, LLM)
    with pytest.raises(PartitionMissing, match="flip_checkpoints of llm"):
        evaluate(storage, "llm", micro, CPU)


def test_equal_captions_are_one_candidate(storage: Storage, micro: Preset) -> None:
    build_training_set(storage, LLM)
    first, second, third = read_faces(storage, "llm", "train")[:3]
    faces = [
        Face(first.face_id, first.shard, ("A red hat.", "a blue hat")),
        Face(second.face_id, second.shard, ("a red hat",)),
        Face(third.face_id, third.shard, ("a coat",)),
    ]
    tokenizer = vocabulary_tokenizer(["a red hat", "a blue hat", "a coat"])
    enc = tokenizer.get_vocab()["[ENC]"]
    text = replace(micro.model.text, vocab_size=len(tokenizer), enc_token_id=enc)
    model = FLIPModel(replace(micro.model, text=text)).eval()
    gallery = encode_split(model, tokenizer, CropStream(storage, faces, 16), micro.evaluation)
    assert gallery.relevance.tolist() == [
        [True, False, True],  # a blue hat, a coat, a red hat
        [False, False, True],
        [False, True, False],
    ]
    assert gallery.text_feat.shape == (3, 8)


def test_a_tiny_flip_finds_planted_attributes_on_people_it_never_saw(
    tmp_path: Path, plant: Callable[..., None], micro: Preset
) -> None:
    plant(tmp_path, "colours-00000", 40, 4)
    storage = Storage(tmp_path)
    vision = replace(micro.model.vision, image_size=32, width=64, layers=2)
    text = replace(micro.model.text, width=64, layers=1, dropout=0.0)
    config = replace(
        micro.train,
        epochs=16,
        batch_size=16,
        queue_size=32,
        lr=1e-3,
        augment_ops=0,
        save_every=16,
        log_every=50,
    )
    preset = replace(
        micro, model=replace(micro.model, vision=vision, text=text, embed_dim=32), train=config
    )
    build_training_set(storage, LLM)
    train(storage, LLM, preset, CPU, quiet)
    evaluate(storage, "llm", preset, CPU)
    value, chance = mean_recall(storage.read_table("flip_retrieval", "llm"), "test", "itc")
    assert value > 2 * chance
