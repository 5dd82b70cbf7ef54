"""First weights from real file formats: whole CLIPs, old BERTs, and what does not fit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertModel,
    CLIPConfig,
    CLIPModel,
    CLIPVisionModel,
)

from flip_training.config import ModelConfig, Preset
from flip_training.model.flip import FLIPModel

LAYERS = {
    "hidden_size": 16,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
IDS, MASK = torch.tensor([[2, 9, 3, 0]]), torch.tensor([[1, 1, 1, 0]])


@pytest.fixture
def config(micro: Preset) -> ModelConfig:
    return replace(micro.model, text=replace(micro.model.text, vocab_size=30, enc_token_id=29))


def clip_config() -> CLIPConfig:
    return CLIPConfig(
        vision_config=LAYERS | {"image_size": 16, "patch_size": 8},
        text_config=LAYERS | {"vocab_size": 50, "eos_token_id": 49, "bos_token_id": 48},
    )


def flip_with(config: ModelConfig, *, clip: object = "", bert: object = "") -> FLIPModel:
    torch.manual_seed(1)
    vision = replace(config.vision, weights=str(clip))
    text = replace(config.text, weights=str(bert))
    model = FLIPModel(replace(config, vision=vision, text=text)).eval()
    model.load_pretrained_encoders()
    return model


@pytest.mark.parametrize("part", ["whole", "vision"])
def test_a_clip_computes_what_it_computed(config: ModelConfig, tmp_path: Path, part: str) -> None:
    torch.manual_seed(0)
    whole = CLIPModel(clip_config()).eval()
    whole.save_pretrained(tmp_path)
    clip = CLIPVisionModel.from_pretrained(tmp_path).eval()
    if part == "vision":
        clip.save_pretrained(tmp_path / "vision")
    pixels = torch.randn(2, 3, 16, 16)
    model = flip_with(config, clip=tmp_path / ("" if part == "whole" else "vision"))
    expected = clip(pixel_values=pixels).pooler_output
    torch.testing.assert_close(model.visual_encoder(pixels)[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_a_clip_in_torchs_own_format_is_read(config: ModelConfig, tmp_path: Path) -> None:
    CLIPModel(clip_config()).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    torch.save(weights, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    model = flip_with(config, clip=tmp_path)
    torch.testing.assert_close(
        model.visual_encoder.post_layernorm.weight,
        weights["vision_model.post_layernorm.weight"],
    )


def as_bert(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights


def as_first_published(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names of the TensorFlow age: a norm's weight is its gamma, its bias its beta."""
    return {
        n.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): w
        for n, w in weights.items()
    }


@pytest.mark.parametrize("naming", [as_bert, as_first_published])
def test_a_bert_with_heads_computes_what_it_computed(
    config: ModelConfig, tmp_path: Path, naming: Callable[[dict[str, Tensor]], dict[str, Tensor]]
) -> None:
    torch.manual_seed(0)
    whole = BertForPreTraining(BertConfig(vocab_size=28, **LAYERS)).eval()
    with torch.no_grad():
        for weight in whole.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    whole.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    save_file(naming(load_file(path)), path, metadata={"format": "pt"})
    model = flip_with(config, bert=tmp_path)
    expected = whole.bert(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(
        model.text_encoder(IDS, MASK)[:, :3], expected[:, :3], rtol=1e-5, atol=1e-5
    )


def test_added_tokens_keep_their_random_rows(config: ModelConfig, tmp_path: Path) -> None:
    BertModel(BertConfig(vocab_size=28, **LAYERS)).save_pretrained(tmp_path)
    model = flip_with(config, bert=tmp_path)
    rows = model.text_encoder.embeddings.word_embeddings.weight
    assert rows.shape == (30, 16)
    assert rows[28:].std() > 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hidden_size": 32}, "hidden_size is 32, not 16"),
        ({"num_attention_heads": 4}, "num_attention_heads is 4, not 2"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu', not 'gelu'"),
        ({"vocab_size": 31}, r"embeddings\.word_embeddings\.weight"),
    ],
)
def test_a_bert_of_another_shape_is_refused(
    config: ModelConfig, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    BertModel(BertConfig(**({"vocab_size": 28} | LAYERS | change))).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=rf"text\.weights '.*' do not fit: {reason}"):
        flip_with(config, bert=tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"patch_size": 4}, "patch_size is 4, not 8"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu', not 'quick_gelu'"),
        ({"num_hidden_layers": 2}, "num_hidden_layers is 2, not 1"),
    ],
)
def test_a_clip_of_another_shape_is_refused(
    config: ModelConfig, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    shape = LAYERS | {"image_size": 16, "patch_size": 8} | change
    CLIPModel(CLIPConfig(vision_config=shape, text_config=LAYERS)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=rf"vision\.weights '.*' do not fit: {reason}"):
        flip_with(config, clip=tmp_path)


def test_a_bert_is_no_clip(config: ModelConfig, tmp_path: Path) -> None:
    BertModel(BertConfig(vocab_size=28, **LAYERS)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"vision\.weights '.*' do not fit: model_type is 'bert'"):
        flip_with(config, clip=tmp_path)


def test_weights_that_a_file_lacks_are_not_drawn_at_random(
    config: ModelConfig, tmp_path: Path
) -> None:
    BertModel(BertConfig(vocab_size=28, **LAYERS)).save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    weights.pop("encoder.layer.0.output.dense.weight")
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"1 weights are missing, first encoder\.layer\.0\.output"):
        flip_with(config, bert=tmp_path)


@pytest.mark.parametrize("setting", ["vision", "text"])
def test_a_name_that_leads_nowhere_is_named(
    config: ModelConfig, tmp_path: Path, setting: str
) -> None:
    nowhere = str(tmp_path / "nothing")
    with pytest.raises(ValueError, match=rf"{setting}\.weights '{nowhere}' is neither a folder"):
        if setting == "vision":
            flip_with(config, clip=nowhere)
        else:
            flip_with(config, bert=nowhere)
