"""How files and folders that are written get their names: whole, and to stay after a power cut."""

import os
import shutil
from pathlib import Path


def publish(local: Path, target: Path) -> None:
    """Give a written file its name, in one step that survives a power cut."""
    _sync(local)
    local.replace(target)
    _sync(target.parent)


def replace_folder(new: Path, target: Path) -> None:
    """Give a written folder its name; what has the name now goes."""
    for path in (*new.rglob("*"), new):
        _sync(path)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
