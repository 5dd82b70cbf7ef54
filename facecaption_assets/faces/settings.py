"""Settings of the stage that turns images into face crops."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_within

#: Where faces come from: a detector that looks at the pictures, or what LAION-Face's authors
#: published of them.
DETECTIONS: Final = ("detector", "laion_face")

#: Settings without effect, by the origin of the faces.
_IDLE: Final[Mapping[str, frozenset[str]]] = {
    "detector": frozenset({"retinaface_min_score"}),
    "laion_face": frozenset(
        {"detector", "image_size", "precision", "min_score", "report_score", "iou_threshold"}
    ),
}

PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class FaceSettings:
    """How faces are found, judged and cut out.

    Attributes:
        detections: ``detector`` looks for faces. ``laion_face`` takes those that LAION-Face's
            authors found with RetinaFace, from ``laion_face_detections``; for LAION-Face only.
        detector: Name in the model store, or path of ultralytics face weights: ``.pt``, ``.onnx``,
            ``.torchscript``, ``.engine`` or a folder ``*_openvino_model``.
        image_size: Longest side that the detector sees, px.
        precision: How PyTorch weights compute: ``float32``, ``bfloat16``, ``float16`` (CUDA only),
            or ``auto``: the fastest of them that the device is made for. Boxes are read out in
            float32 always. Exported weights have the precision that they were exported with.
        batch_size: Most pictures per detector call; fewer where memory does not suffice.
        threads: CPU threads of PyTorch in this process; 0 for all cores.
        min_score: Faces below it are dropped as ``low_confidence``; [0, 1], in the detector's own
            units. Not for published faces.
        retinaface_min_score: Published faces below it are dropped as ``low_confidence``; [0, 1],
            in RetinaFace's units. The default is the paper's.
        report_score: The detector's findings below it are noise and get no row.
        iou_threshold: Overlap above which the weaker of two boxes is suppressed.
        min_side_px: Faces whose box is shorter on either side are dropped as ``too_small``, px.
        margin: Side of the square crop relative to the longer side of the box.
        align: Rotate the crop so that the eyes are level.
        jpeg_quality: Quality of the stored crops, 1-95.
    """

    detections: str = "detector"
    detector: str = "yolov8n-face"
    image_size: int = 640
    precision: str = "auto"
    batch_size: int = 8
    threads: int = 0
    min_score: float = 0.5
    retinaface_min_score: float = 0.98
    report_score: float = 0.25
    iou_threshold: float = 0.5
    min_side_px: int = 128
    margin: float = 1.5
    align: bool = True
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        require_within(
            self,
            image_size=(32, 8192),
            batch_size=(1, 4096),
            threads=(0, 1024),
            min_score=(0, 1),
            retinaface_min_score=(0, 1),
            report_score=(0, 1),
            iou_threshold=(0, 1),
            min_side_px=(0, inf),
            margin=(0.1, 10),
            jpeg_quality=(1, 95),
        )
        if self.detections not in DETECTIONS:
            raise ValueError(
                f"detections is {self.detections!r}; allowed is {', '.join(DETECTIONS)}"
            )
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; allowed is {', '.join(PRECISIONS)}")

    @property
    def are_published(self) -> bool:
        """Whether faces are taken from ``laion_face_detections``."""
        return self.detections == "laion_face"

    @property
    def score_limit(self) -> float:
        """The least score of a kept face, in the units of whoever found it."""
        return self.retinaface_min_score if self.are_published else self.min_score

    @property
    def decisive(self) -> tuple[tuple[str, object], ...]:
        """The settings that decide what is found, kept and stored, by name."""
        idle = {"batch_size", "threads", *_IDLE[self.detections]}
        return tuple((f.name, getattr(self, f.name)) for f in fields(self) if f.name not in idle)
