"""Faces with crops in tars, without a training set."""

import hashlib
import io
import tarfile
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from flip_training.loading.faces import Face
from flip_training.storage import Storage


def jpeg(shade: int, size: int = 20) -> bytes:
    """A picture of one shade with a gradient, so that its mirror image is another."""
    ramp = np.broadcast_to(np.linspace(shade, 255, size).astype(np.uint8), (size, size))
    buffer = io.BytesIO()
    Image.fromarray(ramp).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def write_crowd(
    home: Path,
    shard: str,
    num_faces: int,
    *,
    undecodable: Collection[int] = frozenset(),
    tar_format: int = tarfile.GNU_FORMAT,
) -> list[Face]:
    """A picture with that many faces, whose tar is in order of detection, not of ids as texts."""
    faces = []
    path = Storage(home).tar_path("face_crops", shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tar_format) as tar:
        for index in range(num_faces):
            face_id = f"{shard}-00000-{index}"
            data = b"no picture" if index in undecodable else jpeg(5 * index % 250)
            for name, content in ((f"{face_id}.jpg", data), (f"{face_id}.json", b"{}")):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            faces.append(Face(face_id, shard, (f"face {index}",), hashlib.sha256(data).hexdigest()))
    return faces
