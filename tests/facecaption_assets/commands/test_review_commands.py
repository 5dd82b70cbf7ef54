"""``facecaption review`` and ``review-score`` in this process, on a shard of drawn faces."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from facecaption_assets.cli import app
from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.reviewing.review_score import read_score
from facecaption_assets.schema import TABLES
from facecaption_assets.shards.tars import TarWriter
from facecaption_assets.storage import Storage

Command = Callable[..., Result]
SHARD = "drawn-00000"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four faces with a template caption each."""
    storage = Storage(str(tmp_path / "home"))
    sink = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(sink, "JPEG")
    rows: dict[str, list[dict[str, Any]]] = {"face_crops": [], "template_captions": []}
    with TarWriter(tmp_path / "crops.tar") as tar:
        for key in (f"{SHARD}-{i:05d}" for i in range(4)):
            names = {"face_id": f"{key}-0", "key": key, "split_group": key}
            rows["face_crops"].append(names | {"status": "kept", "sha256": "0" * 64})
            said = {"caption": "A person smiles.", "attributes": ["Smiling"], "caption_index": 0}
            rows["template_captions"].append(names | said | {"status": "captioned"})
            tar.add(f"{key}-0.jpg", sink.getvalue())
    for asset, found in rows.items():
        pixels = tmp_path / "crops.tar" if asset == "face_crops" else None
        table = TABLES[asset].from_rows(found)
        storage.commit(table, Provenance(asset, SHARD, "test"), pixels)
    return tmp_path / "home"


@pytest.fixture
def facecaption(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["--home", str(home), *map(str, arguments)])

    return run


@pytest.fixture
def answered(facecaption: Command, home: Path, tmp_path: Path) -> Callable[[str, int], Path]:
    """Writes the page, and a reviewer's file that gives every caption this naturalness."""
    assert facecaption("review", "--source", "template").exit_code == 0
    key = json.loads((home / "reports" / "review-template-1000-0.key.json").read_text())

    def answer(reviewer: str, naturalness: int) -> Path:
        said = {"grammatical": True, "relevance": 5, "wrong": [], "missing": []}
        answers = [said | {"item": i["id"], "naturalness": naturalness} for i in key["items"]]
        content = {"schema_version": 1, "review": key["review"], "reviewer": reviewer}
        path = tmp_path / f"{reviewer}.json"
        path.write_text(json.dumps(content | {"answers": answers}))
        return path

    return answer


def test_a_review_is_written_and_said_where(facecaption: Command, home: Path) -> None:
    result = facecaption("review", "--source", "template", "--sample", 3, "--seed", 7)
    assert result.exit_code == 0, result.output
    folder = home / "reports" / "review-template-3-7"
    assert f"page: {folder / 'index.html'}" in result.output
    assert "3 captions of 3 faces" in result.output
    assert len(list((folder / "pictures").iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--source", "template,poem"],
            "--source 'poem' is not one of alt_text, template, llm, synthetic",
        ),
        (["--source", ""], "--source '' is not one of"),
        ([], "there are no captions of llm to review"),
        (["--sample", "0"], "Invalid value for '--sample'"),
    ],
)
def test_what_cannot_be_reviewed_is_named(
    facecaption: Command, arguments: list[str], message: str
) -> None:
    result = facecaption("review", *arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_answers_are_scored_printed_and_kept_for_the_report(
    facecaption: Command, answered: Callable[[str, int], Path], home: Path
) -> None:
    result = facecaption("review-score", answered("otter", 5), answered("heron", 2))
    assert result.exit_code == 0, result.output
    assert "4 of 4 captions judged; by reviewer: otter 4, heron 4" in result.output
    assert "50 (15-85)" in result.output
    assert "not defined: all answers are the same" in result.output
    score = read_score(Storage(str(home)))
    assert score is not None
    assert score.sources[0].rates[0].share == 0.5


def test_an_opted_out_face_leaves_the_score(
    facecaption: Command, answered: Callable[[str, int], Path], home: Path
) -> None:
    file = answered("otter", 5)
    (home / "optout").mkdir()
    (home / "optout" / "list.txt").write_text(f"{SHARD}-00001\n")
    result = facecaption("review-score", file)
    assert "3 of 4 captions judged" in result.output
    assert "left out: 1" in result.output


def test_files_that_cannot_be_scored_end_the_command(facecaption: Command, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    content = {"schema_version": 1, "review": "llm-9-9", "reviewer": "otter", "answers": []}
    path.write_text(json.dumps(content))
    result = facecaption("review-score", path)
    assert result.exit_code == 1
    assert "there is no review 'llm-9-9'" in result.output
    path.write_text(json.dumps(content | {"reviewer": "Jane Doe"}))
    assert f"{path}: reviewer is 'Jane Doe'" in facecaption("review-score", path).output
