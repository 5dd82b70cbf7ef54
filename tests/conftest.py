"""Fixtures that several folders of tests share: a data root, and pictures made in memory."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facecaption_assets.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """An empty local data root."""
    return Storage(str(tmp_path / "home"))


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Makes a picture's bytes: a colour gradient, or another mode, in a format."""

    def make(
        width: int = 64, height: int = 48, *, kind: str = "JPEG", mode: str = "RGB", **save: object
    ) -> bytes:
        rows = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
        columns = np.linspace(0, 255, width, dtype=np.uint8)[None, :]
        pixels = np.stack(np.broadcast_arrays(rows, columns, 128), axis=-1).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(buffer, kind, **save)
        return buffer.getvalue()

    return make
