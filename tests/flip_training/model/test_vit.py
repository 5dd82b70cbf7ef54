"""The image encoder against transformers' CLIP with the same weights."""

from dataclasses import replace
from typing import Literal

import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel

from flip_training.config import Preset, VisionConfig
from flip_training.model.vit import VisualEncoder


@pytest.fixture
def config(micro: Preset) -> VisionConfig:
    return replace(micro.model.vision, width=32, layers=2, heads=4)


def clip_of(config: VisionConfig) -> CLIPVisionModel:
    return CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=config.width,
            intermediate_size=4 * config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            image_size=config.image_size,
            patch_size=config.patch_size,
            hidden_act=config.activation,
        )
    ).eval()


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_it_computes_what_clip_computes(
    config: VisionConfig, activation: Literal["quick_gelu", "gelu"]
) -> None:
    torch.manual_seed(0)
    config = replace(config, activation=activation)
    encoder, clip = VisualEncoder(config).eval(), clip_of(config)
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    clip.load_state_dict(encoder.state_dict())
    pixels = torch.randn(3, 3, 16, 16)
    expected, states = clip(pixel_values=pixels), encoder(pixels)
    torch.testing.assert_close(states[:, 0], expected.pooler_output, rtol=1e-5, atol=1e-5)
    every_token = clip.post_layernorm(expected.last_hidden_state)
    torch.testing.assert_close(states, every_token, rtol=1e-5, atol=1e-5)


def test_random_weights_are_spread_as_clips(config: VisionConfig) -> None:
    torch.manual_seed(0)
    wide = replace(config, width=128)
    own, clips = VisualEncoder(wide).state_dict(), clip_of(wide).state_dict()
    for name, weight in own.items():
        if weight.numel() > 5000:
            assert weight.std().item() == pytest.approx(clips[name].std().item(), rel=0.05), name


def test_a_picture_of_another_size_is_named(config: VisionConfig) -> None:
    with pytest.raises(ValueError, match=r"\(B, 3, 16, 16\), got \(1, 3, 32, 32\)"):
        VisualEncoder(config)(torch.zeros(1, 3, 32, 32))
