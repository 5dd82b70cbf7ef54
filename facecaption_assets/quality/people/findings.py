"""What the report says of groups of people, as values that are ready for JSON.

How it is drawn belongs to the report; when a difference is worth a warning to ``judging``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from facecaption_assets.quality.people.counting import (
    MEASURES,
    Groups,
    count_labels,
    count_measure,
    count_reasons,
    count_step,
)
from facecaption_assets.quality.people.estimates import (
    UNKNOWN,
    Estimate,
    Parity,
    estimate_mean,
    estimate_share,
    parity,
)
from facecaption_assets.quality.people.faces import FACES, create_faces, steps_of
from facecaption_assets.quality.people.groups import CAVEATS, FACTORS, SKIN_TONE, Factor
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


@dataclass(frozen=True)
class Comparison:
    """One number of every group.

    Attributes:
        name: Step, ``step: reason``, attribute or measure.
        meaning: In plain words, with the unit of a mean; empty where the name says it.
        groups: Estimate by group, groups in alphabetical order.
        parity: Smallest against largest group; None where fewer than two are large enough.
    """

    name: str
    meaning: str
    groups: dict[str, Estimate]
    parity: Parity | None


@dataclass(frozen=True)
class FactorFindings:
    """Everything by the groups of one factor.

    Attributes:
        factor: Its name.
        basis: ``predicted`` or ``stated``.
        faces: Faces by group: kept ones, or found ones where the basis is ``stated``.
        steps: Shares that pass each step.
        reasons: Shares of those that come to a step and are dropped or fall back, by reason.
        labels: Shares of judged faces that an attribute is positive of.
        known: Shares of judged faces that an attribute has a state of.
        measures: Means: labels per face, words per caption, scores.
    """

    factor: str
    basis: str
    faces: dict[str, int]
    steps: list[Comparison]
    reasons: list[Comparison]
    labels: list[Comparison]
    known: list[Comparison]
    measures: list[Comparison]


@dataclass(frozen=True)
class People:
    """The report's part on groups of people.

    Attributes:
        caveats: What the numbers are not, a sentence or two each; to be shown with them.
        factors: By what people are grouped; without those of which nothing is known.
    """

    caveats: tuple[str, ...]
    factors: list[FactorFindings]

    @property
    def steps(self) -> dict[str, list[Comparison]]:
        """Shares that pass each step, by factor: what the gate judges."""
        return {found.factor: found.steps for found in self.factors}

    def as_json(self) -> dict[str, Any]:
        """As values that JSON knows."""
        return asdict(self)


def find_people(connection: duckdb.DuckDBPyConnection, stated_field: str) -> People:
    """Compare groups of people over every stage that is built.

    Args:
        connection: With a view per table of the schema.
        stated_field: Side-car's field of the skin tone, names joined with dots; may be empty.
    """
    create_faces(connection, stated_field)
    factors = _known_factors(connection)
    measures = _measures(connection, factors)
    found = [_find(connection, factor, measures[factor.name]) for factor in factors]
    return People(CAVEATS, found)


def find_steps(
    connection: duckdb.DuckDBPyConnection, stated_field: str
) -> dict[str, list[Comparison]]:
    """Only the shares that pass each step, by factor; arguments as for ``find_people``."""
    create_faces(connection, stated_field)
    return {f.name: _steps(connection, f) for f in _known_factors(connection)}


def _known_factors(connection: duckdb.DuckDBPyConnection) -> list[Factor]:
    """Predicted ones, and stated ones of which some side-car speaks."""
    stated = connection.execute(
        f"SELECT count(*) FROM {FACES} WHERE {SKIN_TONE.name} <> '{UNKNOWN}'"
    ).fetchall()[0][0]
    return [f for f in FACTORS if f is not SKIN_TONE or stated]


def _measures(
    connection: duckdb.DuckDBPyConnection, factors: Sequence[Factor]
) -> dict[str, list[Comparison]]:
    """Means by factor; without measures of which there is no value."""
    found: dict[str, list[Comparison]] = {factor.name: [] for factor in factors}
    for measure in MEASURES:
        counted = count_measure(connection, factors, measure)
        for factor, groups in zip(factors, counted, strict=True):
            if groups:
                found[factor.name].append(compare_means(measure.name, measure.meaning, groups))
    return found


def _find(
    connection: duckdb.DuckDBPyConnection, factor: Factor, measures: list[Comparison]
) -> FactorFindings:
    attributes = [name for name in ATTRIBUTE_COLUMNS if name not in factor.decided_by]
    known, positive = count_labels(connection, factor, attributes)
    spoken_of = [a for a in attributes if any(m.total for m in known[a].values())]
    return FactorFindings(
        factor=factor.name,
        basis=factor.basis,
        faces=_faces(connection, factor),
        steps=_steps(connection, factor),
        reasons=_reasons(connection, factor),
        labels=_shares(spoken_of, positive),
        known=_shares(spoken_of, known),
        measures=measures,
    )


def _faces(connection: duckdb.DuckDBPyConnection, factor: Factor) -> dict[str, int]:
    where = "true" if factor.is_known_of_dropped_faces else "kept"
    rows = connection.execute(
        f"SELECT {factor.name}, count(*) FROM {FACES} WHERE {where} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return dict(rows)


def _steps(connection: duckdb.DuckDBPyConnection, factor: Factor) -> list[Comparison]:
    return [
        compare_shares(step.name, step.meaning, counted)
        for step in steps_of(factor)
        if (counted := count_step(connection, factor, step))
    ]


def _reasons(connection: duckdb.DuckDBPyConnection, factor: Factor) -> list[Comparison]:
    return [
        compare_shares(f"{step.name}: {reason}", "", counted)
        for step in steps_of(factor)
        if step.reason
        for reason, counted in count_reasons(connection, factor, step).items()
    ]


def _shares(names: Sequence[str], counted: Mapping[str, Groups]) -> list[Comparison]:
    return [compare_shares(name, "", counted[name]) for name in names]


def compare_shares(name: str, meaning: str, counted: Groups) -> Comparison:
    """Shares of the groups, and the smallest against the largest."""
    estimates = {group: estimate_share(moments) for group, moments in counted.items()}
    return Comparison(name, meaning, estimates, parity(estimates))


def compare_means(name: str, meaning: str, counted: Groups) -> Comparison:
    """Means of the groups, and the smallest against the largest."""
    estimates = {group: estimate_mean(moments) for group, moments in counted.items()}
    return Comparison(name, meaning, estimates, parity(estimates))
