"""The authors' checkpoints: their names, what is left aside, what is refused.

None of their files is at hand: a random model is written under the names of their code.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from flip_training.config import Preset, TextConfig
from flip_training.model.authors import own_name, read_authors_model
from flip_training.model.flip import FLIPModel

#: Names of weights in ``models/fflip.py`` and ``models/mm.py``, one of each kind.
THEIR_NAMES = {
    "visual_encoder.vision_model.embeddings.class_embedding",
    "visual_encoder.vision_model.embeddings.patch_embedding.weight",
    "visual_encoder.vision_model.embeddings.position_embedding.weight",
    "visual_encoder.vision_model.pre_layrnorm.weight",
    "visual_encoder.vision_model.post_layrnorm.bias",
    "visual_encoder.vision_model.encoder.layers.0.self_attn.q_proj.weight",
    "visual_encoder.vision_model.encoder.layers.0.self_attn.out_proj.bias",
    "visual_encoder.vision_model.encoder.layers.0.layer_norm1.weight",
    "visual_encoder.vision_model.encoder.layers.0.mlp.fc2.weight",
    "text_encoder.embeddings.word_embeddings.weight",
    "text_encoder.embeddings.position_embeddings.weight",
    "text_encoder.embeddings.LayerNorm.weight",
    "text_encoder.encoder.layer.0.attention.self.query.weight",
    "text_encoder.encoder.layer.0.attention.output.dense.weight",
    "text_encoder.encoder.layer.0.attention.output.LayerNorm.bias",
    "text_encoder.encoder.layer.0.crossattention.self.key.weight",
    "text_encoder.encoder.layer.0.crossattention.output.dense.weight",
    "text_encoder.encoder.layer.0.intermediate.dense.weight",
    "text_encoder.encoder.layer.0.output.LayerNorm.weight",
    "vision_proj.weight",
    "text_proj.bias",
    "itm_head.weight",
    "temp",
}


@pytest.fixture
def model(micro: Preset) -> FLIPModel:
    torch.manual_seed(0)
    vision = replace(micro.model.vision, layers=2)
    text = TextConfig(
        width=micro.model.text.width,
        layers=micro.model.text.layers,
        heads=micro.model.text.heads,
        vocab_size=30,
        enc_token_id=29,
        weights="bert-base-uncased",
    )
    return FLIPModel(replace(micro.model, vision=vision, text=text)).eval()


def their_name(name: str) -> str:
    name = name.replace("visual_encoder.", "visual_encoder.vision_model.")
    return name.replace("post_layernorm", "post_layrnorm")


def theirs(model: FLIPModel) -> dict[str, Tensor]:
    """What their pre-training saves as ``model``: weights, momentum copies, queues, positions."""
    weights = {their_name(name): tensor for name, tensor in model.state_dict().items()}
    copies = {
        name.replace(part, f"{part}_m", 1): torch.zeros_like(tensor)
        for name, tensor in weights.items()
        if (part := name.split(".")[0]) not in ("itm_head", "temp")
    }
    queues = {
        "image_queue": torch.zeros(8, 6),
        "text_queue": torch.zeros(8, 6),
        "idx_queue": torch.zeros(1, 6, dtype=torch.int64),
        "ptr_queue": torch.zeros(1, dtype=torch.int64),
    }
    positions = {
        "visual_encoder.vision_model.embeddings.position_ids": torch.arange(5)[None],
        "text_encoder.embeddings.position_ids": torch.arange(512)[None],
    }
    return weights | copies | queues | positions


def checkpoint(weights: dict[str, Tensor]) -> dict[str, Any]:
    return {"model": weights, "optimizer": {"state": {}}, "config": {"lr": 3e-5}, "epoch": 12}


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "of DDP"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_it_computes_what_it_computed(
    model: FLIPModel, tmp_path: Path, suffix: str, wrapped: bool
) -> None:
    weights = {f"module.{n}" if wrapped else n: t for n, t in theirs(model).items()}
    path = tmp_path / f"checkpoint_12{suffix}"
    if suffix == ".pth":
        torch.save(checkpoint(weights), path)
    else:
        save_file(weights, path)
    again = read_authors_model(path, head_width=8)
    assert again.config == model.config
    assert not again.training
    assert again.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(w, again.state_dict()[n]) for n, w in model.state_dict().items())


def test_their_names_are_ours(model: FLIPModel) -> None:
    ours = set(model.state_dict())
    assert {own_name(name) for name in THEIR_NAMES} <= ours
    assert {own_name(their_name(name)) for name in ours} == ours


def drop(weights: dict[str, Tensor]) -> None:
    del weights["text_encoder.encoder.layer.0.crossattention.self.key.weight"]
    del weights["itm_head.bias"]


def add(weights: dict[str, Tensor]) -> None:
    weights["layer_weights"] = torch.zeros(12)


def reshape(weights: dict[str, Tensor]) -> None:
    weights["itm_head.weight"] = torch.zeros(3, 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop, r"2 missing \(itm_head\.bias, text_encoder\.encoder\.layer\.0\.crossattention"),
        (add, r"1 unknown \(layer_weights\)"),
        (reshape, r"1 of another shape \(itm_head\.weight\)"),
    ],
)
def test_weights_that_do_not_belong_are_listed(
    model: FLIPModel, tmp_path: Path, change: Callable[[dict[str, Tensor]], None], message: str
) -> None:
    weights = theirs(model)
    change(weights)
    torch.save(checkpoint(weights), tmp_path / "their.pth")
    with pytest.raises(ValueError, match=message):
        read_authors_model(tmp_path / "their.pth", head_width=8)


class Trap:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {"temp": torch.zeros(())}}, "is no checkpoint of FLIP: it has no weight"),
        ({"model": Trap()}, "cannot be read as plain tensors"),
        ({"model": {"temp": 0.07}}, "holds no dictionary of weights"),
        ([1, 2], "holds no dictionary of weights"),
    ],
    ids=["another model", "code", "numbers", "a list"],
)
def test_what_is_no_checkpoint_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object, message: str
) -> None:
    torch.save(content, tmp_path / "file.pth")
    with pytest.raises(ValueError, match=message):
        read_authors_model(tmp_path / "file.pth")
    assert "run" not in capsys.readouterr().out


def test_a_missing_or_torn_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.pth is no file"):
        read_authors_model(tmp_path / "nothing.pth")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    with pytest.raises(ValueError, match="cannot be read as plain tensors"):
        read_authors_model(tmp_path / "torn.safetensors")


def test_half_precision_becomes_single(model: FLIPModel, tmp_path: Path) -> None:
    halves = {n: t.half() if t.is_floating_point() else t for n, t in theirs(model).items()}
    torch.save(checkpoint(halves), tmp_path / "half.pth")
    again = read_authors_model(tmp_path / "half.pth", head_width=8)
    assert {weight.dtype for weight in again.parameters()} == {torch.float32}
