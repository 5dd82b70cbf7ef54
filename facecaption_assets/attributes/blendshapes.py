"""Annotator of expression: MediaPipe's face landmarker, its blendshapes and lip points.

Runs on crops, one face each. ``Narrow_Eyes`` is only ever denied, on open eyes: narrow eyes,
squinting, winking and looking down look alike here, so there is no basis for asserting it.
"""

import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.soft_scores import above, below

if TYPE_CHECKING:
    from mediapipe.tasks.python import vision

#: Longest side that the landmarker sees, px; it works at 256 px inside.
_MAX_SIDE: Final = 512

#: Points of MediaPipe's 478: middle of the inner lips above and below, corners of the mouth.
_INNER_LIPS: Final = (13, 14)
_MOUTH_CORNERS: Final = (61, 291)
#: Each eye's rims of the lids above and below, and its corners.
_EYES: Final = (((159, 145), (33, 133)), ((386, 374), (362, 263)))


class BlendshapeAnnotator:
    """Smile, open mouth and open eyes.

    Args:
        weights: MediaPipe's ``face_landmarker.task``.
    """

    name = "blendshapes"
    attributes = ("Smiling", "Mouth_Slightly_Open", "Narrow_Eyes")

    def __init__(self, weights: Path) -> None:
        self._weights = weights.read_bytes()
        with _open_landmarker(self._weights):
            pass  # Weights that cannot be used are refused here, not at the first face.

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order; none where MediaPipe finds no face.

        Nor of profiles: there MediaPipe imagines a face from the front, often with parted lips.
        """
        # One landmarker per call: MediaPipe cannot be closed without an error once the
        # interpreter shuts down, and opening takes 25 ms, as much as two faces.
        with _open_landmarker(self._weights) as landmarker:
            return [
                FaceEvidence() if face.is_profile else _annotate(landmarker, face.pixels)
                for face in faces
            ]


def _annotate(landmarker: "vision.FaceLandmarker", pixels: NDArray[np.uint8]) -> FaceEvidence:
    import mediapipe

    shown = _shrink(pixels)
    result = landmarker.detect(
        mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(shown))
    )
    if not result.face_blendshapes:
        return FaceEvidence()
    shapes = {shape.category_name: shape.score for shape in result.face_blendshapes[0]}
    height, width = shown.shape[:2]
    points = np.array([(p.x * width, p.y * height) for p in result.face_landmarks[0]])
    return FaceEvidence(expression_probabilities(shapes, points))


def expression_probabilities(
    shapes: Mapping[str, float], points: NDArray[np.float64]
) -> dict[str, float]:
    """Probabilities from one face's blendshapes and points.

    Curves were set on the sample's 160 faces with a named expression, and on 282 CelebA crops.

    Args:
        shapes: Blendshape → coefficient, [0, 1].
        points: (478, 2), px.
    """
    # Happy and playful faces of the sample have 0.77-0.98, smug and flirty ones 0.5-0.9, all
    # others under 0.3. Of the CelebA crops, 16 % smile by their labels at 0.01-0.03, 55 % at
    # 0.15-0.25, 83 % at 0.5-0.7 and all above: about straight in log-odds.
    smile = (shapes["mouthSmileLeft"] + shapes["mouthSmileRight"]) / 2
    probabilities = {"Smiling": above(_log_odds(smile), -1.4, 1.15)}
    # Closed lips have up to 0.05, a wide-open mouth 0.3-0.7. Of the CelebA crops, 6 % are open by
    # their labels at 0.04-0.06, 55 % at 0.08-0.13, 91 % at 0.17-0.25, and 43 of 45 above: CelebA's
    # "slightly" excludes no wide-open mouth.
    gap = _ratio(points, _INNER_LIPS, _MOUTH_CORNERS)
    probabilities["Mouth_Slightly_Open"] = above(gap, 0.105, 0.03)
    # Open eyes have 0.3 and more; below, the reason may be any.
    openness = min(_ratio(points, lids, corners) for lids, corners in _EYES)
    narrow = below(openness, 0.24, 0.03)
    if narrow < 0.5:
        probabilities["Narrow_Eyes"] = narrow
    return probabilities


def _log_odds(share: float) -> float:
    certain = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(certain / (1 - certain))


def _ratio(points: NDArray[np.float64], height: tuple[int, int], width: tuple[int, int]) -> float:
    return _distance(points, height) / max(_distance(points, width), 1e-6)


def _distance(points: NDArray[np.float64], pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))


@contextmanager
def _open_landmarker(weights: bytes) -> Iterator["vision.FaceLandmarker"]:
    """A landmarker for the length of a block, in which stderr is dropped."""
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=weights),
        output_face_blendshapes=True,
        num_faces=1,
    )
    with _silenced_stderr(), vision.FaceLandmarker.create_from_options(options) as landmarker:
        yield landmarker


def _shrink(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = pixels.shape[:2]
    scale = _MAX_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Drop what native code writes to stderr: MediaPipe logs before any log level applies."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
