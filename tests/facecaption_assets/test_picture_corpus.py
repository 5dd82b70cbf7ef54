"""Pillow's own test pictures, most of them odd or broken, through the stages with real weights.

They are in Pillow's source archive, which is fetched from the package index into the model store
when these tests are asked for; nothing of it is built or run.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from facecaption_assets.model_archives import PackageArchive
from facecaption_assets.models import ModelEntry, ModelStore
from facecaption_assets.shards.folder import PICTURE_SUFFIXES
from facecaption_assets.storage import Storage

pytestmark = pytest.mark.slow

SHA256 = "3b8182a766685eaa002637e28b4ec8d6b18819a0c71f579bf0dbaa5830297cce"
PILLOW = ModelEntry(
    archive=PackageArchive("pillow", "pillow-12.3.0.tar.gz", SHA256),
    member=None,
    sha256=SHA256,
    licence="MIT-CMU; single pictures have terms of their own",
    origin="Pillow's source, with its test pictures",
    used_by="tests",
)
FOLDER = "pillow-12.3.0/Tests/images/"

STATUSES = {
    *("success", "missing", "empty", "not_an_image"),
    *("unsupported_format", "truncated", "too_large"),
}
DROP_REASONS = {"no_face", "low_confidence", "too_small", "failed_to_decode"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Every file, under a name that a folder source lists; what it is, is for its bytes to say."""
    models = Path(os.environ.get("FACECAPTION_MODELS", ".cache/models"))
    archive = ModelStore(models, {"pillow-source": PILLOW}).path("pillow-source")
    folder = tmp_path_factory.mktemp("corpus")
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and member.name.startswith(FOLDER):
                name = member.name.removeprefix(FOLDER)
                is_listed = Path(name).suffix.lower() in PICTURE_SUFFIXES
                path = folder / (name if is_listed else f"{name}.jpg")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
    return folder


@pytest.fixture(scope="module")
def built(corpus, tmp_path_factory) -> tuple[Storage, dict[str, object]]:
    """The data root after the stages, and what the process measured of itself."""
    home = tmp_path_factory.mktemp("home")
    models = Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")).absolute()
    done = subprocess.run(
        [sys.executable, "-m", "tests.picture_corpus_process", str(home), str(corpus)],
        env=os.environ | {"FACECAPTION_MODELS": str(models), "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return Storage(str(home)), json.loads(done.stdout.splitlines()[-1])


def test_every_file_has_a_row_with_a_known_status(corpus, built) -> None:
    storage, _ = built
    rows = storage.read_table("raw_shards", "odd-00000").to_pylist()
    assert len(rows) == sum(path.is_file() for path in corpus.rglob("*")) > 1000
    counts = Counter(row["status"] for row in rows)
    assert set(counts) <= STATUSES
    assert counts["success"] > 400
    assert all(row["error_message"] for row in rows if row["status"] != "success")


def test_every_stored_picture_has_a_row_of_faces_or_a_reason(built) -> None:
    storage, _ = built
    stored = storage.read_table("raw_shards", "odd-00000").to_pylist()
    crops = storage.read_table("face_crops", "odd-00000").to_pylist()
    assert {row["key"] for row in crops} == {r["key"] for r in stored if r["status"] == "success"}
    assert {row["drop_reason"] for row in crops if row["status"] == "dropped"} <= DROP_REASONS
    counts = Counter(row["drop_reason"] for row in crops)
    assert counts["failed_to_decode"] <= 5, "a header that passes is a promise"
    assert counts["no_face"] < len(crops), "the corpus has faces"


def test_no_file_takes_five_seconds(built) -> None:
    _, measured = built
    assert measured["seconds"] < 5, measured["name"]


@pytest.mark.skipif(sys.platform != "linux", reason="a process's own memory is told by Linux only")
def test_memory_stays_below_one_and_a_half_gigabytes(built) -> None:
    _, measured = built
    assert measured["peak_bytes"] < 1.5e9
