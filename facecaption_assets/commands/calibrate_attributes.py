"""``facecaption calibrate-attributes``: fit what makes the annotators' probabilities honest."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facecaption_assets.terminal import console, stop

if TYPE_CHECKING:
    from facecaption_assets.attributes.calibration import Calibration


class CalibrationMethod(StrEnum):
    """How curves are fitted; isotonic needs the most labels."""

    TEMPERATURE = "temperature"
    PLATT = "platt"
    ISOTONIC = "isotonic"


def calibrate_attributes(
    images: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of labelled pictures.")
    ],
    labels: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, help="File of labels, as for evaluate-attributes."
        ),
    ],
    out: Annotated[Path, typer.Option(help="File of the calibration, .json.")],
    method: Annotated[
        CalibrationMethod, typer.Option(help="How to fit.")
    ] = CalibrationMethod.PLATT,
    crops: Annotated[
        bool, typer.Option("--crops", help="The pictures are face crops already.")
    ] = False,
) -> None:
    """Calibrate the profile's annotators on labelled pictures, for the setting calibration."""
    calibration = _calibrate(images, labels, method, crops)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(calibration.to_json(), encoding="utf-8")
    console.print(f'For profile.toml:\n\n[attributes]\ncalibration = "{out.absolute()}"')


def _calibrate(images: Path, labels: Path, method: CalibrationMethod, crops: bool) -> "Calibration":
    from facecaption_assets.attributes.calibration import evidence_identity
    from facecaption_assets.attributes.calibration_fitting import (
        MIN_OF_EACH,
        calibrate_left_out,
        fit_calibration,
    )
    from facecaption_assets.attributes.evaluation import evaluate
    from facecaption_assets.commands.evaluation_tables import print_calibration
    from facecaption_assets.commands.labelled_pictures import judge_labelled
    from facecaption_assets.defs import resources

    dataset = resources.open_dataset()
    table, predictions = judge_labelled(dataset, images, labels, crops=crops, calibrated=False)
    identity = evidence_identity(dataset.profile.attributes, dataset.models)
    calibration = fit_calibration(table, predictions, method.value, identity)
    if not calibration.curves:
        raise stop(
            f"no attribute has {MIN_OF_EACH} judged faces of either label in {labels}; nothing is "
            "written"
        )
    left_out = calibrate_left_out(table, predictions, calibration, method.value)
    print_calibration(calibration, evaluate(table, predictions), evaluate(table, left_out))
    return calibration
