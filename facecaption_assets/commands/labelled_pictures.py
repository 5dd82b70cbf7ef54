"""What the commands on labelled pictures share: the labels, and what the annotators say.

Arguments in, values out; judging belongs to ``attributes.picture_judging``.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from facecaption_assets.terminal import console, stop

if TYPE_CHECKING:
    from facecaption_assets.attributes.evaluation import Predictions
    from facecaption_assets.attributes.label_files import LabelTable
    from facecaption_assets.models import ModelStore
    from facecaption_assets.profiles import Profile
    from facecaption_assets.storage import Storage


def open_profile(calibrated: bool = True) -> "tuple[Profile, Storage, ModelStore]":
    """Profile, data root and model store that the environment names.

    Args:
        calibrated: Whether the profile keeps its calibration.
    """
    from facecaption_assets.models import ModelStore
    from facecaption_assets.profiles import ProfileError, code_versions, load_profile
    from facecaption_assets.storage import Storage

    storage = Storage(os.environ["FACECAPTION_HOME"])
    store = ModelStore(storage.models)
    try:
        profile = load_profile(storage)
        if not calibrated:
            profile = replace(profile, attributes=replace(profile.attributes, calibration=""))
        code_versions(profile, store)  # Refuses unknown annotators, and calibrations of others.
        return profile, storage, store
    except ProfileError as error:
        raise stop(str(error)) from None


def judge_labelled(
    images: Path, labels: Path, crops: bool, profile: "Profile", store: "ModelStore"
) -> "tuple[LabelTable, Predictions]":
    """Labels of the pictures that are in the folder, and what the profile's annotators say.

    Args:
        images: Folder; the labels' names are paths in it.
        labels: File of labels.
        crops: Whether the pictures are crops already.
        profile: How faces are found, cut out and labelled.
        store: The models.
    """
    from facecaption_assets.attributes.evaluation import predictions_of
    from facecaption_assets.attributes.label_files import LabelFileError, read_labels
    from facecaption_assets.attributes.memory import OutOfMemory
    from facecaption_assets.attributes.picture_judging import PictureJudge
    from facecaption_assets.attributes.registry import load_annotators
    from facecaption_assets.faces.loading import load_detector
    from facecaption_assets.models import ModelUnavailable

    try:
        table = _present(read_labels(labels), images, labels)
        judge = PictureJudge(
            None if crops else load_detector(profile.faces, store),
            load_annotators(profile.attributes, store),
            profile.faces,
            profile.attributes,
        )
        rows = judge.judge([images / name for name in table.names])
    except (LabelFileError, ModelUnavailable, OutOfMemory, OSError, ValueError) as error:
        raise stop(str(error)) from None
    return table, predictions_of(rows)


def _present(table: "LabelTable", images: Path, labels: Path) -> "LabelTable":
    rows = [row for row, name in enumerate(table.names) if (images / name).is_file()]
    if not rows:
        raise stop(f"{images} has none of the pictures that {labels} names: {table.names[0]}, …")
    if len(rows) < len(table.names):
        absent = len(table.names) - len(rows)
        console.print(f"{absent} of {len(table.names)} labelled pictures are not in {images}")
    return table.select(rows)
