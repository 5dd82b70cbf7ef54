import math
from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.quality.image_scoring.support_vectors import read_libsvm

HEADER = "svm_type epsilon_svr\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 2\nrho -3\n"
VECTORS = "2 1:1 2:-1 \n-4 2:0.5 \n"


def write(folder: Path, text: str) -> Path:
    path = folder / "svm.txt"
    path.write_text(text)
    return path


def test_a_prediction_is_the_weighted_sum_of_the_kernels_and_the_offset(tmp_path: Path) -> None:
    model = read_libsvm(write(tmp_path, f"{HEADER}SV\n{VECTORS}"), 2)
    # What a line leaves out is 0.
    assert model.vectors.tolist() == [[1, -1], [0, 0.5]]
    expected = 2 * math.exp(-0.5 * 2) - 4 * math.exp(-0.5 * 0.25) + 3
    assert model.predict(np.zeros(2)) == pytest.approx(expected)


def test_far_from_all_vectors_the_offset_remains(tmp_path: Path) -> None:
    model = read_libsvm(write(tmp_path, f"{HEADER}SV\n{VECTORS}"), 2)
    assert model.predict(np.full(2, 1e3)) == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no epsilon_svr"),
        (f"{HEADER}{VECTORS}", "no epsilon_svr"),
        (f"{HEADER.replace('rbf', 'linear')}SV\n{VECTORS}", "no epsilon_svr"),
        (f"{HEADER.replace('epsilon_svr', 'c_svc')}SV\n{VECTORS}", "no epsilon_svr"),
        (f"{HEADER.replace('gamma 0.5', '')}SV\n{VECTORS}", "damaged.*gamma"),
        (f"{HEADER}SV\n{VECTORS}nonsense\n", "damaged"),
        (f"{HEADER}SV\n2 3:1\n2 1:1\n", "index 3; 1 to 2 are known"),
        (f"{HEADER}SV\n2 1:1\n", "has 1 support vectors, not the 2 it tells"),
    ],
)
def test_other_and_damaged_models_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_libsvm(write(tmp_path, text), 2)
