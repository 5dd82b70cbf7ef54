"""Settings of the stage that turns images into face crops."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_within

#: How a crop is set upright, and what shape it has.
ALIGNMENTS: Final = ("similarity", "roll", "none")
SHAPES: Final = ("square", "as_detected")

PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")

#: Where faces come from: a detector that looks at the pictures, or what LAION-Face's authors
#: published of them.
DETECTIONS: Final = ("detector", "laion_face")

#: Settings that change how fast results come and how much memory they take, not the results.
_PACE: Final = frozenset({"batch_size", "threads", "decoders", "window", "megapixels_in_flight"})

#: Settings without effect, by the origin of the faces.
_IDLE: Final[Mapping[str, frozenset[str]]] = {
    "detector": frozenset({"retinaface_min_score"}),
    "laion_face": frozenset(
        {"detector", "image_size", "precision", "min_score", "report_score", "iou_threshold"}
        | {"oversampling"}
    ),
}


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
        margin: Sides of the crop relative to those of the box: to the longer one of a square crop.
        align: ``similarity`` lays eyes, nose and mouth on fixed places of the crop, as far as
            position, size and roll can; a profile, which has other places, is turned by its roll.
            ``roll`` levels the eyes and leaves the box in the middle. ``none`` turns nothing.
        shape: ``square``, or ``as_detected``: the box's proportions; not with ``similarity``.
        jpeg_quality: Quality of the stored crops, 1-95.
        store_edge_maps: Whether each crop's Canny edges are stored beside it, as
            ``<face_id>.canny.png`` of 256 x 256 px.
        min_visible_share: Faces whose crop lies in the picture with less than this share are
            dropped as ``cut_off``; [0, 1].
        max_overlap: Faces that share more than this with another one, as intersection over
            union, are dropped as ``overlapping``; [0, 1].
        max_yaw_deg: Faces turned further to either side are dropped as ``turned_away``; [0, 90].
        min_brightness: Faces below it are dropped as ``too_dark``; mean grey level, [0, 1].
        max_bright_share: Faces of which more is white are dropped as ``overexposed``; [0, 1].
        min_sharpness: Faces below it are dropped as ``too_blurred``; squared grey levels.
        min_colourfulness: Faces below it are dropped as ``greyscale``.
        oversampling: A large JPEG is decoded at a half, a quarter or an eighth of its size for
            the detector, as long as its longer side keeps this many times ``image_size``. It
            spares memory, and time where no face is kept; small boxes move by parts of a pixel
            of the detector.
        decoders: Threads that decode, cut and encode beside the detector; 0 for all cores.
        window: Most pictures among which batches of like shape are made up.
        megapixels_in_flight: Most decoded pictures that are held at a time; one that is larger
            than a third of it is held beside the others.
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
    align: str = "similarity"
    shape: str = "square"
    jpeg_quality: int = 95
    store_edge_maps: bool = False
    min_visible_share: float = 0.0
    max_overlap: float = 1.0
    max_yaw_deg: float = 90.0
    min_brightness: float = 0.0
    max_bright_share: float = 1.0
    min_sharpness: float = 0.0
    min_colourfulness: float = 0.0
    oversampling: float = 4.0
    decoders: int = 0
    window: int = 64
    megapixels_in_flight: float = 100.0

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
            min_visible_share=(0, 1),
            max_overlap=(0, 1),
            max_yaw_deg=(0, 90),
            min_brightness=(0, 1),
            max_bright_share=(0, 1),
            min_sharpness=(0, inf),
            min_colourfulness=(0, inf),
            oversampling=(1, inf),
            decoders=(0, 1024),
            window=(1, 4096),
            megapixels_in_flight=(1, inf),
        )
        self._require_known("detections", DETECTIONS)
        self._require_known("precision", PRECISIONS)
        self._require_known("align", ALIGNMENTS)
        self._require_known("shape", SHAPES)
        if self.align == "similarity" and self.shape != "square":
            raise ValueError(
                f"shape is {self.shape!r}, but align = 'similarity' makes squares; set align to "
                "'roll' or 'none'"
            )

    def _require_known(self, name: str, allowed: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}; allowed is {', '.join(allowed)}")

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
        idle = {*_PACE, *_IDLE[self.detections]}
        return tuple((f.name, getattr(self, f.name)) for f in fields(self) if f.name not in idle)
