from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facecaption_assets.attributes import age_gender
from facecaption_assets.attributes.age_gender import (
    BOX_LANDMARKS,
    CHIP_LANDMARKS,
    AgeGenderAnnotator,
    beard_probabilities,
    similarity_transform,
)
from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence


class FakeSession:
    """A network that answers the same for every chip, and remembers the chips."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities
        self.seen: list[np.ndarray] = []

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="images")]

    def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.seen.append(inputs["images"])
        return [np.tile(self.probabilities, (len(inputs["images"]), 1)).astype(np.float32)]


@pytest.fixture
def annotator(monkeypatch: pytest.MonkeyPatch):
    def make(age: float, male: float) -> tuple[AgeGenderAnnotator, dict[str, FakeSession]]:
        sessions = {
            # Between two ages, the network's answer is spread over both.
            "age": FakeSession(
                (np.eye(81)[int(np.floor(age))] + np.eye(81)[int(np.ceil(age))]) / 2
            ),
            "gender": FakeSession(np.array([1 - male, male])),
        }
        monkeypatch.setattr(age_gender, "_open_session", lambda path: sessions[path.name])
        return AgeGenderAnnotator(Path("age"), Path("gender")), sessions

    return make


def face_with(landmarks: np.ndarray | None, box: np.ndarray | None = None) -> FaceCrop:
    pixels = np.full((100, 100, 3), (122, 117, 104), np.uint8)
    return FaceCrop("f", pixels, landmarks, box)


ALIGNED = CHIP_LANDMARKS * 100
MOVED = np.add(ALIGNED, (3, -8))


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.0])
def test_similarity_is_found_again(angle: float) -> None:
    rotation = 1.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = similarity_transform(ALIGNED, ALIGNED @ rotation.T + (5, -3))
    np.testing.assert_allclose(matrix[:, :2], rotation, atol=1e-9)
    np.testing.assert_allclose(matrix[:, 2], (5, -3), atol=1e-9)


def test_similarity_is_the_least_squares_solution() -> None:
    target = ALIGNED + np.random.default_rng(0).normal(0, 5, ALIGNED.shape)
    x, y = ALIGNED.T
    ones, zeros = np.ones(5), np.zeros(5)
    design = np.concatenate([np.stack([x, -y, ones, zeros], 1), np.stack([y, x, zeros, ones], 1)])
    a, b, tx, ty = np.linalg.lstsq(design, target.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(similarity_transform(ALIGNED, target), [[a, -b, tx], [b, a, ty]])


def test_collapsed_landmarks_do_not_divide_by_zero() -> None:
    matrix = similarity_transform(np.full((5, 2), 7.0), ALIGNED)
    assert np.isfinite(matrix).all()


def test_age_is_the_expectation_and_young_falls_with_it(annotator) -> None:
    young = []
    for age in (20, 38.5, 50):
        (evidence,) = annotator(age, 0.5)[0].annotate([face_with(ALIGNED)])
        assert evidence.age_years == pytest.approx(age)
        young.append(evidence.probabilities["Young"])
    assert young[0] > 0.85
    assert young[1] == pytest.approx(0.5)
    assert young[2] < 0.15


@pytest.mark.parametrize("male", [0.02, 0.5, 0.98])
def test_male_is_the_network_s_probability_when_all_views_agree(annotator, male: float) -> None:
    (evidence,) = annotator(30, male)[0].annotate([face_with(ALIGNED)])
    assert evidence.probabilities["Male"] == pytest.approx(male, abs=1e-5)


def test_sex_of_a_small_child_is_not_guessed(annotator) -> None:
    (evidence,) = annotator(4, 0.99)[0].annotate([face_with(ALIGNED)])
    assert "Male" not in evidence.probabilities
    assert evidence.probabilities["No_Beard"] > 0.98
    assert evidence.age_years == pytest.approx(4)


def test_networks_see_normalised_chips_of_their_size_and_their_mirror_images(annotator) -> None:
    judge, sessions = annotator(30, 0.5)
    judge.annotate([face_with(ALIGNED)])
    (age_chips,), (gender_chips,) = sessions["age"].seen, sessions["gender"].seen
    assert age_chips.shape == (2, 3, 64, 64)
    assert gender_chips.shape == (12, 3, 32, 32)
    assert age_chips.dtype == np.float32
    assert abs(age_chips).max() < 0.01
    np.testing.assert_array_equal(age_chips[0], age_chips[1][..., ::-1])


def test_chip_shows_the_eyes_where_the_network_expects_them(annotator) -> None:
    face = face_with(MOVED)
    column, row = MOVED[0].round().astype(int)
    face.pixels[row - 2 : row + 3, column - 2 : column + 3] = 255
    judge, sessions = annotator(30, 0.5)
    judge.annotate([face])
    chip = sessions["age"].seen[0][0].sum(axis=0)
    found = np.array(np.unravel_index(chip.argmax(), chip.shape))[::-1] + 0.5
    np.testing.assert_allclose(found, CHIP_LANDMARKS[0] * 64, atol=2.0)


def test_box_stands_in_for_missing_landmarks(annotator) -> None:
    judge, sessions = annotator(30, 0.5)
    pixels = np.random.default_rng(0).integers(0, 255, (100, 100, 3), np.uint8)
    box = np.array([10.0, 20.0, 80.0, 90.0])
    judge.annotate(
        [FaceCrop("f", pixels, BOX_LANDMARKS * 70 + (10, 20)), FaceCrop("f", pixels, None, box)]
    )
    np.testing.assert_allclose(sessions["age"].seen[0], sessions["age"].seen[1], atol=0.05)


def test_face_without_landmarks_and_box_gives_no_evidence(annotator) -> None:
    assert annotator(30, 0.9)[0].annotate([face_with(None)]) == [FaceEvidence()]


def test_likely_women_have_no_beard_of_any_kind() -> None:
    beards = beard_probabilities(0.02)
    assert beards.pop("No_Beard") > 0.85
    assert beards.keys() == {"5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns"}
    assert all(0 < p < 0.15 for p in beards.values())


def test_sex_tells_nothing_of_a_likely_man_s_beard() -> None:
    assert beard_probabilities(0.97) == {}


def test_doubtful_sex_makes_a_doubtful_beard() -> None:
    assert 0.15 < beard_probabilities(0.45)["No_Beard"] < 0.85


def test_only_announced_attributes_are_spoken_of(annotator) -> None:
    judge = annotator(30, 0.02)[0]
    (evidence,) = judge.annotate([face_with(ALIGNED)])
    assert evidence.probabilities.keys() == set(judge.attributes)
