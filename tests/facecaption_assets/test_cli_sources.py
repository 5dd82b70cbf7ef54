import pytest
from typer.testing import CliRunner

from facecaption_assets.cli import app
from facecaption_assets.shards.sources import read_source, source_names


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
        (("a",), "give one of"),
    ],
)
def test_a_wrong_request_is_refused_by_name(add, storage, arguments, message) -> None:
    result = add(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert source_names(storage) == []
