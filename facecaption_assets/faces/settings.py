"""Settings of the stage that turns images into face crops."""

from dataclasses import dataclass
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_within

PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class FaceSettings:
    """How faces are found, judged and cut out.

    Attributes:
        detector: Name in the model store, or path of ultralytics face weights: ``.pt``, ``.onnx``,
            ``.torchscript``, ``.engine`` or a folder ``*_openvino_model``.
        image_size: Longest side that the detector sees, px.
        precision: How PyTorch weights compute: ``float32``, ``bfloat16``, ``float16`` (CUDA only),
            or ``auto``: the fastest of them that the device is made for. Boxes are read out in
            float32 always. Exported weights have the precision that they were exported with.
        batch_size: Most pictures per detector call; fewer where memory does not suffice.
        threads: CPU threads of PyTorch in this process; 0 for all cores.
        min_score: Faces below it are dropped as ``low_confidence``; [0, 1], in the detector's own
            units.
        report_score: Detections below it are noise and get no row.
        iou_threshold: Overlap above which the weaker of two boxes is suppressed.
        min_side_px: Faces whose box is shorter on either side are dropped as ``too_small``, px.
        margin: Side of the square crop relative to the longer side of the box.
        align: Rotate the crop so that the eyes are level.
        jpeg_quality: Quality of the stored crops, 1-95.
    """

    detector: str = "yolov8n-face"
    image_size: int = 640
    precision: str = "auto"
    batch_size: int = 8
    threads: int = 0
    min_score: float = 0.5
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
            report_score=(0, 1),
            iou_threshold=(0, 1),
            min_side_px=(0, inf),
            margin=(0.1, 10),
            jpeg_quality=(1, 95),
        )
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; allowed is {', '.join(PRECISIONS)}")
