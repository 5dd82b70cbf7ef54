"""Tables of invented people, with groups and fates as a test wants them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from facecaption_assets.schema import TABLES

Tables = dict[str, pa.Table]


@dataclass(frozen=True)
class Face:
    """A face and how far it came; each face is a person and a picture unless a person is given."""

    male: bool | None = None
    age: float | None = 30.0
    tone: str | None = None
    person: str | None = None
    drop_reason: str | None = None
    labels: str = "labelled"
    captions: tuple[str, ...] = ("captioned",)
    rewrites: tuple[str, ...] = ("accepted",)
    caption: str = "A person smiles."
    smiling: bool | None = True


def make_tables(faces: Iterable[Face]) -> Tables:
    """Tables of the shard ``made-00000``, of which only what is read here is filled in."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for index, face in enumerate(faces):
        key = f"made-00000-{index:05d}"
        common = {"key": key, "split_group": face.person or key}
        metadata = f'{{"demographics": {{"skin_tone": "{face.tone}"}}}}' if face.tone else None
        rows["shard_plan"].append(common | {"source": "made", "url": "u", "status": "planned"})
        rows["raw_shards"].append(common | {"url": "u", "status": "success", "metadata": metadata})
        face_row = common | {"face_id": f"{key}-0"}
        is_kept = face.drop_reason is None
        rows["face_crops"].append(
            face_row
            | {"status": "kept" if is_kept else "dropped", "drop_reason": face.drop_reason}
            | {"det_score": 0.5 + index % 10 / 100}
        )
        if is_kept:
            rows["face_attributes"].append(_labels(face_row, face))
        if is_kept and face.labels == "labelled":
            for name in ("template_captions", "llm_captions"):
                rows[name].extend(_captions(name, face_row, face))
    return {name: TABLES[name].from_rows(found) for name, found in rows.items() if found}


def _labels(row: dict[str, Any], face: Face) -> dict[str, Any]:
    judged = face.labels in ("labelled", "too_few_labels")
    states = {"Male": face.male, "Smiling": face.smiling} if judged else {}
    return row | {
        "status": face.labels,
        "age_years": face.age if judged else None,
        "num_positive": sum(state is True for state in states.values()),
        "resolved_conflicts": [],
        **states,
    }


def _captions(name: str, row: dict[str, Any], face: Face) -> list[dict[str, Any]]:
    if name == "template_captions":
        statuses: Iterable[tuple[int, str]] = enumerate(face.captions)
    else:
        written = [i for i, status in enumerate(face.captions) if status == "captioned"]
        statuses = zip(written, face.rewrites, strict=False)
    more = {"style": "normal", "num_attempts": 1, "prompt_tokens": 1, "completion_tokens": 1}
    return [
        row
        | {"caption_index": index, "status": status, "attributes": [], "caption": face.caption}
        | (more if name == "llm_captions" else {})
        | ({"rejection_reason": "missing_attribute:Smiling"} if status == "fell_back" else {})
        for index, status in statuses
    ]
