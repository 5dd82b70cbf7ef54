"""Annotator of sex and age: two small ONNX networks on an aligned face.

The networks were trained on dlib's face chips, so the face is brought to a chip's geometry first.
How captions speak of age belongs to ``captions``: this module gives years, ``Young``, and that
women and small children have no beard.
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

#: Zoom and vertical shift of the chip, each mirrored as well; the mean of their log-odds speaks.
#: The network likes faces a little smaller and higher than dlib's template has them: of 1,500
#: CelebA crops on which this was not tried out, 91.7 % get the right state and 1.3 % a wrong one;
#: with views evenly around the template, 90.5 % and 1.4 %.
_GENDER_VIEWS: Final = tuple((zoom, shift) for zoom in (0.92, 1.0) for shift in (-0.06, -0.03, 0.0))
_AGE_VIEWS: Final = ((1.0, 0.0),)

#: Mean colour of the training pictures, RGB, in [0, 255]; from the networks' manifest.
_MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], np.float32)

#: Value of each age class, years; the first stands for babies.
_AGES: Final = np.array([0.25, *range(1, 81)], np.float64)
#: The age network draws towards the middle: in the sample, 55-65 becomes 45, and 35-45 becomes
#: 28-35. Of 284 CelebA crops, 94 % are young by their labels below 30 estimated years, 89 % at
#: 30-34, 64 % at 36-44, and 4 % above 46.
_YOUNG_UNTIL: Final = 38.5
_YOUNG_WIDTH: Final = 4.3
#: The face of a small child does not tell its sex, though the network always answers.
_MIN_AGE_FOR_SEX: Final = 8.0


#: Share of 140 likely men among the CelebA crops with a beard of each kind, and with any; of 124
#: likely women none had one. Men with beards were preferred when the crops were chosen.
_BEARDS_OF_MEN: Final = {
    "5_o_Clock_Shadow": 0.35,
    "Goatee": 0.3,
    "Mustache": 0.2,
    "Sideburns": 0.25,
}
_BEARDED_MEN: Final = 0.6
#: No sex is so certain that a beard would be less likely than this.
_LEAST: Final = 0.01


class AgeGenderAnnotator:
    """Sex, youth and age of aligned faces.

    Args:
        age_weights: ONNX network, (N, 3, 64, 64) to probabilities of 81 ages.
        gender_weights: ONNX network, (N, 3, 32, 32) to probabilities of female and male.
    """

    name = "age_gender"
    attributes = ("Male", "Young", "No_Beard", *_BEARDS_OF_MEN)

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
        probabilities = {"Young": below(age_years, _YOUNG_UNTIL, _YOUNG_WIDTH)}
        if age_years < _MIN_AGE_FOR_SEX:
            return FaceEvidence(probabilities | beard_probabilities(0.0), age_years)
        views = _views(face.pixels, landmarks, _GENDER_SIDE, _GENDER_VIEWS)
        male = _mean_by_odds(_run(self._gender, views)[:, 1])
        return FaceEvidence(probabilities | {"Male": male} | beard_probabilities(male), age_years)


def beard_probabilities(male: float) -> dict[str, float]:
    """What sex alone tells of beards: that women and small children have none.

    Args:
        male: Probability of a grown man, [0, 1]. Of likely men nothing is said: it takes a look.
    """
    if male >= 0.5:
        return {}
    shares = {beard: max(share * male, _LEAST) for beard, share in _BEARDS_OF_MEN.items()}
    return {**shares, "No_Beard": 1 - max(_BEARDED_MEN * male, _LEAST)}


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
