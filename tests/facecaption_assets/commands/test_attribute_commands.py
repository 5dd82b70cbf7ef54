"""The two commands on labelled pictures in this process, with fakes for models."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

import facecaption_assets
from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.cli import app
from facecaption_assets.defs import resources
from facecaption_assets.defs.registry import register_source
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import TABLES
from tests.fakes import FakeModels

pytestmark = [
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Command = Callable[..., Result]


class BrightnessAnnotator:
    """Takes brightness for a smile, and is surer of it than it should be."""

    name = "brightness"
    attributes = ("Smiling",)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        return [FaceEvidence({"Smiling": float(face.pixels.mean()) / 255}) for face in faces]


class BrightnessModels(FakeModels):
    def annotators(self) -> list[BrightnessAnnotator]:
        return [BrightnessAnnotator()]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def facecaption(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    def run(*arguments: object) -> Result:
        sys.modules.pop("facecaption_assets.definitions", None)
        return CliRunner().invoke(app, ["--home", str(home), *map(str, arguments)])

    monkeypatch.setitem(sys.modules, "facecaption_assets.definitions", None)
    monkeypatch.setattr(facecaption_assets, "definitions", None, raising=False)
    for name in ("FACECAPTION_PROFILE", "DAGSTER_HOME", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("FACECAPTION_HOME", "unused")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    monkeypatch.setattr(
        resources,
        "open_dataset",
        lambda home_=None, profile=None: BrightnessModels(home=str(home), profile_name="embedded"),
    )
    return run


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, Path]:
    """Sixty pictures, of which the brighter half smiles, but for a few; and their labels."""
    from PIL import Image

    folder, labels = tmp_path / "pictures", tmp_path / "smiles.csv"
    folder.mkdir()
    lines = ["name,Smiling,set"]
    for index in range(60):
        level = round(index * 255 / 59)
        Image.fromarray(np.full((220, 220, 3), level, np.uint8)).save(folder / f"{index}.png")
        smiles = (index >= 30) != (index in (20, 29, 33, 41))
        lines.append(f"{index}.png,{1 if smiles else -1},{'even' if index % 2 == 0 else 'odd'}")
    labels.write_text("\n".join([*lines, "absent.png,1,odd"]))
    return folder, labels


def test_labelled_pictures_are_measured_printed_and_written(facecaption, home, labelled) -> None:
    folder, labels = labelled
    done = facecaption("evaluate-attributes", "--images", folder, "--labels", labels)
    assert done.exit_code == 0, done.output
    assert "1 of 61 labelled pictures are not in" in done.output
    assert "60 of 60 labelled faces judged" in done.output
    assert "even (30)" in done.output
    numbers = json.loads((home / "reports" / "attributes" / "labels-smiles.json").read_text())
    (score,) = numbers["scores"]
    assert (score["name"], score["labelled"], score["positives"]) == ("Smiling", 60, 30)
    assert score["coverage"] < 1
    assert (home / "reports" / "attributes" / "labels-smiles.html").exists()


def test_crops_need_no_detector(facecaption, labelled) -> None:
    folder, labels = labelled
    arguments = ("--images", folder, "--labels", labels, "--crops")
    done = facecaption("evaluate-attributes", *arguments)
    assert done.exit_code == 0, done.output
    assert "60 of 60 labelled faces judged" in done.output


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
def test_a_fitted_calibration_is_used_by_the_profile_that_names_it(
    facecaption, home, labelled, tmp_path, method
) -> None:
    folder, labels = labelled
    given = ("--images", folder, "--labels", labels)
    out = tmp_path / "fitted" / "calibration.json"
    done = facecaption("calibrate-attributes", *given, "--out", out, "--method", method)
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text())["method"] == method
    assert "by the labels of others" in done.output
    raw = facecaption("evaluate-attributes", *given)
    (home / "profile.toml").write_text(f'[attributes]\ncalibration = "{out}"\n')
    calibrated = facecaption("evaluate-attributes", *given)
    assert calibrated.exit_code == 0, calibrated.output
    assert raw.output != calibrated.output
    # Fitting again looks at the raw probabilities, and finds the same.
    again = tmp_path / "again.json"
    done = facecaption("calibrate-attributes", *given, "--out", again, "--method", method)
    assert done.exit_code == 0, done.output
    assert again.read_text() == out.read_text()


def test_too_few_labels_write_no_calibration(facecaption, labelled, tmp_path) -> None:
    folder, labels = labelled
    labels.write_text("name,Smiling\n1.png,1\n2.png,-1\n")
    out = tmp_path / "calibration.json"
    done = facecaption("calibrate-attributes", "--images", folder, "--labels", labels, "--out", out)
    assert done.exit_code == 1
    assert "no attribute has 10 judged faces of either label" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,Smiling\nelsewhere.png,1\n", "has none of the pictures that"),
        ("name,Smiling\n1.png,maybe\n", "line 2 says 'maybe' of Smiling"),
    ],
)
def test_labels_that_cannot_be_used_end_the_command(facecaption, labelled, text, message) -> None:
    folder, labels = labelled
    labels.write_text(text)
    done = facecaption("evaluate-attributes", "--images", folder, "--labels", labels)
    assert done.exit_code == 1
    assert message in done.stderr


def test_pictures_without_labels_are_refused(facecaption, labelled) -> None:
    done = facecaption("evaluate-attributes", "--images", labelled[0])
    assert done.exit_code == 1
    assert "--images and --labels go together" in done.stderr


def test_a_dataset_of_which_nothing_is_known_says_what_to_do(facecaption) -> None:
    done = facecaption("evaluate-attributes")
    assert done.exit_code == 1
    assert "evaluation_labels" in done.stderr


def test_a_built_dataset_is_measured_by_the_labels_that_the_profile_names(
    facecaption, dataset, home, tmp_path
) -> None:
    storage = dataset.storage  # The same data root, with the source ``mine``.
    register_source(dataset, "mine")
    base = {"key": "mine-00000-00000", "split_group": "a"}
    face = base | {"face_id": "mine-00000-00000-0"}
    box = {"bbox_xyxy": [0.0, 0.0, 9.0, 9.0], "bbox_rel": [0.0, 0.0, 1.0, 1.0]}
    labels = {"num_positive": 1, "resolved_conflicts": [], "Smiling": True, "Smiling_prob": 0.9}
    planned = {"source": "mine", "status": "planned"}
    for asset, row in {
        "shard_plan": base | planned | {"url": "file:///a.jpg"},
        "raw_shards": base | {"url": "file:///a.jpg", "status": "success"},
        "face_crops": face | box | {"status": "kept"},
        "face_attributes": face | labels | {"status": "labelled"},
    }.items():
        storage.commit(TABLES[asset].from_rows([row]), Provenance(asset, "mine-00000", "v1"))
    path = tmp_path / "labels.csv"
    path.write_text("name,Smiling\na.jpg,-1\n")
    (home / "profile.toml").write_text(f'[attributes]\nevaluation_labels = "{path}"\n')
    done = facecaption("evaluate-attributes")
    assert done.exit_code == 0, done.output
    assert "1 states are wrong, the surest first:" in done.output
    assert "mine-00000-00000-0 Smiling 0.900, the truth is no" in done.output
    provenance = storage.read_report_provenance("attribute_evaluation")
    assert provenance is not None
    assert "face_attributes/mine-00000" in provenance.input_versions
    path.unlink()
    done = facecaption("evaluate-attributes")
    assert done.exit_code == 1
    assert "labels.csv" in done.stderr


def test_why_pictures_were_not_judged_is_told(facecaption, labelled) -> None:
    folder, labels = labelled
    (folder / "3.png").write_bytes(b"no picture")
    done = facecaption("evaluate-attributes", "--images", folder, "--labels", labels, "--crops")
    assert "1 of 60 not judged: the crop cannot be decoded" in done.output
    assert "59 of 60 labelled faces judged" in done.output
