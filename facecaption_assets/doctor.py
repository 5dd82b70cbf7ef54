"""What this machine lacks for a build, and the command that mends it.

Looks, never installs. Each check is a function that returns a finding; what the stages need is
their business and stays in their settings.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import requests

from facecaption_assets.models import MODELS, ModelStore
from facecaption_assets.profiles import ProfileError, load_profile
from facecaption_assets.storage import Storage

#: Installed packages take about 8 GB, models 0.3 GB; this is what data and checkpoints need.
_MIN_FREE_BYTES: Final = 2_000_000_000

#: Debian's names of the shared libraries that wheels link to but do not carry.
LIBRARY_PACKAGES: Final = "libgl1 libegl1 libgles2 libglib2.0-0 libxcb1"


class Level(Enum):
    """How serious a finding is."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``remedy`` is the command that mends it."""

    subject: str
    level: Level
    detail: str
    remedy: str = ""


def examine(storage: Storage) -> list[Finding]:
    """Everything that a build with the present profile needs."""
    return [
        python_version(),
        *native_packages(),
        disk(storage),
        models(storage),
        endpoint(storage),
        gpu(),
    ]


def python_version() -> Finding:
    """Python 3.11 to 3.13."""
    found = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("Python", Level.GOOD, found)
    return Finding(
        "Python", Level.BAD, f"{found} is not within 3.11 to 3.13", "make PYTHON=python3.11 venv"
    )


def native_packages() -> list[Finding]:
    """Packages with compiled parts, each imported in a process of its own."""
    return [_import(name) for name in ("cv2", "mediapipe", "onnxruntime", "torchvision")]


def _import(package: str) -> Finding:
    if importlib.util.find_spec(package) is None:
        return Finding(package, Level.BAD, "is not installed", "make venv")
    run = subprocess.run(
        [sys.executable, "-c", f"import {package}"], capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return Finding(package, Level.GOOD, "imports")
    reason = run.stderr.strip().splitlines()[-1] if run.stderr.strip() else "does not import"
    remedy = (
        f"apt-get install -y --no-install-recommends {LIBRARY_PACKAGES}"
        if ".so" in reason
        else "make venv"
    )
    return Finding(package, Level.BAD, reason, remedy)


def disk(storage: Storage) -> Finding:
    """Free space under a local data root."""
    if not storage.is_local:
        return Finding("disk", Level.NOTE, f"{storage.home} is remote; its space is not checked")
    place = Path(storage.root.path)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free under {place}"
    if free >= _MIN_FREE_BYTES:
        return Finding("disk", Level.GOOD, detail)
    return Finding(
        "disk",
        Level.BAD,
        f"{detail}; {_MIN_FREE_BYTES / 1e9:.0f} GB are needed",
        "set FACECAPTION_HOME to a larger disk",
    )


def models(storage: Storage) -> Finding:
    """Models of the model store that are there; the rest is fetched when first used."""
    store = ModelStore(storage.models)
    missing = [name for name in MODELS if not store.is_present(name)]
    if not missing:
        return Finding("models", Level.GOOD, f"all {len(MODELS)} are in {store.folder}")
    return Finding(
        "models",
        Level.NOTE,
        f"{len(missing)} of {len(MODELS)} will be fetched when first used: {', '.join(missing)}",
    )


def endpoint(storage: Storage) -> Finding:
    """The language model's endpoint, where the profile names one."""
    try:
        settings = load_profile(storage).rewriting
    except ProfileError as error:
        return Finding("profile", Level.BAD, str(error), f"edit {storage.profile_file}")
    if not settings.base_url:
        return Finding("LLM endpoint", Level.GOOD, "the embedded server, started for each shard")
    key = os.environ.get("FACECAPTION_LLM_API_KEY", "")
    try:
        answer = requests.get(
            f"{settings.base_url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=10
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        return Finding(
            "LLM endpoint",
            Level.BAD,
            f"{settings.base_url} does not answer ({type(error).__name__})",
            f"start it, or change base_url under [rewriting] in {storage.profile_file}",
        )
    return Finding("LLM endpoint", Level.GOOD, f"{settings.base_url} answers")


def gpu() -> Finding:
    """Whether models will run on a GPU; none is needed."""
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", Level.GOOD, torch.cuda.get_device_name(0))
    return Finding("GPU", Level.NOTE, f"none; {os.cpu_count()} CPU cores will be used")
