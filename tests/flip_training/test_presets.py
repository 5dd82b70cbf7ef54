"""Named settings, and which one the environment chooses."""

import math
from dataclasses import replace

import pytest

from flip_training.config import fingerprint
from flip_training.pairs.recipes import RECIPES
from flip_training.presets import base_paper, preset, preset_from_environment, tiny


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "tiny"),
        ({"FACECAPTION_PROFILE": "laion_face"}, "base_paper"),
        ({"FACECAPTION_PROFILE": "laion_face", "FLIP_PRESET": "tiny"}, "tiny"),
    ],
)
def test_the_environment_chooses(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str
) -> None:
    for variable in ("FACECAPTION_PROFILE", "FLIP_PRESET"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert preset_from_environment().name == name


@pytest.mark.parametrize("variable", ["FLIP_PRESET", "FACECAPTION_PROFILE"])
def test_an_unknown_name_is_an_error_that_says_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("FLIP_PRESET", raising=False)
    monkeypatch.setenv(variable, "huge")
    with pytest.raises(ValueError, match=f"{variable}='huge' is not one of"):
        preset_from_environment()


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(ValueError, match="preset 'huge'"):
        preset("huge")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 3.0}, r"train\.lr must be in \(0, 1\), got 3\.0"),
        ({"batch_size": 1}, r"train\.batch_size must be at least 2, got 1"),
        ({"epochs": 0}, r"train\.epochs must be positive, got 0"),
        ({"schedule": "steps"}, r"train\.schedule must be step_decay or cosine, got 'steps'"),
        ({"warmup_lr": math.nan}, r"train\.warmup_lr must be in \[0, 1\), got nan"),
        ({"min_lr": -1.0}, r"train\.min_lr must be in \[0, 1\), got -1\.0"),
        ({"decay": math.nan}, r"train\.decay must be in \(0, 1\], got nan"),
        ({"weight_decay": math.inf}, r"train\.weight_decay must be 0 or more, got inf"),
        ({"warmup_steps": -1}, r"train\.warmup_steps must be 0 or more, got -1"),
        ({"augment_magnitude": 50}, r"train\.augment_magnitude must be from 0 to 10, got 50"),
        ({"compute_threads": -1}, r"train\.compute_threads must be 0 or more, got -1"),
    ],
)
def test_bad_settings_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(tiny().train, **change)  # type: ignore[arg-type]


def test_the_patch_divides_the_image() -> None:
    with pytest.raises(ValueError, match=r"vision\.image_size must be a multiple of patch_size 16"):
        replace(base_paper().model.vision, image_size=225)


def test_equal_settings_have_equal_fingerprints() -> None:
    assert fingerprint(tiny(), RECIPES["llm"]) == fingerprint(tiny(), RECIPES["llm"])
    longer = replace(tiny(), train=replace(tiny().train, epochs=99))
    assert fingerprint(tiny()) != fingerprint(longer)
