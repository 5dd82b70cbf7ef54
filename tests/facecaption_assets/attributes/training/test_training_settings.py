import pytest

from facecaption_assets.attributes.training.settings import TrainingSettings, learning_rate

SETTINGS = TrainingSettings(learning_rate=1.0, warmup_steps=10)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.0), (5, 0.5), (10, 1.0), (39, 1.0), (40, 1.0), (70, 0.5), (99, 1 / 60), (100, 0.0)],
)
def test_rate_rises_stays_for_the_published_share_and_falls_to_zero(step: int, rate: float) -> None:
    assert learning_rate(step, 100, SETTINGS) == pytest.approx(rate)


def test_training_that_is_all_warm_up_does_not_divide_by_zero() -> None:
    assert [learning_rate(step, 10, SETTINGS) for step in (0, 9, 10)] == [0.0, 0.9, 0.0]


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"image_size": 32}, {"batch_size": 0}, {"learning_rate": 0.0}]
)
def test_value_out_of_range_is_named(change: dict[str, float]) -> None:
    (name,) = change
    with pytest.raises(ValueError, match=rf"{name} is .*; allowed is"):
        TrainingSettings(**change)
