"""Where in its tar each crop is, and its bytes, checked.

A tar is read where it lies, without a copy: its headers once, then the bytes of the crops that are
wanted, in any order. Pictures are made of the bytes elsewhere, in ``crops``.
"""

import hashlib
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np

from flip_training.loading.faces import Faces, Rows
from flip_training.storage import Storage


@dataclass
class CropTars:
    """The tars of some faces' crops; safe to be read by several threads.

    Attributes:
        storage: The data root.
        faces: The faces whose crops may be asked for.
    """

    storage: Storage
    faces: Faces
    _spans: dict[int, Rows] = field(default_factory=dict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def path(self, shard_index: int) -> Path:
        """The tar of a shard."""
        return self.storage.tar_path("face_crops", self.faces.shards[shard_index])

    def read(self, row: int, tar: BinaryIO) -> bytes:
        """The encoded crop of a row, out of its shard's opened tar.

        Raises:
            LookupError: If the tar lacks the crop of any face of the shard, or has another one.
        """
        shard_index = self.faces.shard_index(row)
        offset, size = self._spans_of(shard_index)[row - int(self.faces.shard_starts[shard_index])]
        data = os.pread(tar.fileno(), int(size), int(offset))
        face = self.faces[row]
        if hashlib.sha256(data).hexdigest() != face.crop_sha256:
            raise LookupError(
                f"{self.path(shard_index)} has another crop of {face.face_id} than the training "
                "set was made from; build training_sets again"
            )
        return data

    def _spans_of(self, shard_index: int) -> Rows:
        """Offset and size of the crop of each of the shard's faces, (F, 2)."""
        with self._lock:
            if shard_index not in self._spans:
                self._spans[shard_index] = self._find(shard_index)
            return self._spans[shard_index]

    def _find(self, shard_index: int) -> Rows:
        first, end = self.faces.shard_starts[shard_index : shard_index + 2].tolist()
        face_ids = self.faces.face_ids(np.arange(first, end))
        members = {f"{face_id}.jpg": i for i, face_id in enumerate(face_ids)}
        spans = np.full((len(members), 2), -1, dtype=np.int64)
        path = self.path(shard_index)
        try:
            with tarfile.open(path, "r:") as tar:
                while (member := tar.next()) is not None:
                    if member.name in members:
                        spans[members[member.name]] = member.offset_data, member.size
                    # The library remembers every member, which nobody asks for here.
                    tar.members.clear()  # type: ignore[attr-defined]
        except tarfile.TarError as error:
            raise LookupError(f"{path} cannot be read as a tar: {error}") from error
        missing = [name.removesuffix(".jpg") for name, i in members.items() if spans[i, 1] < 0]
        if missing:
            raise LookupError(f"{path} lacks the crops of {missing[:5]}")
        return spans
