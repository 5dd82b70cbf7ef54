"""Alpha against Krippendorff's worked examples and the package ``krippendorff`` 0.9.0."""

import numpy as np
import pytest

from facecaption_assets.quality.reviewing.agreement import Level, krippendorff_alpha

#: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): sections A, B and C.
TWO_OBSERVERS_YES_NO = ("0100000000", "1110010010")
TWO_OBSERVERS_FIVE_NAMES = ("112243335441", "212223335444")
FOUR_OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def units(observers: tuple[str, ...]) -> list[list[int]]:
    return [[int(value) for value in unit if value != "."] for unit in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("observers", "level", "alpha"),
    [
        (TWO_OBSERVERS_YES_NO, Level.NOMINAL, 0.095),
        (TWO_OBSERVERS_FIVE_NAMES, Level.NOMINAL, 0.692),
        (FOUR_OBSERVERS, Level.NOMINAL, 0.743),
        (FOUR_OBSERVERS, Level.ORDINAL, 0.815),
    ],
)
def test_published_examples_come_out(
    observers: tuple[str, ...], level: Level, alpha: float
) -> None:
    assert krippendorff_alpha(units(observers), level) == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize(
    ("level", "alpha"), [(Level.NOMINAL, 0.15644820295983097), (Level.ORDINAL, 0.7108931992033389)]
)
def test_alpha_is_the_packages_where_a_quarter_of_the_answers_is_missing(
    level: Level, alpha: float
) -> None:
    random = np.random.default_rng(7)
    answers = np.clip(random.integers(1, 6, 40) + random.integers(-1, 2, (3, 40)), 1, 5)
    given = random.random((3, 40)) >= 0.25
    found = [answers[given[:, unit], unit].tolist() for unit in range(40)]
    assert krippendorff_alpha(found, level) == pytest.approx(alpha, abs=1e-12)


def test_full_agreement_is_one_and_systematic_disagreement_is_negative() -> None:
    assert krippendorff_alpha([[1, 1], [2, 2]], Level.NOMINAL) == 1
    worse = krippendorff_alpha([[1, 2], [2, 1]], Level.NOMINAL)
    assert worse is not None
    assert worse < 0


@pytest.mark.parametrize("found", [[], [[1], [2]], [[3, 3], [3, 3]]])
def test_alpha_is_not_defined_without_pairs_or_without_difference(found: list[list[int]]) -> None:
    assert krippendorff_alpha(found, Level.ORDINAL) is None
