import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from facecaption_assets.cli import app

#: torch warns of its own TorchScript writer; the file is what a detector's weights are.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated")

#: Candidates of the 64 px input: centre, size, score, five points with visibility.
POINTS = [28, 30, 1, 36, 30, 1, 32, 32, 1, 29, 34, 1, 35, 34, 1]
CANDIDATES = [[32, 32, 16, 16, 0.8, *POINTS], [8, 8, 8, 8, 0.3, *POINTS]]
HEADER = "image,left,top,right,bottom\n"


class FixedFaces(torch.nn.Module):
    """Finds the same two faces in every picture."""

    candidates: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("candidates", torch.tensor(CANDIDATES).T[None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.candidates.expand(x.shape[0], -1, -1) + 0 * x.sum()


@pytest.fixture
def calibrate(storage, photos, tmp_path, monkeypatch):
    weights = tmp_path / "fixed.torchscript"
    torch.jit.save(torch.jit.script(FixedFaces()), weights)
    lines = ["[faces]", f"detector = {json.dumps(str(weights))}", "image_size = 64"]
    storage.write_text(storage.profile_file, "\n".join(lines) + "\n")
    monkeypatch.setenv("FACECAPTION_HOME", storage.home)
    monkeypatch.setenv("COLUMNS", "120")

    def run(rows: str, *arguments: str):
        boxes = tmp_path / "boxes.csv"
        boxes.write_text(HEADER + rows, encoding="utf-8")
        named = ["--images", str(photos), "--boxes", str(boxes)]
        return CliRunner().invoke(app, ["calibrate-detector", *named, *arguments])

    return run


def cells(output: str) -> dict[str, list[str]]:
    """Rows of the table by threshold."""
    rows = [line.split() for line in output.splitlines()]
    return {row[0]: row[1:] for row in rows if row and row[0].startswith("0.")}


def test_the_table_and_the_line_for_the_profile_are_printed(calibrate) -> None:
    # 400 x 400 px is 6.25 times the input: the sure face lies at 150 to 250.
    result = calibrate("a.jpg,150,150,250,250\nc.jpg,,,,\n")
    assert result.exit_code == 0, result.stderr
    assert "labelled 1, pictures 2, IoU 0.5" in result.stdout
    rows = cells(result.stdout)
    assert rows["0.05"][:6] == ["0.2500", "1.0000", "0.4000", "1", "1", "3"]
    assert rows["0.95"][:6] == ["1.0000", "0.0000", "0.0000", "0", "1", "0"]
    assert rows["0.5"][6:] == ["min_score", "now"]
    # The empty picture has the sure face too, so that no threshold is precise.
    assert "No threshold has a precision of 0.99" in result.stdout
    assert result.stdout.endswith("[faces]\nmin_score = 0.8\n")


def test_a_threshold_of_the_wanted_precision_is_the_lowest_one(calibrate) -> None:
    result = calibrate("a.jpg,150,150,250,250\n", "--precision", "0.5")
    assert "0.3 is the lowest threshold with a precision of 0.5" in result.stdout
    assert result.stdout.endswith("[faces]\nmin_score = 0.3\n")


def test_a_proposal_below_what_gets_a_row_names_that_setting_too(calibrate, storage) -> None:
    path = storage.profile_file
    storage.write_text(path, path.read_text() + "report_score = 0.4\n")
    result = calibrate("a.jpg,150,150,250,250\n", "--precision", "0.5")
    assert result.stdout.endswith("[faces]\nmin_score = 0.3\nreport_score = 0.3\n")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("z.jpg,1,2,3,4\n", "boxes.csv, line 2: image 'z.jpg'"),
        ("d.jpg,1,2,3,4\n", "image 'd.jpg' cannot be read"),
        ("a.jpg,1,2,x,4\n", "line 2: right is 'x'"),
        ("", "no row has the box of a face"),
    ],
)
def test_labels_that_cannot_be_used_end_the_command_with_one_line(calibrate, rows, message) -> None:
    result = calibrate(rows)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_detector_that_cannot_be_had_is_named(calibrate, storage) -> None:
    storage.write_text(storage.profile_file, '[faces]\ndetector = "missing.pt"\n')
    result = calibrate("a.jpg,1,2,3,4\n")
    assert result.exit_code == 1
    assert "missing.pt" in result.stderr


def test_a_folder_that_is_not_there_is_refused(storage, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACECAPTION_HOME", storage.home)
    named = ["--images", str(tmp_path / "nowhere"), "--boxes", str(tmp_path / "boxes.csv")]
    result = CliRunner().invoke(app, ["calibrate-detector", *named])
    assert result.exit_code == 2
