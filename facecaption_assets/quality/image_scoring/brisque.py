"""BRISQUE: how distorted a picture looks, told without an original to hold it against.

Its features belong to ``brisque_features``. The regression is the one that the method's authors
give away. They trained it on the LIVE database, where people scored pictures with known distortions
from 0, as good as the original, to 100: of other pictures, neither is a limit.
"""

import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.quality.image_scoring.brisque_features import FEATURES, brisque_features
from facecaption_assets.quality.image_scoring.support_vectors import read_libsvm

#: Files of the model store: the regression, and what its inputs are scaled by.
MODELS: Final = ("brisque-svm", "brisque-ranges")

_USER: Final = "image_scores"


class Brisque:
    """Scores pictures; the lower, the better.

    Args:
        store: Has the two files of MODELS.

    Raises:
        ModelUnavailable: If a file cannot be had, or is another model.
    """

    def __init__(self, store: ModelStore) -> None:
        regression, ranges = (store.path(name, _USER) for name in MODELS)
        try:
            self._regression = read_libsvm(regression, FEATURES)
            self._lowest, self._highest = _read_ranges(ranges)
        except ValueError as error:
            raise ModelUnavailable(f"BRISQUE, wanted by {_USER}: {error}") from error

    def score(self, pixels: NDArray[np.uint8]) -> float:
        """Score of a picture (H, W, 3), RGB; on photographs about -20 to 110.

        Raises:
            Unmeasurable: If the picture is too small, of one tone or a plain pattern.
        """
        share = (brisque_features(pixels) - self._lowest) / (self._highest - self._lowest)
        return self._regression.predict(2 * share - 1)


class _PlainUnpickler(pickle.Unpickler):
    """Reads numbers and containers; whatever would have to be imported is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _read_ranges(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest value of each feature, (36,), among the pictures of the training."""
    try:
        with path.open("rb") as file:
            told = _PlainUnpickler(file).load()
        lowest, highest = (np.array(told[name], np.float64) for name in ("min_", "max_"))
    except Exception as error:  # A pickle raises whatever odd bytes lead it to.
        raise ValueError(f"{path} has no ranges of features: {error}") from error
    if lowest.shape != (FEATURES,) or highest.shape != (FEATURES,) or (highest <= lowest).any():
        raise ValueError(f"{path} has no range for each of the {FEATURES} features")
    return lowest, highest
