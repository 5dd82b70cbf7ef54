"""A shard's kept faces → the rows of ``face_attributes``.

Crops are decoded and shown to the annotators in batches; a face that cannot be decoded or judged
becomes a row that says so. What an annotator sees in a face belongs to its module.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from facecaption_assets.attributes.annotators import (
    Annotator,
    FaceCrop,
    FaceEvidence,
)
from facecaption_assets.attributes.calibration import (
    Calibration,
    calibration_of,
    read_calibration,
)
from facecaption_assets.attributes.composition import (
    Speakers,
    assign_speakers,
    compose_evidence,
)
from facecaption_assets.attributes.registry import model_identities
from facecaption_assets.attributes.resolution import resolve_conflicts
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.states import (
    attribute_state,
    check_evidence,
    state_evidence,
)
from facecaption_assets.attributes.vocabulary import ATTRIBUTES, probability_column
from facecaption_assets.memory import OutOfMemory, is_out_of_memory
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import FACE_ATTRIBUTES
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut, left_out_by

#: Raised when evidence is resolved or kept in another way; what it is has its own version.
_VERSION: Final = 5

_Row = dict[str, Any]


@dataclass(frozen=True)
class _Judge:
    """What turns the annotators' answers into a face's labels."""

    speakers: Mapping[str, Speakers]
    calibration: Calibration
    settings: AttributeSettings


def stage_identity(settings: AttributeSettings, store: ModelStore) -> str:
    """Code version of ``face_attributes``.

    Neither the size of a batch, nor the models of annotators that no setting names, nor where a
    calibration lies change it.

    Raises:
        ValueError: If the settings name an annotator that there is not, or have one speak of an
            attribute that it does not cover, or their calibration cannot be used.
    """
    models = model_identities(settings, store)
    calibration = calibration_of(settings, store)
    deciding = replace(
        settings,
        batch_size=1,
        celeba_weights="",
        clip_model="",
        calibration="",
        evaluation_labels="",
    )
    return stage_hash("face_attributes", _VERSION, models, deciding, calibration)


def label_faces(
    crops: pa.Table,
    pixels: Iterable[tuple[str, bytes]],
    annotators: Sequence[Annotator],
    settings: AttributeSettings,
    opt_out: OptOut,
) -> pa.Table:
    """Label the faces of a shard.

    Args:
        crops: Rows of FACE_CROPS whose status is ``kept``.
        pixels: face_id and encoded picture of each, in any order; others are passed over.
        annotators: Those that the settings name.
        settings: Which of them speaks for an attribute, when a probability becomes a state, and
            how many positives a face needs.
        opt_out: Faces and pictures whose crops are not looked at.

    Returns:
        One FACE_ATTRIBUTES row per row of ``crops``, in their order.

    Raises:
        OutOfMemory: If an annotator ran out of memory; the shard can be tried again.
    """
    rows = crops.to_pylist()
    waiting, labelled = _unlabelled(rows, opt_out)
    calibration = read_calibration(settings)
    judge = _Judge(assign_speakers(annotators, settings), calibration, settings)
    wanted = ((waiting[face_id], data) for face_id, data in pixels if face_id in waiting)
    with tqdm(desc="attributes", total=len(waiting), disable=None, leave=False) as progress:
        while batch := list(islice(wanted, settings.batch_size)):
            for row in _label_batch(batch, annotators, judge):
                labelled[row["face_id"]] = row
            progress.update(len(batch))
    return FACE_ATTRIBUTES.from_rows([labelled[r["face_id"]] for r in rows])


def _unlabelled(rows: Sequence[_Row], opt_out: OptOut) -> tuple[dict[str, _Row], dict[str, _Row]]:
    """Crops to look at, and what every face's row says until somebody has."""
    waiting: dict[str, _Row] = {}
    labelled: dict[str, _Row] = {}
    for row in rows:
        kind = opt_out.covering(row["face_id"], row["key"])
        if kind is None:
            waiting[row["face_id"]] = row
            missing = _row(row, "failed_to_annotate", "the crop's picture is missing")
        else:
            missing = _row(row, "opted_out", left_out_by(kind))
        labelled[row["face_id"]] = missing
    return waiting, labelled


def _label_batch(
    batch: Sequence[tuple[_Row, bytes]],
    annotators: Sequence[Annotator],
    judge: _Judge,
) -> Iterator[_Row]:
    faces: list[FaceCrop] = []
    decoded: list[_Row] = []
    for row, data in batch:
        try:
            faces.append(face_crop(row, decode_rgb(data)))
            decoded.append(row)
        except ImageDecodeError as error:
            yield _row(row, "failed_to_annotate", f"the crop cannot be decoded: {error}")
    answers = {annotator.name: _ask(annotator, faces) for annotator in annotators}
    for position, row in enumerate(decoded):
        of_face = {name: answer[position] for name, answer in answers.items()}
        yield _judged(row, of_face, judge)


def _ask(annotator: Annotator, faces: Sequence[FaceCrop]) -> list[FaceEvidence | str]:
    """Evidence of each face, or what the annotator died of; one bad face spoils no other.

    Raises:
        OutOfMemory: If the machine's memory, not a face, is at fault.
    """
    try:
        answers = annotator.annotate(faces)
        check_evidence(annotator, answers, len(faces))
    except Exception as error:  # Whatever it is, it is the face's row that must tell.
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"{annotator.name} ran out of memory on {len(faces)} faces; free some, or lower "
                f"AttributeSettings.batch_size: {error}"
            ) from None  # A cause would be shown in the place of what helps.
        if len(faces) == 1:
            return [f"{annotator.name}: {type(error).__name__}: {error}"]
        return [answer for face in faces for answer in _ask(annotator, [face])]
    return list(answers)


def _judged(crop: _Row, answers: Mapping[str, FaceEvidence | str], judge: _Judge) -> _Row:
    settings = judge.settings
    if errors := [answer for answer in answers.values() if isinstance(answer, str)]:
        return _row(crop, "failed_to_annotate", "; ".join(errors))
    given = {name: a for name, a in answers.items() if isinstance(a, FaceEvidence)}
    composed = compose_evidence(given, judge.speakers, settings)
    probabilities = judge.calibration.apply(composed.evidence.probabilities)
    states = {a: attribute_state(a, probabilities.get(a), settings) for a in ATTRIBUTES}
    evidence = {a: state_evidence(a, p, settings) for a, p in probabilities.items()}
    resolution = resolve_conflicts(states, evidence)
    num_positive = sum(state is True for state in resolution.states.values())
    min_positive = settings.rules.min_positive
    enough = num_positive >= min_positive
    return {
        **_row(
            crop,
            "labelled" if enough else "too_few_labels",
            None if enough else f"{num_positive} positive, min_positive is {min_positive}",
        ),
        "num_positive": num_positive,
        "age_years": composed.evidence.age_years,
        "resolved_conflicts": resolution.withdrawn,
        "disagreements": composed.disagreements if settings.agreement else None,
        **resolution.states,
        **{probability_column(a): probabilities.get(a) for a in ATTRIBUTES},
    }


def _row(crop: _Row, status: str, error_message: str | None) -> _Row:
    """A row whose attributes are all unknown."""
    return {
        "face_id": crop["face_id"],
        "key": crop["key"],
        "split_group": crop["split_group"],
        "status": status,
        "error_message": error_message,
        "num_positive": 0,
        "resolved_conflicts": [],
    }


def face_crop(row: _Row, pixels: NDArray[np.uint8]) -> FaceCrop:
    """A FACE_CROPS row and its picture, landmarks and box brought from the original to the crop.

    Args:
        row: The row; ``landmarks``, ``bbox_xyxy`` and ``crop_matrix`` may be null.
        pixels: (H, W, 3), RGB.
    """
    matrix = row["crop_matrix"]
    if matrix is None:
        return FaceCrop(row["face_id"], pixels)
    affine = np.array(matrix, np.float64).reshape(2, 3)
    landmarks = row["landmarks"] and _transform(np.array(row["landmarks"], np.float64), affine)
    box = row["bbox_xyxy"] and _transform_box(np.array(row["bbox_xyxy"], np.float64), affine)
    return FaceCrop(row["face_id"], pixels, landmarks, box)


def _transform(points: NDArray[np.float64], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    return points @ affine[:, :2].T + affine[:, 2]


def _transform_box(box: NDArray[np.float64], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    left, top, right, bottom = box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    moved = _transform(corners, affine)
    return np.concatenate([moved.min(axis=0), moved.max(axis=0)])
