"""Measures the labels that the dataset holds, where the truth is known.

That is the sample, whose side-cars tell it, and whatever faces or pictures a file of labels names.
No picture is looked at: tables are compared. Pictures outside the dataset are measured by
``picture_judging``.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from facecaption_assets.attributes.evaluation import Evaluation, evaluate, predictions_of
from facecaption_assets.attributes.label_files import LabelTable, read_labels
from facecaption_assets.attributes.sample_truth import sample_groups, sample_labels
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.model_archives import file_sha256
from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import FACE_ATTRIBUTES
from facecaption_assets.shards.sources import SourceError, read_source, split_shard_key
from facecaption_assets.storage import Storage

#: Raised when the same tables would give other numbers.
_VERSION: Final = 1

_Row = dict[str, Any]


@dataclass
class _Truth:
    """Rows of faces with a label, and what is known of each."""

    rows: list[_Row] = field(default_factory=list)
    labels: list[dict[str, int]] = field(default_factory=list)
    groups: list[dict[str, str]] = field(default_factory=list)


def stage_identity(settings: AttributeSettings) -> str:
    """Code version of ``attribute_evaluation``; a file of labels counts by its content."""
    path = Path(settings.evaluation_labels).expanduser()
    labels = ""
    if settings.evaluation_labels:
        labels = file_sha256(path) if path.is_file() else f"missing {path}"
    return stage_hash("attribute_evaluation", _VERSION, labels)


def evaluate_dataset(storage: Storage, settings: AttributeSettings) -> Evaluation:
    """Compare ``face_attributes`` of all shards with what is known of their faces.

    A label of the file is that of the face, the picture's key, or the picture's file name that it
    names; of a picture with several faces, that of the largest. It goes before the sample's own.
    Where nothing is known of any face, the evaluation is of none.

    Raises:
        LabelFileError: If the file of labels cannot be read.
    """
    named = settings.evaluation_labels
    labels = _NamedLabels(read_labels(Path(named).expanduser()) if named else None)
    truth = _Truth()
    for shard in storage.partitions("face_attributes"):
        if (is_sample := _is_sample(storage, shard)) or named:
            _add_shard(storage, shard, is_sample, labels, truth)
    table = FACE_ATTRIBUTES.from_rows(truth.rows)
    return evaluate(_as_table(truth), predictions_of(table))


class _NamedLabels:
    """The rows of a file of labels, by name."""

    def __init__(self, table: LabelTable | None) -> None:
        self._table = table
        self._rows = {name: row for row, name in enumerate(table.names)} if table else {}

    def of(self, *names: str) -> tuple[dict[str, int], dict[str, str]]:
        """Labels and groups of the first of the names that the file has; else nothing."""
        row = next((self._rows[name] for name in names if name in self._rows), None)
        if row is None or self._table is None:
            return {}, {}
        said = zip(self._table.attributes, self._table.values[row].tolist(), strict=True)
        groups = {column: values[row] for column, values in self._table.groups.items()}
        return {name: value for name, value in said if value}, groups


def _is_sample(storage: Storage, shard: str) -> bool:
    try:
        return read_source(storage, split_shard_key(shard)[0]).kind == "sample"
    except SourceError:  # A data root can outlive the registration of its sources.
        return False


def _add_shard(
    storage: Storage, shard: str, is_sample: bool, named: _NamedLabels, truth: _Truth
) -> None:
    pictures = {
        p["key"]: p for p in _rows(storage, "raw_shards", shard, ["key", "url", "metadata"])
    }
    crops = _rows(storage, "face_crops", shard, ["face_id", "key", "bbox_xyxy", "bbox_rel"])
    boxes = {crop["face_id"]: crop for crop in crops}
    rows = storage.read_table("face_attributes", shard).to_pylist()
    main = main_faces([boxes[row["face_id"]] for row in rows])
    for row in rows:
        picture, face_id = pictures[row["key"]], row["face_id"]
        is_main = main[row["key"]] == face_id
        labels, groups = named.of(
            face_id, *((row["key"], PurePosixPath(picture["url"]).name) if is_main else ())
        )
        if is_sample:
            metadata = json.loads(picture["metadata"] or "{}")
            decided = sample_labels(metadata, boxes[face_id]["bbox_rel"])
            labels = {name: 1 if value else -1 for name, value in decided.items()} | labels
            groups = sample_groups(metadata) | groups
        if labels:
            truth.rows.append(row)
            truth.labels.append(labels)
            truth.groups.append(groups)


def main_faces(boxes: list[_Row]) -> dict[str, str]:
    """The largest face of each picture: key → face_id; of equals, the first."""
    largest: dict[str, _Row] = {}
    for row in boxes:
        known = largest.get(row["key"])
        if known is None or _area(row["bbox_xyxy"]) > _area(known["bbox_xyxy"]):
            largest[row["key"]] = row
    return {key: row["face_id"] for key, row in largest.items()}


def _area(box: list[float]) -> float:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _rows(storage: Storage, asset: str, shard: str, columns: list[str]) -> list[_Row]:
    rows: list[_Row] = storage.read_table(asset, shard, columns).to_pylist()
    return rows


def _as_table(truth: _Truth) -> LabelTable:
    attributes = tuple(a for a in ATTRIBUTES if any(a in labels for labels in truth.labels))
    values = [[labels.get(a, 0) for a in attributes] for labels in truth.labels]
    shape = (len(truth.rows), len(attributes))
    columns = dict.fromkeys(column for groups in truth.groups for column in groups)
    return LabelTable(
        [row["face_id"] for row in truth.rows],
        attributes,
        np.array(values, np.int8).reshape(shape),
        {column: [groups.get(column, "") for groups in truth.groups] for column in columns},
    )
