"""What this machine lacks for a build, and the command that mends it.

Looks, never installs. Each check is a function that returns a finding; what the stages need is
their business and stays in their settings; what the installation itself needs is asked before it,
in ``install_check``.
"""

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import requests
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from facecaption_assets.install_check import INSTALLED_MARK, nearest_folder, python_problem
from facecaption_assets.models import MODELS, ModelStore
from facecaption_assets.profiles import (
    PROFILES,
    ProfileError,
    UnknownProfile,
    code_versions,
    load_profile,
)
from facecaption_assets.rewriting.access import NO_KEY, api_key
from facecaption_assets.rewriting.client import EndpointUnavailable
from facecaption_assets.rewriting.faults import API_KEY_VARIABLE
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.storage import Storage

#: Installed packages take about 8 GB, models 0.3 GB; this is what data and checkpoints need.
_MIN_FREE_BYTES: Final = 2_000_000_000

#: Debian's names of the shared libraries that wheels link to but do not carry.
LIBRARY_PACKAGES: Final = "libgl1 libegl1 libgles2 libglib2.0-0 libxcb1"

_COMPILED: Final = ("torch", "torchvision", "cv2", "mediapipe", "onnxruntime")

#: Longest wait for a server's answer, seconds.
_PATIENCE_S: Final = 10.0

#: Subject of what is found out about the language model's endpoints.
_ENDPOINT: Final = "LLM endpoint"


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
        *(native_package(name) for name in _COMPILED),
        disk(storage),
        models(storage),
        *profile(storage),
        gpu(),
    ]


def python_version() -> Finding:
    """Python 3.11 to 3.13."""
    if problem := python_problem(sys.version_info[:2]):
        return Finding("Python", Level.BAD, problem, _reinstall("PYTHON=python3.12"))
    return Finding("Python", Level.GOOD, platform.python_version())


def native_package(package: str) -> Finding:
    """A package with compiled parts, imported in a process of its own: it may end the process."""
    if importlib.util.find_spec(package) is None:
        return Finding(package, Level.BAD, "is not installed", _reinstall())
    run = subprocess.run(
        [sys.executable, "-c", f"import {package}"], capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return Finding(package, Level.GOOD, "imports")
    last_line = (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[-1]
    remedy = (
        f"apt-get install -y --no-install-recommends {LIBRARY_PACKAGES}"
        if ".so" in last_line
        else _reinstall()
    )
    return Finding(package, Level.BAD, f"does not import: {last_line}", remedy)


def _reinstall(*variables: str) -> str:
    # Only an environment that make has made may be thrown away.
    if not Path(sys.prefix, INSTALLED_MARK).exists():
        return "install facecaption again, in a virtual environment of its own"
    venv = Path(sys.prefix)
    shown = str(venv.relative_to(Path.cwd()) if venv.is_relative_to(Path.cwd()) else venv)
    words = ["make", "venv", *([] if shown == ".venv" else [f"VENV={shown}"]), *variables]
    return f"rm -rf {shlex.quote(shown)} && {shlex.join(words)}"


def disk(storage: Storage) -> Finding:
    """Free space under a local data root."""
    if not storage.is_local:
        return Finding("disk", Level.NOTE, f"{storage.home} is remote; its space is not checked")
    place = nearest_folder(Path(storage.root.path))
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free under {place}"
    if free >= _MIN_FREE_BYTES:
        return Finding("disk", Level.GOOD, detail)
    return Finding(
        "disk",
        Level.BAD,
        f"{detail}; {_MIN_FREE_BYTES / 1e9:.0f} GB are needed",
        "make room, or set FACECAPTION_HOME to a folder on a larger disk",
    )


def models(storage: Storage) -> Finding:
    """Models of the model store that are there; the rest is fetched when first used."""
    store = ModelStore(storage.models)
    missing = [name for name in MODELS if not store.is_present(name)]
    if not missing:
        return Finding("models", Level.GOOD, f"all {len(MODELS)} are in {store.folder}")
    detail = f"{len(missing)} of {len(MODELS)} will be fetched when first used"
    names = ", ".join(missing)
    if _package_index_answers():
        return Finding("models", Level.NOTE, f"{detail}: {names}")
    return Finding(
        "models",
        Level.NOTE,
        f"{detail}, but the package index does not answer: {names}",
        f"set PIP_INDEX_URL to an index that does, or put the archives into {store.folder}",
    )


def _package_index_answers() -> bool:
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or True
    address = os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT
    try:
        return requests.head(address, timeout=_PATIENCE_S, verify=certificates).status_code < 500
    except (OSError, ValueError):  # Requests' own errors are OSErrors, a bad address ValueErrors.
        return False


def profile(storage: Storage) -> list[Finding]:
    """The profile, and what it needs besides."""
    try:
        settings = load_profile(storage)
        code_versions(settings, ModelStore(storage.models))
    except UnknownProfile as error:
        remedy = f"set FACECAPTION_PROFILE to {' or '.join(PROFILES)}"
        return [Finding("profile", Level.BAD, str(error), remedy)]
    except ProfileError as error:
        return [Finding("profile", Level.BAD, str(error), f"edit {storage.profile_file}")]
    return [Finding("profile", Level.GOOD, settings.name), endpoint(storage, settings.rewriting)]


def endpoint(storage: Storage, settings: RewriteSettings) -> Finding:
    """The language model's endpoints, where the settings name any: the first that is not good."""
    if not settings.base_urls:
        return Finding(_ENDPOINT, Level.GOOD, "the embedded server, started for each shard")
    findings = [_endpoint_at(storage, address) for address in settings.base_urls]
    answering = "; ".join(finding.detail for finding in findings)
    bad = (finding for finding in findings if finding.level is not Level.GOOD)
    return next(bad, Finding(_ENDPOINT, Level.GOOD, answering))


def _endpoint_at(storage: Storage, address: str) -> Finding:
    subject = _ENDPOINT
    remedy = f"start it, or change base_url under [rewriting] in {storage.profile_file}"
    try:
        key = api_key()
    except EndpointUnavailable as error:
        return Finding(subject, Level.BAD, str(error), f"set {API_KEY_VARIABLE} again")
    try:
        status = requests.get(
            f"{address.rstrip('/')}/models",
            headers={"Authorization": f"Bearer {key}"},
            timeout=_PATIENCE_S,
        ).status_code
    except (OSError, ValueError) as error:
        detail = f"{address} does not answer ({type(error).__name__})"
        return Finding(subject, Level.BAD, detail, remedy)
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        detail = (
            f"{address} {'wants a key' if key == NO_KEY else 'refuses the key'} (HTTP {status})"
        )
        return Finding(subject, Level.BAD, detail, f"set {API_KEY_VARIABLE} to a key that it takes")
    if status >= 400:
        detail = f"{address}/models answers HTTP {status}; is this an OpenAI-compatible endpoint?"
        return Finding(subject, Level.BAD, detail, remedy)
    return Finding(subject, Level.GOOD, f"{address} answers")


def gpu() -> Finding:
    """Whether models will run on a GPU; none is needed."""
    try:
        import torch

        if torch.cuda.is_available():
            return Finding("GPU", Level.GOOD, torch.cuda.get_device_name(0))
    except Exception as error:
        # Whatever a broken installation raises; the package's own finding says what to do.
        return Finding("GPU", Level.NOTE, f"not known: {type(error).__name__} from torch")
    return Finding("GPU", Level.NOTE, f"none; {os.cpu_count()} CPU cores will be used")
