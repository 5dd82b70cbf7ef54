"""Support vector regression from a model file of libsvm, read as plain text.

Source: the format that libsvm's ``svm-train`` writes, https://www.csie.ntu.edu.tw/~cjlin/libsvm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_KIND: Final = {"svm_type": "epsilon_svr", "kernel_type": "rbf"}

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class SupportVectorRegression:
    """Epsilon regression with radial basis functions.

    Attributes:
        vectors: Support vectors, (S, D).
        weights: One of each, (S,).
        gamma: Width of the kernel: exp(-gamma · squared distance).
        offset: Added to the weighted sum.
    """

    vectors: _Values
    weights: _Values
    gamma: float
    offset: float

    def predict(self, point: _Values) -> float:
        """Value at a point, (D,)."""
        distances = ((self.vectors - point) ** 2).sum(axis=1)
        return float(self.weights @ np.exp(-self.gamma * distances) + self.offset)


def read_libsvm(path: Path, dimensions: int) -> SupportVectorRegression:
    """Model of a file.

    Args:
        path: A file of libsvm, ``epsilon_svr`` with the kernel ``rbf``.
        dimensions: Length of a point; a value that a line leaves out is 0.

    Raises:
        ValueError: If the file is another model or damaged.
    """
    header, separator, body = path.read_text(encoding="ascii", errors="replace").partition("\nSV\n")
    told = dict(line.split(" ", 1) for line in header.splitlines() if " " in line)
    if not separator or any(told.get(name) != value for name, value in _KIND.items()):
        raise ValueError(f"{path} is no epsilon_svr of libsvm with the kernel rbf")
    try:
        weights, vectors = _read_vectors(body.splitlines(), dimensions)
        model = SupportVectorRegression(vectors, weights, float(told["gamma"]), -float(told["rho"]))
        expected = int(told["total_sv"])
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"{path} is a damaged model of libsvm: {error}") from error
    if len(weights) != expected:
        raise ValueError(f"{path} has {len(weights)} support vectors, not the {expected} it tells")
    return model


def _read_vectors(lines: Iterable[str], dimensions: int) -> tuple[_Values, _Values]:
    """Weights (S,) and vectors (S, dimensions) of lines ``weight index:value …``."""
    rows = [line.split() for line in lines if line.strip()]
    vectors = np.zeros((len(rows), dimensions))
    for vector, row in zip(vectors, rows, strict=True):
        for entry in row[1:]:
            index, _, value = entry.partition(":")
            if not 1 <= int(index) <= dimensions:
                raise ValueError(f"a vector has an index {index}; 1 to {dimensions} are known")
            vector[int(index) - 1] = float(value)
    return np.array([float(row[0]) for row in rows]), vectors
