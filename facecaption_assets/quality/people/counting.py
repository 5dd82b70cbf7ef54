"""Counts of FACES by group and split group, in DuckDB.

Values that are not counts are summed in thousandths, as whole numbers: a sum of floats depends on
the order in which threads add, and the same dataset must give the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from facecaption_assets.quality.attribute_gates import JUDGED
from facecaption_assets.quality.people.estimates import Moments
from facecaption_assets.quality.people.faces import FACES, Step
from facecaption_assets.quality.people.groups import Factor
from facecaption_assets.quality.texts import TOKEN_PATTERN
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Moments by group.
Groups = dict[str, Moments]

#: Most reasons of a step that are compared, the most frequent ones.
MAX_REASONS: Final = 12

_SCALE: Final = 1000
_JUDGED: Final = f"labels.status IN {JUDGED}"
_SUMS: Final = "sum({y}), sum({y}::HUGEINT * {y}), sum({y}::HUGEINT * n)"


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
    return _count(connection, factor, f"{step.name}::INT", _concerned(step))


def count_reasons(
    connection: duckdb.DuckDBPyConnection, factor: Factor, step: Step
) -> dict[str, Groups]:
    """Faces that come to a step, and those that do not pass it, by reason."""
    lost = f"{_concerned(step)} AND NOT {step.name}"
    reasons = connection.execute(
        f"SELECT coalesce({step.reason}, 'unknown') FROM {FACES} WHERE {lost} GROUP BY 1 "
        f"ORDER BY count(*) DESC, 1 LIMIT {MAX_REASONS}"
    ).fetchall()
    return {
        reason: _count(
            connection,
            factor,
            f"(NOT {step.name} AND coalesce({step.reason}, 'unknown') = $reason)::INT",
            _concerned(step),
            {"reason": reason},
        )
        for (reason,) in reasons
    }


def count_measure(
    connection: duckdb.DuckDBPyConnection, factor: Factor, measure: Measure
) -> Groups:
    """A measure's values, over faces that annotators were given."""
    rows = (
        f"(SELECT {factor.name}, split_group, round(value::DOUBLE * {_SCALE})::BIGINT AS value "
        f"FROM ({measure.query}) JOIN {FACES} USING (face_id) "
        "WHERE value IS NOT NULL AND isfinite(value::DOUBLE) AND labelled IS NOT NULL)"
    )
    counted = _count(connection, factor, "value", "true", rows=rows)
    return {group: _scaled(moments) for group, moments in counted.items()}


def count_labels(
    connection: duckdb.DuckDBPyConnection, factor: Factor, attributes: Sequence[str], state: str
) -> dict[str, Groups]:
    """Judged faces, and those with a state of an attribute, by attribute.

    Args:
        connection: With FACES.
        factor: By what faces are grouped.
        attributes: Which.
        state: What follows ``IS`` in SQL: ``TRUE``, or ``NOT NULL`` for either state.
    """
    columns = ", ".join(
        f'count(*) FILTER ("{name}" IS {state}) AS y{i}' for i, name in enumerate(attributes)
    )
    sums = ", ".join(_SUMS.format(y=f"y{i}") for i in range(len(attributes)))
    rows = connection.execute(
        f"SELECT grp, sum(n), count(*), sum(n::HUGEINT * n), {sums} FROM ("
        f"SELECT {factor.name} AS grp, faces.split_group, count(*) AS n, {columns} "
        f"FROM face_attributes AS labels JOIN {FACES} AS faces USING (face_id) WHERE {_JUDGED} "
        "GROUP BY 1, 2) GROUP BY grp ORDER BY grp"
    ).fetchall()
    found: dict[str, Groups] = {name: {} for name in attributes}
    for grp, size, clusters, nn, *more in rows:
        for i, name in enumerate(attributes):
            total, yy, yn = more[3 * i : 3 * i + 3]
            found[name][grp] = Moments(int(size), int(total), clusters, int(yy), int(yn), int(nn))
    return found


def _concerned(step: Step) -> str:
    return f"{step.entering} AND {step.name} IS NOT NULL"


def _count(
    connection: duckdb.DuckDBPyConnection,
    factor: Factor,
    value: str,
    where: str,
    parameters: dict[str, str] | None = None,
    rows: str = FACES,
) -> Groups:
    found = connection.execute(
        f"SELECT grp, sum(n), count(*), sum(n::HUGEINT * n), {_SUMS.format(y='y')} FROM ("
        f"SELECT {factor.name} AS grp, split_group, count(*) AS n, sum({value})::BIGINT AS y "
        f"FROM {rows} WHERE {where} GROUP BY 1, 2) GROUP BY grp ORDER BY grp",
        parameters or {},
    ).fetchall()
    return {
        grp: Moments(int(size), int(total), clusters, int(yy), int(yn), int(nn))
        for grp, size, clusters, nn, total, yy, yn in found
    }


def _scaled(moments: Moments) -> Moments:
    return Moments(
        size=moments.size,
        total=moments.total / _SCALE,
        clusters=moments.clusters,
        yy=moments.yy / _SCALE**2,
        yn=moments.yn / _SCALE,
        nn=moments.nn,
    )
