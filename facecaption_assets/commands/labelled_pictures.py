"""What the commands on labelled pictures share: the labels, and what the annotators say.

Arguments in, values out; judging belongs to ``attributes.picture_judging``.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from facecaption_assets.terminal import console, stop

if TYPE_CHECKING:
    import pyarrow as pa

    from facecaption_assets.attributes.evaluation import Predictions
    from facecaption_assets.attributes.label_files import LabelTable
    from facecaption_assets.defs.resources import Dataset

#: Reasons why pictures were not judged that are printed.
_REASONS_SHOWN: Final = 3


def judge_labelled(
    dataset: "Dataset", images: Path, labels: Path, *, crops: bool, calibrated: bool
) -> "tuple[LabelTable, Predictions]":
    """Labels of the pictures that are in the folder, and what the profile's annotators say.

    Args:
        dataset: Whose profile and models are used.
        images: Folder; the labels' names are paths in it.
        labels: File of labels.
        crops: Whether the pictures are crops already.
        calibrated: Whether the profile's calibration is applied.
    """
    from facecaption_assets.attributes.evaluation import predictions_of
    from facecaption_assets.attributes.label_files import LabelFileError, read_labels
    from facecaption_assets.attributes.picture_judging import PictureJudge
    from facecaption_assets.memory import OutOfMemory
    from facecaption_assets.models import ModelUnavailable
    from facecaption_assets.profiles import ProfileError

    try:
        table = _present(read_labels(labels), images, labels)
        profile = dataset.profile
        settings = profile.attributes
        judge = PictureJudge(
            detector=None if crops else dataset.detector(),
            annotators=dataset.annotators(),
            faces=profile.faces,
            attributes=settings if calibrated else replace(settings, calibration=""),
        )
        rows = judge.judge([images / name for name in table.names])
    except (LabelFileError, ModelUnavailable, OutOfMemory, OSError, ProfileError) as error:
        raise stop(str(error)) from None
    _tell_failures(rows)
    return table, predictions_of(rows)


def _tell_failures(rows: "pa.Table") -> None:
    """Print why pictures were not judged, the commonest reasons first."""
    pictures = rows.select(["status", "error_message"]).to_pylist()
    reasons = Counter(
        row["error_message"] for row in pictures if row["status"] == "failed_to_annotate"
    )
    for reason, count in reasons.most_common(_REASONS_SHOWN):
        console.print(f"{count} of {len(pictures)} not judged: {reason}", soft_wrap=True)


def _present(table: "LabelTable", images: Path, labels: Path) -> "LabelTable":
    rows = [row for row, name in enumerate(table.names) if (images / name).is_file()]
    if not rows:
        raise stop(f"{images} has none of the pictures that {labels} names: {table.names[0]}, …")
    if absent := len(table.names) - len(rows):
        console.print(f"{absent} of {len(table.names)} labelled pictures are not in {images}")
    return table.select(rows)
