"""Which GPU of a machine with several a process uses, agreed upon through lock files.

A process that asks for a GPU holds its lock until it ends; the operating system releases the lock
of one that was killed. Where all GPUs are held, the next process becomes the second on one of
them, and so on: the least shared is chosen, and nobody waits. How many processes there may be at
all is decided elsewhere (Dagster's pool, Kubernetes, Ray).
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout


@dataclass(frozen=True)
class Lease:
    """A place on a GPU, held until ``release`` or the end of the process.

    Attributes:
        device: Index in the list that was asked for.
        place: 0 for the first process on this GPU, 1 for the second, …
    """

    device: int
    place: int
    _lock: FileLock

    def release(self) -> None:
        """Give the place back."""
        self._lock.release()


def lock_folder() -> Path:
    """Where the processes of one user on this machine meet."""
    # By number: in a container, a user may have no name.
    return Path(tempfile.gettempdir()) / f"facecaption-gpus-{os.getuid()}"


def lease_gpu(names: Sequence[str], folder: Path | None = None) -> Lease:
    """A place on the GPU that the fewest processes hold; the first of equals.

    Args:
        names: What tells the GPUs apart on the whole machine, whatever order a process sees them
            in; not empty.
        folder: Where the lock files lie; ``lock_folder()`` where None.
    """
    folder = folder or lock_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for place in count():
        for device, name in enumerate(names):
            lock = FileLock(folder / f"{name}.{place}.lock", is_singleton=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            return Lease(device, place, lock)
    raise AssertionError("unreachable: there is always a further place")


#: Leases of this process, so that they live as long as it does.
_HELD: Final[dict[tuple[str, ...], Lease]] = {}


def process_lease(names: Sequence[str], folder: Path | None = None) -> Lease:
    """The one lease of this process on the named GPUs; taken when first asked for."""
    key = tuple(names)
    if key not in _HELD:
        _HELD[key] = lease_gpu(names, folder)
    return _HELD[key]
