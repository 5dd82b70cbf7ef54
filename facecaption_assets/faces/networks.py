"""What a YOLO network of any format gives, and what its kinds have in common.

A network takes letterboxed pictures and answers in their pixels; letterboxing and the way back
belong to ``yolo``. The kinds are in ``torch_network``, ``exported_network`` and
``traced_network``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import torch

#: Most faces of a picture, the best first; ultralytics' own limit.
MAX_FACES: Final = 300

#: Side of the grid that pictures are padded to, px, where weights do not say.
DEFAULT_STRIDE: Final = 32


@dataclass(frozen=True)
class Found:
    """The faces of one letterboxed picture, best first, on the CPU.

    Attributes:
        boxes: (N, 4), float32; left, top, right, bottom in px of the letterboxed picture.
        scores: (N,), float32.
        points: (N, K, 2), float32; K is 0 without landmarks.
    """

    boxes: "torch.Tensor"
    scores: "torch.Tensor"
    points: "torch.Tensor"


@dataclass(frozen=True)
class Thresholds:
    """Which candidates are faces: their least score, and the overlap that suppresses."""

    score: float
    iou: float


class Network(Protocol):
    """Loaded weights of a face detector."""

    @property
    def stride(self) -> int:
        """Height and width of its input are multiples of it, px."""

    @property
    def fixed_shape(self) -> tuple[int, int] | None:
        """The only height and width that it takes, px; None where it takes any."""

    def find(self, pictures: "torch.Tensor", thresholds: Thresholds) -> list[Found]:
        """Faces of each of (B, 3, H, W) pictures, uint8, RGB, on the CPU."""


def face_class(names: Mapping[int, str], weights: Path) -> int:
    """The class that is a face: the one named so, or the only one.

    Raises:
        ValueError: If there are several classes and none is called ``face``.
    """
    if len(names) == 1:
        return next(iter(names))
    for index, name in names.items():
        if name.lower() == "face":
            return index
    listed = ", ".join(list(names.values())[:5])
    raise ValueError(
        f"FaceSettings.detector: {weights.name} has {len(names)} classes ({listed}, …), none of "
        "them 'face'"
    )


def suppressed(
    candidates: "torch.Tensor",
    thresholds: Thresholds,
    *,
    num_classes: int,
    face: int = 0,
    point_size: int = 3,
    is_final: bool = False,
) -> list[Found]:
    """Faces among a network's raw candidates, by ultralytics' own suppression.

    Args:
        candidates: (B, 4 + classes + points, N), or (B, N, 6 + points) where the network has
            suppressed already (``is_final``).
        thresholds: What is a face.
        num_classes: Classes of the network.
        face: Which of them is a face.
        point_size: Numbers a landmark: x, y, and perhaps visibility.
        is_final: Whether the network has suppressed already.
    """
    from ultralytics.utils.nms import non_max_suppression

    kept: list[Any] = non_max_suppression(
        candidates,
        conf_thres=thresholds.score,
        iou_thres=thresholds.iou,
        classes=[face],
        nc=num_classes,
        max_det=MAX_FACES,
        # The default gives up after 50 ms a picture, so that results would hang on the load.
        max_time_img=60.0,
        end2end=is_final,
    )
    return [_found(rows.float().cpu(), point_size) for rows in kept]


def _found(rows: "torch.Tensor", point_size: int) -> Found:
    """Rows of box, score, class and points."""
    num_points = (rows.shape[1] - 6) // point_size
    points = rows[:, 6:].reshape(len(rows), num_points, point_size)[:, :, :2]
    return Found(rows[:, :4], rows[:, 4], points)
