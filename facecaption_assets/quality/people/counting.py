"""Counts of FACES by group and split group, in DuckDB.

Values that are not counts are summed in thousandths, as whole numbers: a sum of floats depends on
the order in which threads add, and the same dataset must give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from facecaption_assets.quality.attribute_gates import JUDGED
from facecaption_assets.quality.people.estimates import Moments
from facecaption_assets.quality.people.faces import FACES, Step
from facecaption_assets.quality.people.groups import Factor
from facecaption_assets.quality.text_tokens import TOKEN_PATTERN
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Moments by group.
Groups = dict[str, Moments]

#: Most reasons of a step that are compared, the most frequent ones.
MAX_REASONS: Final = 12

_SCALE: Final = 1000
_VALUES: Final = "people_values"
_JUDGED: Final = f"labels.status IN {JUDGED}"
_SUMS: Final = "sum({y}), sum({y} * {y}), sum({y} * n)"


@dataclass(frozen=True)
class Measure:
    """A number of a face or of its caption whose mean is compared.

    Attributes:
        name: Of the measure.
        meaning: In plain words, with its unit.
        query: SELECT of ``face_id`` and ``value``; rows without a value are left out.
    """

    name: str
    meaning: str
    query: str


def _labels_per_face(state: str) -> str:
    counted = (name for name in ATTRIBUTE_COLUMNS if name not in ("Male", "Young"))
    total = " + ".join(f'("{name}" IS {state})::INT' for name in counted)
    return f"SELECT face_id, {total} AS value FROM face_attributes AS labels WHERE {_JUDGED}"


def _words(table: str, where: str) -> str:
    text = "lower(replace(caption, '\u2019', ''''))"
    pattern = TOKEN_PATTERN.replace("'", "''")
    return (
        f"SELECT face_id, len(regexp_extract_all({text}, '{pattern}')) AS value "
        f"FROM {table} WHERE {where}"
    )


def _evidence(column: str) -> str:
    return f"SELECT face_id, {column} AS value FROM face_crops WHERE status = 'kept'"


MEASURES: Final = (
    Measure(
        "positive_labels", "Positive labels but Male and Young, per face", _labels_per_face("TRUE")
    ),
    Measure(
        "known_labels",
        "Attributes with a state but Male and Young, per face",
        _labels_per_face("NOT NULL"),
    ),
    Measure(
        "template_words",
        "Words per template caption",
        _words("template_captions", "status = 'captioned'"),
    ),
    Measure(
        "rewritten_words",
        "Words per accepted rewriting",
        _words("llm_captions", "status = 'accepted'"),
    ),
    Measure("detector_score", "Detector's confidence, [0, 1]", _evidence("det_score")),
    Measure("side", "Shorter side of the face's box, px", _evidence("side_px")),
    Measure("sharpness", "Sharpness, as in face_crops", _evidence("sharpness")),
)


def count_step(connection: duckdb.DuckDBPyConnection, factor: Factor, step: Step) -> Groups:
    """Faces that come to a step, and of them those that pass it."""
    return _count_faces(connection, factor, step, step.name)


def count_reasons(
    connection: duckdb.DuckDBPyConnection, factor: Factor, step: Step
) -> dict[str, Groups]:
    """Faces that come to a step, and those that do not pass it, by reason."""
    reason = f"coalesce({step.reason}, 'unknown')"
    reasons = connection.execute(
        f"SELECT {reason} FROM {FACES} WHERE {step.entering} AND NOT {step.name} GROUP BY 1 "
        f"ORDER BY count(*) DESC, 1 LIMIT {MAX_REASONS}"
    ).fetchall()
    lost = f"(NOT {step.name} AND {reason} = $reason)"
    return {
        why: _count_faces(connection, factor, step, lost, {"reason": why}) for (why,) in reasons
    }


def count_measure(
    connection: duckdb.DuckDBPyConnection, factors: Sequence[Factor], measure: Measure
) -> list[Groups]:
    """A measure's values, over faces that annotators were given; groups of each factor."""
    names = ", ".join(factor.name for factor in factors)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS SELECT {names}, person, count(*) AS n, "
        f"sum(round(value::DOUBLE * {_SCALE})::BIGINT) AS y "
        f"FROM ({measure.query}) JOIN {FACES} USING (face_id) "
        "WHERE value IS NOT NULL AND isfinite(value::DOUBLE) AND labelled IS NOT NULL GROUP BY ALL"
    )
    return [
        {
            group: _scaled(moments)
            for group, moments in _count(
                connection,
                f"SELECT {factor.name} AS grp, sum(n) AS n, sum(y) AS y FROM {_VALUES} "
                "GROUP BY grp, person",
            ).items()
        }
        for factor in factors
    ]


def count_labels(
    connection: duckdb.DuckDBPyConnection, factor: Factor, attributes: Sequence[str]
) -> tuple[dict[str, Groups], dict[str, Groups]]:
    """Judged faces, and of them those with a state of an attribute, and with the positive one.

    Args:
        connection: With FACES.
        factor: By what faces are grouped.
        attributes: Which.

    Returns:
        Both by attribute.
    """
    states = [(name, state) for state in ("NOT NULL", "TRUE") for name in attributes]
    columns = ", ".join(
        f'count(*) FILTER ("{name}" IS {state}) AS y{i}' for i, (name, state) in enumerate(states)
    )
    sums = ", ".join(_SUMS.format(y=f"y{i}") for i in range(len(states)))
    rows = connection.execute(
        f"SELECT grp, sum(n), count(*), sum(n * n), {sums} FROM ("
        f"SELECT {factor.name} AS grp, person, count(*) AS n, {columns} "
        f"FROM face_attributes AS labels JOIN {FACES} USING (face_id) WHERE {_JUDGED} "
        "GROUP BY 1, 2) GROUP BY grp ORDER BY grp"
    ).fetchall()
    found: dict[str, dict[str, Groups]] = {"NOT NULL": {}, "TRUE": {}}
    for i, (name, state) in enumerate(states):
        found[state][name] = {
            row[0]: _moments(*row[1:4], *row[4 + 3 * i : 7 + 3 * i]) for row in rows
        }
    return found["NOT NULL"], found["TRUE"]


def _count_faces(
    connection: duckdb.DuckDBPyConnection,
    factor: Factor,
    step: Step,
    what: str,
    parameters: Mapping[str, str] | None = None,
) -> Groups:
    return _count(
        connection,
        f"SELECT {factor.name} AS grp, count(*) AS n, count(*) FILTER ({what}) AS y FROM {FACES} "
        f"WHERE {step.entering} AND {step.name} IS NOT NULL GROUP BY grp, person",
        parameters,
    )


def _count(
    connection: duckdb.DuckDBPyConnection,
    people: str,
    parameters: Mapping[str, str] | None = None,
) -> Groups:
    """Moments of a SELECT of ``grp``, ``n`` and ``y`` with a row per person."""
    found = connection.execute(
        f"SELECT grp, sum(n), count(*), sum(n * n), {_SUMS.format(y='y')} FROM ({people}) "
        "GROUP BY grp ORDER BY grp",
        dict(parameters or {}),
    ).fetchall()
    return {grp: _moments(*sums) for grp, *sums in found}


def _moments(size: int, clusters: int, nn: int, total: int, yy: int, yn: int) -> Moments:
    return Moments(size=size, total=total, clusters=clusters, yy=yy, yn=yn, nn=nn)


def _scaled(moments: Moments) -> Moments:
    return Moments(
        size=moments.size,
        total=moments.total / _SCALE,
        clusters=moments.clusters,
        yy=moments.yy / _SCALE**2,
        yn=moments.yn / _SCALE,
        nn=moments.nn,
    )
