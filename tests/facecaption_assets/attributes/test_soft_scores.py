import pytest

from facecaption_assets.attributes.soft_scores import above, below


def test_probability_is_one_half_at_the_midpoint() -> None:
    assert above(3.0, 3.0, 0.2) == 0.5
    assert below(3.0, 3.0, 0.2) == 0.5


def test_threshold_of_the_paper_lies_1_73_widths_above_the_midpoint() -> None:
    assert above(1.0 + 1.735 * 0.1, 1.0, 0.1) == pytest.approx(0.85, abs=1e-3)


@pytest.mark.parametrize("value", [-1e9, -1.0, 0.3, 1e9])
def test_above_and_below_are_complements_within_zero_and_one(value: float) -> None:
    assert above(value, 0.0, 1e-3) + below(value, 0.0, 1e-3) == 1.0
    assert 0.0 < above(value, 0.0, 1e-3) < 1.0
