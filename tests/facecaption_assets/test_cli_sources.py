import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from facecaption_assets.cli import app
from facecaption_assets.shards.sources import Source, read_source, source_names
from tests.published_files import write_facecaption, write_image_parquet, write_tar


@pytest.fixture
def add(storage, monkeypatch):
    monkeypatch.setenv("FACECAPTION_HOME", storage.home)

    def run(*arguments: str):
        return CliRunner().invoke(app, ["add-source", *arguments])

    return run


def test_a_part_of_laion_face_is_added(add, storage) -> None:
    result = add("laion-face-03", "--laion-part", "03", "--rows-per-shard", "500")
    assert result.exit_code == 0
    source = read_source(storage, "laion-face-03")
    assert (source.kind, source.part, source.rows_per_shard) == ("laion", "03", 500)


def test_a_selection_adds_a_source_per_part(add, storage) -> None:
    assert add("laion-face", "--laion-part", "20m").exit_code == 0
    assert len(source_names(storage)) == 13


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "--laion-part", "44"), "'44' is not a LAION-Face part"),
        (("a", "--sample", "--laion-part", "03"), "give one of"),
        (("a", "--webdataset", ".", "--parquet", "."), "give one of"),
        (("a",), "--facecaption PATH"),
        (("a", "--sample", "--image-column", "i"), "kind sample has no setting image_column"),
        (("a", "--webdataset", ".", "--text-column", "t"), "has no setting text_column"),
        (("a", "--laion-part", "03", "--text-column", "t"), "no text_column"),
        (("a", "--parquet", "/no/such.parquet"), "images /no/such.parquet does not exist"),
    ],
)
def test_a_wrong_request_is_refused_by_name(add, storage, arguments, message) -> None:
    result = add(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert source_names(storage) == []


def test_files_of_others_are_added_with_their_columns(add, storage, tmp_path, monkeypatch) -> None:
    write_tar(tmp_path / "tars" / "a.tar", [("k.jpg", b"x")])
    write_facecaption(tmp_path / "fc.parquet", [{"url": "http://a/"}])
    write_image_parquet(tmp_path / "hf.parquet", [b"x"], title=["t"])
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ("tars", "--webdataset", "tars"),
        ("fc", "--facecaption", "fc.parquet"),
        ("hf", "--parquet", "hf.parquet", "--image-column", "image", "--text-column", "title"),
    ):
        assert add(*arguments).exit_code == 0
    assert read_source(storage, "tars") == Source("tars", "webdataset", str(tmp_path / "tars"))
    assert read_source(storage, "fc").kind == "facecaption"
    found = read_source(storage, "hf")
    assert (found.kind, found.image_column, found.text_column) == ("parquet", "image", "title")


def test_files_that_cannot_be_read_get_no_name(add, storage, tmp_path) -> None:
    pq.write_table(pa.table({"a": [b"x"], "b": [b"y"]}), tmp_path / "two.parquet")
    result = add("hf", "--parquet", str(tmp_path / "two.parquet"))
    assert result.exit_code == 1
    assert "name one with the setting image_column" in result.stderr
    assert source_names(storage) == []
    assert (
        add("hf", "--parquet", str(tmp_path / "two.parquet"), "--image-column", "b").exit_code == 0
    )
