"""A YOLO network as a detector: letterboxing, batches of equal shape, and the way back.

What the network computes belongs to its kind; see ``networks``.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from facecaption_assets.faces.detection import Detection, RgbImage, detection_from
from facecaption_assets.faces.networks import Found, Network, Thresholds
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.memory import BatchLimit, OutOfMemory, give_back_free_memory

#: Pictures after which free memory is given back. What follows has to ask for it anew: that costs
#: 7 % of the detector's time where it is done after every eight, after 64 nothing measurable.
PICTURES_PER_TIDY: Final = 64


class YoloFaceDetector:
    """A face detector from any YOLO network.

    Args:
        network: The loaded weights.
        name: What the detector is, for people.
        settings: ``image_size``, ``batch_size``, ``report_score`` and ``iou_threshold`` are used.

    Raises:
        ValueError: If the network cannot see pictures of ``image_size``.
    """

    def __init__(self, network: Network, name: str, settings: FaceSettings) -> None:
        load_ultralytics()
        from ultralytics.data.augment import LetterBox

        if network.fixed_shape is None and settings.image_size % network.stride:
            raise ValueError(
                f"FaceSettings.image_size is {settings.image_size}; {name} needs a multiple of "
                f"{network.stride}"
            )
        self.name = name
        self.image_size = settings.image_size
        self._network = network
        self._thresholds = Thresholds(settings.report_score, settings.iou_threshold)
        self._limit = BatchLimit(settings.batch_size)
        self._since_tidy = 0
        self._letterbox: Any = LetterBox(
            network.fixed_shape or settings.image_size,
            auto=network.fixed_shape is None,
            stride=network.stride,
        )

    def input_shape(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of what the network sees of a picture; equal ones share a call.

        The picture is scaled so that its longer side is ``image_size``, and padded to the stride.
        """
        if self._network.fixed_shape is not None:
            return self._network.fixed_shape
        scale, stride = self.image_size / max(height, width), self._network.stride
        sides = (max(round(side * scale), 1) for side in (height, width))
        # Padding is what is missing to image_size, but for whole strides.
        padded_height, padded_width = (s + (self.image_size - s) % stride for s in sides)
        return padded_height, padded_width

    def detect(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        """Faces with at least ``settings.report_score``, per picture.

        Raises:
            OutOfMemory: If memory does not suffice for a single picture.
        """
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            groups[self.input_shape(*image.shape[:2])].append(index)
        faces: list[list[Detection]] = [[] for _ in images]
        for shape, indices in groups.items():
            try:
                found = self._limit.run([images[i] for i in indices], self._find)
            except OutOfMemory as error:
                raise OutOfMemory(
                    f"{self.name} ran out of memory on one picture of {shape[1]} x {shape[0]} px; "
                    f"free some, or lower FaceSettings.image_size ({self.image_size}): {error}"
                ) from None
            for index, in_picture in zip(indices, found, strict=True):
                faces[index] = in_picture
            self._tidy_up(len(indices))
        return faces

    def _tidy_up(self, pictures: int) -> None:
        """Keep what earlier input shapes have left in memory from adding up."""
        self._since_tidy += pictures
        if self._since_tidy >= PICTURES_PER_TIDY:
            give_back_free_memory()
            self._since_tidy = 0

    def _find(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        """Faces of pictures that have one input shape."""
        import torch

        boxed = np.stack([self._letterbox(image=image) for image in images])
        found = self._network.find(torch.from_numpy(boxed).permute(0, 3, 1, 2), self._thresholds)
        return [self._in_picture(f, i) for f, i in zip(found, images, strict=True)]

    def _in_picture(self, found: Found, image: RgbImage) -> list[Detection]:
        """Faces in pixels of the picture that was letterboxed."""
        height, width = image.shape[:2]
        placed = self._letterbox.get_params({"img": image})
        # From the very size that the picture was given: ultralytics' own way back takes it from
        # the padded shape, which errs by a pixel at the far side.
        scale = np.array(placed["new_unpad"], np.float32) / (width, height)
        corner = np.array((placed["left"], placed["top"]), np.float32)
        sides = found.boxes.numpy().reshape(-1, 2, 2)
        boxes = np.clip((sides - corner) / scale, 0, (width, height)).astype(np.float32)
        points = np.clip((found.points.numpy() - corner) / scale, 0, (width, height))
        faces = zip(
            boxes.reshape(-1, 4), found.scores.tolist(), points.astype(np.float32), strict=True
        )
        return [detection_from(*face) for face in faces]
