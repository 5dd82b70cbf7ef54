"""Annotator of sex and age: two small ONNX networks on an aligned face.

The networks were trained on dlib's face chips, so the face is brought to a chip's geometry first.
How captions speak of age belongs to ``captions``: this module gives years, and ``Young``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.soft_scores import below

if TYPE_CHECKING:
    import onnxruntime

_AGE_SIDE: Final = 64
_GENDER_SIDE: Final = 32
#: Pixels are sampled this much finer than the chip and averaged down, against aliasing.
_OVERSAMPLING: Final = 4

#: (5, 2) landmarks in a dlib chip with padding 0.2, as shares of its side: eyes where dlib puts
#: them, the rest by ArcFace's 112 px template (https://arxiv.org/abs/1801.07698), scaled to them.
CHIP_LANDMARKS: Final = np.array(
    [[0.305, 0.301], [0.681, 0.301], [0.493, 0.515], [0.337, 0.735], [0.649, 0.735]]
)
#: (5, 2) landmarks in a detector's box: medians over 382 faces, for detectors without landmarks.
BOX_LANDMARKS: Final = np.array(
    [[0.264, 0.409], [0.742, 0.409], [0.500, 0.604], [0.313, 0.745], [0.709, 0.745]]
)
#: The nose leaves the plane of the face when the head turns.
_ALIGNED_BY: Final = [0, 1, 3, 4]

#: Zoom and vertical shift of the chip, each mirrored as well. On the sample, one view is
#: confidently wrong (beyond 0.97) for 3.0 % of the faces, the mean log-odds of these for 0.9 %.
_GENDER_VIEWS: Final = tuple(
    (zoom, shift) for zoom in (0.92, 1.0, 1.08) for shift in (-0.03, 0.0, 0.03)
)
_AGE_VIEWS: Final = ((1.0, 0.0),)

#: Mean colour of the training pictures, RGB, in [0, 255]; from the networks' manifest.
_MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], np.float32)

#: Value of each age class, years; the first stands for babies.
_AGES: Final = np.array([0.25, *range(1, 81)], np.float64)
#: The age network draws towards the middle: in the sample, 55-65 becomes 45, and 35-45 becomes
#: 28-35. So ``Young``, in CelebA about "under forty", is only believed below 29 estimated years.
_YOUNG: Final = np.array([below(age, 33.0, 2.5) for age in _AGES])
#: The face of a small child does not tell its sex, though the network always answers.
_MIN_AGE_FOR_SEX: Final = 8.0


class AgeGenderAnnotator:
    """Sex, youth and age of aligned faces.

    Args:
        age_weights: ONNX network, (N, 3, 64, 64) to probabilities of 81 ages.
        gender_weights: ONNX network, (N, 3, 32, 32) to probabilities of female and male.
    """

    name = "age_gender"
    attributes = ("Male", "Young")

    def __init__(self, age_weights: Path, gender_weights: Path) -> None:
        self._age = _open_session(age_weights)
        self._gender = _open_session(gender_weights)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order; none of a face with neither landmarks nor a box."""
        return [self._annotate(face) for face in faces]

    def _annotate(self, face: FaceCrop) -> FaceEvidence:
        landmarks = _landmarks(face)
        if landmarks is None:
            return FaceEvidence()
        ages = _run(self._age, _views(face.pixels, landmarks, _AGE_SIDE, _AGE_VIEWS)).mean(axis=0)
        age_years = float(ages @ _AGES)
        probabilities = {"Young": float(ages @ _YOUNG)}
        if age_years >= _MIN_AGE_FOR_SEX:
            views = _views(face.pixels, landmarks, _GENDER_SIDE, _GENDER_VIEWS)
            probabilities["Male"] = _mean_by_odds(_run(self._gender, views)[:, 1])
        return FaceEvidence(probabilities, age_years)


def _open_session(weights: Path) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # Errors only; the rest is advice to the model's author.
    options.intra_op_num_threads = 1  # Threads would wait for each other on inputs this small.
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def _run(
    session: "onnxruntime.InferenceSession", inputs: NDArray[np.float32]
) -> NDArray[np.float64]:
    (probabilities,) = session.run(None, {session.get_inputs()[0].name: inputs})
    return np.asarray(probabilities, np.float64)


def _landmarks(face: FaceCrop) -> NDArray[np.float64] | None:
    if face.landmarks is not None:
        return face.landmarks
    if face.box_xyxy is None:
        return None
    left_top, right_bottom = face.box_xyxy[:2], face.box_xyxy[2:]
    return left_top + BOX_LANDMARKS * (right_bottom - left_top)


def _views(
    pixels: NDArray[np.uint8],
    landmarks: NDArray[np.float64],
    side: int,
    variations: Sequence[tuple[float, float]],
) -> NDArray[np.float32]:
    """Normalised chips of one face, each followed by its mirror image, (2 V, 3, side, side)."""
    chips = list(_chips(pixels, landmarks, side, variations))
    both = np.stack([view for chip in chips for view in (chip, chip[:, ::-1])])
    normalised = (both.astype(np.float32) - _MEAN_RGB) / np.float32(256)
    return np.ascontiguousarray(normalised.transpose(0, 3, 1, 2))


def _chips(
    pixels: NDArray[np.uint8],
    landmarks: NDArray[np.float64],
    side: int,
    variations: Sequence[tuple[float, float]],
) -> Iterator[NDArray[np.uint8]]:
    import cv2

    fine = side * _OVERSAMPLING
    for zoom, shift in variations:
        target = ((CHIP_LANDMARKS - 0.5) * zoom + (0.5, 0.5 + shift)) * fine
        matrix = similarity_transform(landmarks[_ALIGNED_BY], target[_ALIGNED_BY])
        chip = cv2.warpAffine(pixels, matrix, (fine, fine), borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def similarity_transform(
    source: NDArray[np.float64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rotation, scale and shift that bring points closest to others, by least squares.

    Args:
        source: (P, 2) points.
        target: (P, 2) where they should be.

    Returns:
        (2, 3) matrix; all zero but the shift where all source points coincide.
    """
    # As complex numbers a similarity is z -> a z + b, and least squares gives a in closed form.
    z, w = source @ (1, 1j), target @ (1, 1j)
    centred = z - z.mean()
    spread = float((abs(centred) ** 2).sum())
    a = (centred.conj() @ (w - w.mean())) / spread if spread else 0j
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _mean_by_odds(probabilities: NDArray[np.float64]) -> float:
    """One probability from several views: the mean of their log-odds."""
    certain = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return float(1 / (1 + np.exp(-np.log(certain / (1 - certain)).mean())))
