"""Single settings changed by name, and what is said of those that cannot be."""

import pytest

from flip_training.overriding import changes_from_environment, overridden
from flip_training.pairs.recipes import RECIPES
from flip_training.presets import changed_preset, preset_from_environment, tiny
from flip_training.versions import checkpoint_version


def test_values_are_of_the_settings_type() -> None:
    changed = overridden(
        tiny(),
        [
            "train.lr=1e-4",
            "train.epochs=3",
            "train.cache_crops=false",
            "train.schedule=step_decay",
            "model.text.weights=/models/my bert",
            "evaluation.rerank=8",
        ],
    )
    assert changed.train.lr == 1e-4
    assert changed.train.epochs == 3
    assert changed.train.cache_crops is False
    assert changed.train.schedule == "step_decay"
    assert changed.model.text.weights == "/models/my bert"
    assert changed.evaluation.rerank == 8
    assert changed.name.startswith("tiny train.lr=1e-4 ")


def test_settings_that_must_fit_each_other_are_changed_together() -> None:
    changed = overridden(tiny(), ["model.vision.image_size=50", "model.vision.patch_size=25"])
    assert changed.model.vision.image_size == 50


def test_no_change_is_the_preset_itself() -> None:
    assert overridden(tiny(), []) == tiny()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("train.lr", "is not NAME=VALUE"),
        ("train.rate=1", r"'train\.rate' is no setting; 'rate' is not one of epochs, batch_size"),
        ("lr=1", "'lr' is not one of name, model, train, evaluation"),
        ("train=1", "train has settings of its own: epochs"),
        ("train.lr.peak=1", "lr has no settings of its own"),
        ("train.epochs=many", r"train\.epochs must be of type int, got 'many'"),
        ("train.cache_crops=maybe", r"train\.cache_crops must be true or false, got 'maybe'"),
        ("train.precision=fp8", r"train\.precision must be one of fp32, bf16, fp16, got 'fp8'"),
        ("train.lr=3", r"train\.lr must be in \(0, 1\), got 3\.0"),
        ("model.vision.image_size=50", r"vision\.image_size must be a multiple of patch_size"),
        ("name=huge", "'name' is not a setting that can be changed"),
    ],
)
def test_what_is_no_change_is_named(change: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        overridden(tiny(), [change])


def test_the_environment_changes_its_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIP_SET", "train.lr=1e-4 model.text.weights='/models/my bert'")
    assert changes_from_environment() == ("train.lr=1e-4", "model.text.weights=/models/my bert")
    assert preset_from_environment().train.lr == 1e-4


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIP_SET", "train.lr=1e-4")
    assert changed_preset("tiny", ["train.epochs=2"]).train.lr == tiny().train.lr


@pytest.mark.parametrize("value", ["train.rate=1", "train.lr='1e-4"])
def test_a_wrong_environment_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FLIP_SET", value)
    with pytest.raises(ValueError, match=r"^FLIP_SET: "):
        preset_from_environment()


def test_a_wrong_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"^--set: 'train\.rate' is no setting"):
        changed_preset("tiny", ["train.rate=1"])


@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        ("train.lr=1e-4", True),
        ("train.seed=1", True),
        ("model.embed_dim=64", True),
        ("train.save_every=7", False),
        ("train.decode_threads=3", False),
        ("evaluation.rerank=8", False),
    ],
)
def test_what_changes_the_weights_changes_the_version(change: str, is_other: bool) -> None:
    changed = overridden(tiny(), [change])
    before = checkpoint_version(RECIPES["llm"], tiny())
    assert (checkpoint_version(RECIPES["llm"], changed) != before) == is_other
