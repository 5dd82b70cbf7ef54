"""BRISQUE's scores against those of the package that carries its model, and damaged files."""

import pickle

import numpy as np
import pytest

from facecaption_assets.models import ModelUnavailable
from facecaption_assets.quality.image_scoring.brisque import Brisque

#: What brisque 0.2.0 says of the same pixels. It lets rounding errors in flat areas count, which
#: the compressed pictures have.
PACKAGE = {
    "clouds": {"as_is": 36.517, "blurred": 72.724, "noisy": 57.281, "jpeg": 50.019},
    "P001": {"as_is": 19.677, "blurred": 89.704, "noisy": 69.678, "jpeg": 100.274},
    "P004": {"as_is": 13.547, "blurred": 87.168, "noisy": 66.922, "jpeg": 69.715},
    "P008": {"as_is": 17.315, "blurred": 88.045, "noisy": 67.530, "jpeg": 90.673},
}


@pytest.fixture(scope="module")
def real(store) -> Brisque:
    return Brisque(store)


def test_a_drawn_picture_scores_as_in_the_package(real, make_clouds, distortion) -> None:
    name, distort = distortion
    score = real.score(distort(make_clouds(240, 285, 5)))
    assert score == pytest.approx(PACKAGE["clouds"][name], abs=2.5 if name == "jpeg" else 0.1)


@pytest.mark.parametrize("person", ["P001", "P004", "P008"])
def test_a_portrait_scores_as_in_the_package(real, portraits, person, distortion) -> None:
    name, distort = distortion
    score = real.score(distort(portraits[person]))
    assert score == pytest.approx(PACKAGE[person][name], abs=2.5 if name == "jpeg" else 0.3)


@pytest.mark.parametrize(
    ("model", "content"),
    [
        ("RANGES", pickle.dumps({"min_": [0.0] * 36})),
        ("RANGES", pickle.dumps({"min_": [0.0] * 35, "max_": [1.0] * 35})),
        ("RANGES", pickle.dumps({"min_": [1.0] * 36, "max_": [1.0] * 36})),
        ("RANGES", pickle.dumps({"min_": [0.0] * 36, "max_": np.ones(36)})),
        ("RANGES", b"no pickle"),
        ("SVM", b"svm_type c_svc\nSV\n"),
        ("SVM", b"\xff\xfe"),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    store, tmp_path, monkeypatch, model: str, content: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    monkeypatch.setenv(f"FACECAPTION_MODEL_BRISQUE_{model}", str(path))
    with pytest.raises(ModelUnavailable, match=r"BRISQUE, wanted by image_scores: .*file"):
        Brisque(store)


class Touching:
    """Unpickled by an ordinary unpickler, it makes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def test_nothing_in_a_file_of_ranges_is_run(store, tmp_path, monkeypatch) -> None:
    touched = tmp_path / "touched"
    path = tmp_path / "ranges"
    path.write_bytes(pickle.dumps({"min_": Touching(str(touched)), "max_": []}))
    monkeypatch.setenv("FACECAPTION_MODEL_BRISQUE_RANGES", str(path))
    with pytest.raises(ModelUnavailable, match=r"it asks for (_?io)\.open"):
        Brisque(store)
    assert not touched.exists()
