"""The worst kept faces by each measure: where to look first when something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from facecaption_assets.quality.face_measures import FACE_MEASURES, MEASURED_FACES, FaceMeasure
from facecaption_assets.quality.shown_faces import first_shown
from facecaption_assets.shards.opt_out import OptOut

#: Faces that are named per measure.
_FACES: Final = 8


@dataclass(frozen=True)
class WorstFaces:
    """Faces at the bad end of a measure.

    Attributes:
        measure: Its name.
        complaint: What is said of them.
        digits: Decimals that are worth showing.
        faces: Face ids and values, the worst first.
    """

    measure: str
    complaint: str
    digits: int
    faces: list[tuple[str, float]]


def worst_faces(connection: duckdb.DuckDBPyConnection, opt_out: OptOut) -> list[WorstFaces]:
    """The worst kept faces by every measure that has a bad end and is known of some face.

    Args:
        connection: Views of the dataset.
        opt_out: Pictures and faces that must not be shown.
    """
    found = (_worst(connection, opt_out, measure) for measure in FACE_MEASURES if measure.worst)
    return [worst for worst in found if worst.faces]


def faces_of(worst: Sequence[WorstFaces]) -> list[str]:
    """Ids of all faces that are named, each once."""
    return list(dict.fromkeys(face_id for each in worst for face_id, _ in each.faces))


def _worst(
    connection: duckdb.DuckDBPyConnection, opt_out: OptOut, measure: FaceMeasure
) -> WorstFaces:
    known = (
        f"SELECT face_id, ({measure.expression})::DOUBLE AS value FROM {MEASURED_FACES} "
        "WHERE crop.status = 'kept' AND value IS NOT NULL"
    )
    query = f"SELECT face_id FROM ({known}) ORDER BY value {measure.worst}, face_id"
    ids = first_shown(connection, opt_out, query, _FACES)
    values: dict[str, float] = dict(
        connection.execute(
            f"FROM ({known}) WHERE list_contains($ids, face_id)", {"ids": ids}
        ).fetchall()
    )
    faces = [(face_id, values[face_id]) for face_id in ids]
    return WorstFaces(measure.name, measure.complaint, measure.digits, faces)
