"""Evidence on a face from the pixels of its crop: sharpness, exposure, colour, edges.

Plain measures that need no model. Which of them drops a face belongs to ``judging``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.cropping import Place
from facecaption_assets.faces.detection import Box, RgbImage
from facecaption_assets.faces.edges import edge_density

#: The face, without what is around it, is measured at one size, px: the spread of the Laplacian
#: depends on the resolution otherwise.
SIDE_PX: Final = 128
#: Grey levels at which nothing can be told from black or from white any more.
BLACK: Final = 5
WHITE: Final = 250


@dataclass(frozen=True)
class PixelEvidence:
    """Evidence on one face; fields are columns of FACE_CROPS, where their meaning is told."""

    sharpness: float
    brightness: float
    dark_share: float
    bright_share: float
    colourfulness: float
    canny_edge_density: float


def pixel_evidence(
    crop: RgbImage, edges: NDArray[np.bool_], box: Box, place: Place
) -> PixelEvidence:
    """Evidence on a face.

    Args:
        crop: Its pixels, (H, W, 3).
        edges: Edges of the crop, as of ``edges.canny_edges``.
        box: The face in the picture.
        place: Where the crop lies in the picture.
    """
    import cv2

    part = _inside(crop, box, place)
    way = cv2.INTER_AREA if max(part.shape[:2]) > SIDE_PX else cv2.INTER_LINEAR
    face = np.asarray(cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=way), np.uint8)
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return PixelEvidence(
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        brightness=float(grey.mean() / 255),
        dark_share=float((grey <= BLACK).mean()),
        bright_share=float((grey >= WHITE).mean()),
        colourfulness=_colourfulness(face),
        canny_edge_density=edge_density(edges),
    )


def _inside(crop: RgbImage, box: Box, place: Place) -> RgbImage:
    """The part of the crop around the face's box; all of it where the box lies outside."""
    left, top, right, bottom = box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    moved = corners @ place.matrix[:, :2].T + place.matrix[:, 2]
    limits = (place.width, place.height)
    x0, y0 = np.clip(np.floor(moved.min(axis=0)), 0, limits).astype(int)
    x1, y1 = np.clip(np.ceil(moved.max(axis=0)), 0, limits).astype(int)
    return crop[y0:y1, x0:x1] if x1 > x0 and y1 > y0 else crop


def _colourfulness(pixels: RgbImage) -> float:
    """How colourful a person would call it, from 0 (grey) to beyond 100.

    Source: D. Hasler and S. Süsstrunk, Measuring colourfulness in natural images, SPIE 5007, 2003.
    """
    red, green, blue = (pixels[..., channel].astype(np.float64) for channel in range(3))
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread = np.hypot(*opponents.std(axis=(1, 2)))
    return float(spread + 0.3 * np.hypot(*opponents.mean(axis=(1, 2))))
