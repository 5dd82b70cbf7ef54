"""``facecaption calibrate-detector``: which ``min_score`` fits a detector.

Arguments in, table out; the measuring belongs to ``faces.calibration`` and
``faces.labelled_pictures``, where the format of the labels is described.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.storage import Storage
from facecaption_assets.terminal import console, stop

if TYPE_CHECKING:
    from facecaption_assets.faces.calibration import OperatingPoint, Proposal
    from facecaption_assets.faces.settings import FaceSettings

#: The curve begins here: a detector's lowest scores are without number, and all of them noise.
_LOWEST_SCORE: Final = 0.01
_BOXES_HELP: Final = (
    "CSV of their faces: image,left,top,right,bottom in px of the upright original; an empty box "
    "for a picture without a face; optionally ignore, 1 for a region that does not count."
)
_SHOWN_THRESHOLDS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))


def calibrate_detector(
    images: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of the labelled pictures.")
    ],
    boxes: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, help=_BOXES_HELP),
    ],
    iou: Annotated[
        float, typer.Option(min=0.05, max=1, help="Overlap from which two boxes are one face.")
    ] = 0.5,
    precision: Annotated[
        float, typer.Option(min=0, max=1, help="Share of kept faces that should be faces.")
    ] = 0.99,
) -> None:
    """Measure the configured detector on labelled pictures and propose its min_score."""
    from facecaption_assets.faces.calibration import operating_points, propose
    from facecaption_assets.faces.labelled_pictures import judge_pictures, read_labels
    from facecaption_assets.faces.loading import load_detector
    from facecaption_assets.profiles import load_profile

    storage = Storage(os.environ["FACECAPTION_HOME"])
    try:
        settings = load_profile(storage).faces
        pictures = read_labels(boxes, images)
        lenient = replace(settings, report_score=_LOWEST_SCORE)
        detector = load_detector(lenient, ModelStore(storage.models))
        judged = judge_pictures(pictures, boxes, detector, iou)
        expected = sum(len(picture.faces) for picture in pictures.values())
        points = operating_points([v for found in judged.values() for v in found], expected)
        proposal = propose(points, precision)
    except (ModelUnavailable, ValueError) as error:  # Of the profile, the labels, the weights.
        raise stop(str(error)) from None
    console.print(f"{detector.name}: labelled {expected}, pictures {len(pictures)}, IoU {iou:g}")
    console.print(_table(points, proposal, settings, expected))
    _print_proposal(proposal, precision, settings)


def _table(
    points: Sequence["OperatingPoint"],
    proposal: "Proposal",
    settings: "FaceSettings",
    expected: int,
) -> Table:
    from facecaption_assets.faces.calibration import at_threshold

    notes = {settings.min_score: "min_score now"}
    notes[proposal.point.threshold] = ", ".join(
        ["proposed", *filter(None, [notes.get(proposal.point.threshold)])]
    )
    columns = ("threshold", "precision", "recall", "F1", "found", "expected", "false", "")
    table = Table(*columns, box=None)
    for threshold in sorted({*_SHOWN_THRESHOLDS, *notes}):
        point = at_threshold(points, threshold, expected)
        shares = (f"{share:.4f}" for share in (point.precision, point.recall, point.f1))
        counts = (str(count) for count in (point.found, point.expected, point.false))
        table.add_row(_number(threshold), *shares, *counts, notes.get(threshold, ""))
    return table


def _print_proposal(proposal: "Proposal", precision: float, settings: "FaceSettings") -> None:
    point = proposal.point
    console.print(
        f"\n{_number(point.threshold)} is the lowest threshold with a precision of {precision:g}."
        if proposal.reaches_precision
        else f"\nNo threshold has a precision of {precision:g}; {_number(point.threshold)} has the "
        f"best F1, with a precision of {point.precision:.4f}."
    )
    console.print(f"For profile.toml:\n\n[faces]\nmin_score = {_number(point.threshold)}")
    if point.threshold < settings.report_score:
        # Below it a detection has no row, let alone a crop.
        console.print(f"report_score = {_number(point.threshold)}")


def _number(threshold: float) -> str:
    return f"{threshold:.8g}"
