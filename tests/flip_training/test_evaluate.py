"""Evaluation: what is committed, and that planted attributes are found on people never seen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from flip_training.config import Preset
from flip_training.evaluate import OtherTrainingSet, evaluate, sample_faces
from flip_training.evaluation.gallery import encode_split, match_odds
from flip_training.evaluation.retrieval_summary import mean_recall
from flip_training.loading.crops import CropStream
from flip_training.loading.faces import Face, read_faces
from flip_training.loading.transforms import normalize
from flip_training.model.checkpoint import load_checkpoint, save_checkpoint
from flip_training.model.flip import FLIPModel
from flip_training.model.tokenization import vocabulary_tokenizer
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import PartitionMissing, Storage
from flip_training.train import train

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
    assert len(keys) == len(rows) == done.rows == 2 * 2 * (2 * 5 + 1)
    assert set(done.input_versions) == {"flip_checkpoints/llm", "training_sets/llm"}


def test_a_checkpoint_is_needed(storage: Storage, micro: Preset) -> None:
    build_training_set(storage, LLM)
    with pytest.raises(PartitionMissing, match="flip_checkpoints of llm"):
        evaluate(storage, "llm", micro, CPU)


def test_equal_captions_are_one_candidate(storage: Storage, micro: Preset) -> None:
    build_training_set(storage, LLM)
    first, second, third = read_faces(storage, "llm", "train")[:3]
    faces = [
        replace(first, captions=("A red hat.", "a blue hat")),
        replace(second, captions=("a red hat",)),
        replace(third, captions=("a coat",)),
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


@pytest.fixture
def trained(storage: Storage, micro: Preset) -> Storage:
    build_training_set(storage, LLM)
    train(storage, LLM, micro, CPU, quiet)
    return storage


def test_matching_equals_matching_every_pair_alone(trained: Storage, micro: Preset) -> None:
    model, tokenizer = load_checkpoint(trained.model_path("llm"))
    faces = read_faces(trained, "llm", "train")
    stream = CropStream(trained, faces, 16, cached=True)
    gallery = encode_split(model, tokenizer, stream, micro.evaluation)
    wanted = torch.rand(gallery.relevance.shape, generator=torch.Generator().manual_seed(0)) < 0.3
    wanted[5] = False
    odds = match_odds(model, gallery, stream, wanted, batch_size=4)
    for i, (_, crop) in enumerate(stream.read()):
        with torch.inference_mode():
            embeds, _ = model.encode_image(normalize(crop[None]))
            for j in range(wanted.shape[1]):
                tokens = gallery.input_ids[j : j + 1], gallery.attention_mask[j : j + 1]
                logits = model.match(embeds, *tokens)[0]
                expected = (logits[1] - logits[0]).item() if wanted[i, j] else 0.0
                assert odds[i, j].item() == pytest.approx(expected, abs=1e-5)


def test_a_large_split_is_cut_to_a_sample_that_is_told(trained: Storage, micro: Preset) -> None:
    preset = replace(micro, evaluation=replace(micro.evaluation, max_faces=2, rerank=3))
    evaluate(trained, "llm", preset, CPU)
    rows = trained.read_table("flip_retrieval", "llm").to_pylist()
    assert {r["num_candidates"] for r in rows if r["direction"] == "text_to_image"} == {2}
    by_matching = [r for r in rows if r["score"] == "itm" and r["direction"] != "both"]
    assert {r["num_reranked"] for r in by_matching} <= {1, 2}
    assert {r["num_reranked"] for r in rows if r["score"] == "itc"} == {0}


def test_a_checkpoint_of_another_training_set_is_not_measured(
    trained: Storage, micro: Preset, rewrite: Callable[..., None]
) -> None:
    rewrite("llm_captions", "colours-00000", lambda _, row: row.update(status="rejected"))
    build_training_set(trained, LLM)
    with pytest.raises(OtherTrainingSet, match="materialize flip_checkpoints first"):
        evaluate(trained, "llm", micro, CPU)


def test_an_interval_over_few_people_is_said_to_be_over_pictures(
    trained: Storage, micro: Preset
) -> None:
    evaluate(trained, "llm", micro, CPU)
    rows = trained.read_table("flip_retrieval", "llm").to_pylist()
    assert {(r["split"], r["num_groups"]) for r in rows} == {("val", 1), ("test", 2)}
    assert {r["interval_over"] for r in rows} == {"pictures"}
    assert all(r["value_low"] <= r["value"] <= r["value_high"] for r in rows)


def test_the_area_of_both_directions_is_their_mean(trained: Storage, micro: Preset) -> None:
    evaluate(trained, "llm", micro, CPU)
    rows = trained.read_table("flip_retrieval", "llm").to_pylist()
    area = {
        r["direction"]: r["value"]
        for r in rows
        if (r["split"], r["score"], r["metric"]) == ("test", "itc", "auc")
    }
    expected = (area["image_to_text"] + area["text_to_image"]) / 2
    assert area["both"] == pytest.approx(expected)


def test_a_sample_depends_on_the_ids_only() -> None:
    faces = [Face(f"a-{i:05d}-0", "a", ("x",), "") for i in range(50)]
    sample = sample_faces(faces, 10)
    assert len(sample) == 10
    assert sample == sorted(sample, key=lambda face: face.face_id)
    assert sample_faces(list(reversed(faces)), 10) == sample
    assert set(sample) <= set(sample_faces(faces, 20))
    assert sample_faces(faces, 99) == faces


def test_a_model_that_scores_nan_is_not_perfect(trained: Storage, micro: Preset) -> None:
    path = trained.model_path("llm")
    model, tokenizer = load_checkpoint(path)
    with torch.no_grad():
        model.vision_proj.weight.fill_(torch.nan)
    save_checkpoint(path, model, tokenizer)
    with pytest.raises(ValueError, match="scores must be finite"):
        evaluate(trained, "llm", micro, CPU)


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
    table = storage.read_table("flip_retrieval", "llm")
    value, chance = mean_recall(table, "test", "itc")
    assert value > 2 * chance
    area = next(
        r
        for r in table.to_pylist()
        if (r["split"], r["score"], r["metric"], r["direction"]) == ("test", "itc", "auc", "both")
    )
    pairs = storage.read_table("training_sets", "llm").to_pylist()
    tested = {pair["split_group"] for pair in pairs if pair["split"] == "test"}
    assert (area["interval_over"], area["num_groups"]) == ("groups", len(tested))
    assert area["value_low"] > 0.7
