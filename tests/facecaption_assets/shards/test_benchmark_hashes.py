"""A benchmark's pictures as a table of hashes, by the command."""

import hashlib
import io
import tarfile

import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from facecaption_assets.cli import app
from facecaption_assets.shards.benchmark_hashes import HASHES
from facecaption_assets.shards.perceptual_hash import hash_columns


def picture(seed: int) -> bytes:
    image = Image.effect_noise((64, 64), 40 + seed)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pictures() -> dict[str, bytes]:
    return {"a/1.png": picture(0), "b.jpg": picture(1), "broken.jpg": b"no", "list.txt": b"a"}


def run(home, *arguments):
    result = CliRunner().invoke(app, ["--home", str(home), "hash-benchmark", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_every_picture_is_a_row_of_hashes(tmp_path, pictures, kind) -> None:
    place = tmp_path / ("set" if kind == "folder" else "set.tar")
    if kind == "folder":
        for name, data in pictures.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
    else:
        with tarfile.open(place, "w") as tar:
            for name, data in pictures.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    code, told = run(tmp_path / "home", "celeba-test", str(place))
    assert code == 0 and "celeba-test: 3 pictures known, 1 by their bytes only" in told
    table = pq.read_table(tmp_path / "home" / "benchmarks" / "celeba-test.parquet")
    assert table.schema.equals(HASHES)
    assert table.to_pylist() == [
        {"name": name, "sha256": hashlib.sha256(data).hexdigest(), **hash_columns(data)}
        for name, data in pictures.items()
        if name != "list.txt"
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [("../celeba", "got '../celeba'"), ("celeba", "holds no picture")],
)
def test_what_is_no_benchmark_is_named(tmp_path, name, message) -> None:
    (tmp_path / "empty").mkdir()
    code, told = run(tmp_path / "home", name, str(tmp_path / "empty"))
    assert code == 1 and message in told


def test_a_file_that_is_no_tar_is_an_error(tmp_path) -> None:
    (tmp_path / "set.tar").write_bytes(b"no tar")
    assert run(tmp_path / "home", "celeba", str(tmp_path / "set.tar"))[0] == 1
