"""A model's settings: what is refused, and how they are stored."""

import json
from dataclasses import replace

import pytest

from flip_training.model.model_config import ModelConfig
from flip_training.presets import base_paper, tiny


@pytest.mark.parametrize("config", [tiny().model, base_paper().model], ids=["tiny", "base_paper"])
def test_settings_survive_json(config: ModelConfig) -> None:
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_published_model_is_the_preset() -> None:
    model = base_paper().model
    assert (model.vision.tokens, model.text.positions, model.text.max_length) == (197, 512, 65)
    assert (model.embed_dim, model.temp, model.vision.activation) == (256, 0.07, "quick_gelu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_size": 0}, r"vision\.image_size must be a multiple of patch_size 0"),
        ({"activation": "relu"}, r"vision\.activation must be quick_gelu or gelu, got 'relu'"),
        ({"width": 100, "heads": 3}, r"vision\.width must be a multiple of heads 3, got 100"),
        ({"heads": 0}, r"vision\.heads must be positive, got 0"),
        ({"image_size": 0}, r"vision\.image_size must be a multiple of patch_size \d+, got 0"),
    ],
)
def test_bad_settings_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(tiny().model.vision, **change)  # type: ignore[arg-type]
