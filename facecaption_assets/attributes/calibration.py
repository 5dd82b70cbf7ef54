"""Curves that make an annotator's probabilities honest, and the small file that keeps them.

A calibrated probability of 0.8 is right eight times in ten. The curves were fitted to the
probabilities of certain annotators with certain weights, and are refused for any other. How they
are fitted belongs to ``calibration_fitting``.

``<attribute>_prob`` of the dataset is the calibrated probability, the one that thresholds see;
attributes without a curve keep the annotator's own. The curves never fall, so the order of the
faces stays, and every ranking with it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import exp, log
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from facecaption_assets.attributes.registry import model_identities
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash

Method: TypeAlias = Literal["temperature", "platt", "isotonic"]

#: Number of the file's layout.
_FORMAT: Final = 1

#: Log-odds are taken of probabilities at least this far from 0 and 1.
_MARGIN: Final = 1e-6


class CalibrationError(ValueError):
    """A calibration cannot be read, or is not that of the annotators in use."""


@dataclass(frozen=True)
class Curve:
    """Raw to calibrated probability of one attribute: straight lines, or a sigmoid.

    Attributes:
        num: Labelled faces that it was fitted to.
        num_positive: Those of them that were labelled positive.
        scale: Factor of the log-odds, 0 or more; None for a curve of straight lines.
        shift: What is added to the log-odds.
        raw: Raw probabilities of the corners, rising.
        calibrated: Calibrated probabilities of the corners, never falling.
    """

    num: int
    num_positive: int
    scale: float | None = None
    shift: float = 0.0
    raw: tuple[float, ...] = ()
    calibrated: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.scale is not None:
            if self.scale < 0:
                raise ValueError(f"scale is {self.scale}; allowed is 0 or more")
            return
        if not self.raw or len(self.raw) != len(self.calibrated):
            raise ValueError("raw and calibrated must be as long as each other, and not empty")
        if any(not 0 <= p <= 1 for p in (*self.raw, *self.calibrated)):
            raise ValueError("raw and calibrated must be probabilities")
        if list(self.raw) != sorted(self.raw) or list(self.calibrated) != sorted(self.calibrated):
            raise ValueError("raw and calibrated must not fall")

    def __call__(self, probability: float) -> float:
        """The calibrated probability, [0, 1]."""
        if self.scale is not None:
            return _sigmoid(self.scale * log_odds(probability) + self.shift)
        import numpy as np

        return float(np.interp(probability, self.raw, self.calibrated))


@dataclass(frozen=True)
class Calibration:
    """Curves of attributes.

    Attributes:
        method: How they were fitted; empty for a calibration without curves.
        annotators: ``evidence_identity`` of the annotators that they were fitted to.
        curves: By attribute; others are left as they are.
    """

    method: Method | Literal[""] = ""
    annotators: str = ""
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def apply(self, probabilities: Mapping[str, float]) -> dict[str, float]:
        """One face's probabilities, calibrated."""
        return {
            name: self.curves[name](p) if name in self.curves else p
            for name, p in probabilities.items()
        }

    def to_json(self) -> str:
        """The file's text; equal calibrations give equal texts."""
        content = {"format": _FORMAT, **asdict(self)}
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def evidence_identity(settings: AttributeSettings, store: ModelStore) -> str:
    """Hash of what decides the raw probabilities: annotators, their models and who speaks.

    Raises:
        ValueError: If the settings name an annotator that there is not.
    """
    models = model_identities(settings, store)
    # Annotators that must agree choose a probability by the thresholds.
    rules = settings.rules if settings.agreement else None
    who = (settings.annotators, settings.sources, settings.agreement)
    return stage_hash("evidence", models, who, rules)


def read_calibration(settings: AttributeSettings) -> Calibration:
    """The calibration that the settings name; one without curves where they name none.

    Raises:
        CalibrationError: If the file cannot be read.
    """
    if not settings.calibration:
        return Calibration()
    path = Path(settings.calibration).expanduser()
    place = f"AttributeSettings.calibration names {path}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CalibrationError(f"{place}, which cannot be read: {error}") from error
    try:
        return _from_json(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CalibrationError(f"{place}, which is no calibration: {error}") from error


def calibration_of(settings: AttributeSettings, store: ModelStore) -> Calibration:
    """The calibration that the settings name, made sure to be that of their annotators.

    Raises:
        CalibrationError: If it cannot be read, or was fitted to other annotators or weights.
        ValueError: If the settings name an annotator that there is not.
    """
    calibration = read_calibration(settings)
    if settings.calibration and calibration.annotators != evidence_identity(settings, store):
        raise CalibrationError(
            f"AttributeSettings.calibration names {settings.calibration}, which was fitted to "
            "other annotators or other weights; take the setting out, and fit it again with "
            "facecaption calibrate-attributes"
        )
    return calibration


def log_odds(probability: float) -> float:
    """Log-odds, finite also of 0 and 1."""
    certain = min(max(probability, _MARGIN), 1 - _MARGIN)
    return log(certain / (1 - certain))


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def _from_json(content: Any) -> Calibration:
    if content["format"] != _FORMAT:
        raise ValueError(f"its format is {content['format']}, not {_FORMAT}")
    if unknown := content["curves"].keys() - set(ATTRIBUTES):
        raise ValueError(f"it names {sorted(unknown)}, which are no attributes")
    curves = {name: _curve(entry) for name, entry in sorted(content["curves"].items())}
    return Calibration(content["method"], content["annotators"], curves)


def _curve(entry: Mapping[str, Any]) -> Curve:
    corners = {name: tuple(map(float, entry[name])) for name in ("raw", "calibrated")}
    return Curve(**{**entry, **corners})
