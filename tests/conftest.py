"""Fixtures that several folders of tests share: a data root, pictures, a dataset with fakes."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from facecaption_assets.defs.registry import add_partitions, register_source, registered_keys
from facecaption_assets.shards.sources import Source, add_source
from facecaption_assets.storage import Storage
from tests.fakes import FakeModels


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no data root, profile or instance of the person who runs them."""
    for name in list(os.environ):
        if name.startswith(("FACECAPTION_", "FLIP_")) and name != "FACECAPTION_MODELS":
            monkeypatch.delenv(name)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


@pytest.fixture(scope="session")
def _threads() -> int:
    """CPU threads that torch takes by itself."""
    import torch

    return torch.get_num_threads()


@pytest.fixture(autouse=True)
def _threads_of_its_own(_threads: int) -> Iterator[None]:
    """No test leaves the next another number of threads: sums would be rounded in another order.

    What is computed in this process could then differ from what another process computes.
    """
    import torch

    yield
    torch.set_num_threads(_threads)


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


@pytest.fixture
def photos(tmp_path: Path, picture) -> Path:
    """Four pictures in name order: two with a face, one too small for one, one broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture(400, 400))
    (folder / "b.png").write_bytes(picture(500, 300, kind="PNG"))
    (folder / "c.jpg").write_bytes(picture(64, 48))
    (folder / "d.jpg").write_bytes(b"not a picture")
    return folder


@pytest.fixture
def dataset(tmp_path: Path, photos: Path) -> FakeModels:
    """A data root with the photos registered as one shard, ``mine-00000``."""
    dataset = FakeModels(home=str(tmp_path / "home"), profile_name="embedded")
    add_source(dataset.storage, Source("mine", "folder", str(photos)))
    register_source(dataset, "mine")
    return dataset


@pytest.fixture
def instance(dataset: FakeModels, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        add_partitions(instance, registered_keys(dataset))
        yield instance
