"""Labels compared with the truth: per attribute, per group of attributes, per group of people.

Values only. Where the truth comes from belongs to ``label_files`` and ``sample_truth``, how
pictures are judged to ``picture_judging``, how the result is shown to ``quality``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from facecaption_assets.attributes import metrics
from facecaption_assets.attributes.label_files import LabelTable
from facecaption_assets.attributes.vocabulary import ATTRIBUTES, GROUPS, probability_column

#: Most values of a column by which results are split.
MAX_GROUPS: Final = 20


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the annotators said of N faces.

    Attributes:
        states: (N, 40), int8: 1 positive, -1 negative, 0 unknown; in CelebA's order.
        probabilities: (N, 40), float64; NaN where there is no basis.
        is_judged: (N,): whether a face was found and judged at all.
    """

    states: NDArray[np.int8]
    probabilities: NDArray[np.float64]
    is_judged: NDArray[np.bool_]

    def of(self, attribute: str) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """(N,) states and (N,) probabilities of one attribute."""
        column = ATTRIBUTES.index(attribute)
        return self.states[:, column], self.probabilities[:, column]


@dataclass(frozen=True)
class Score:
    """How right the labels of one attribute are, or the mean over several attributes.

    Attributes:
        name: Attribute, or group.
        labelled: Faces whose truth is known.
        positives: Those of them that are positive.
        covered: Those of them that have a state.
        coverage: ``covered`` as a share of ``labelled``.
        found: Share of the positives, covered or not, that have a positive state: what accuracy
            does not show where the hard ones stay unknown. None without a positive.
        accuracy: Share of the covered that are right.
        balanced_accuracy: Mean of the shares of covered positives and covered negatives that are
            right; None unless there are both.
        average_precision: Of the probabilities; None without a positive.
        calibration_error: Of the probabilities; small samples never reach 0.
    """

    name: str
    labelled: int
    positives: int
    covered: int
    coverage: float
    found: float | None
    accuracy: float | None
    balanced_accuracy: float | None
    average_precision: float | None
    calibration_error: float | None


@dataclass(frozen=True)
class GroupScores:
    """The scores of the people with one value of a column, such as sex: female.

    Attributes:
        column: Column of the groups.
        value: Its value.
        faces: Labelled faces with it.
        scores: Per attribute with a label.
        mean: Mean over the attributes.
    """

    column: str
    value: str
    faces: int
    scores: list[Score]
    mean: Score


@dataclass(frozen=True)
class Miss:
    """A state that is wrong.

    Attributes:
        name: Face or picture.
        attribute: CelebA name.
        truth: What the state should be.
        probability: What it was derived from.
    """

    name: str
    attribute: str
    truth: bool
    probability: float


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured.

    Attributes:
        faces: Labelled faces or pictures.
        judged: Those of them in which a face was found and judged.
        scores: Per attribute with a label, in CelebA's order.
        by_attribute_group: Means over the five groups of attributes.
        by_people: Per value of every column of groups.
        misses: Wrong states, the surest first.
    """

    faces: int
    judged: int
    scores: list[Score]
    by_attribute_group: list[Score]
    by_people: list[GroupScores]
    misses: list[Miss]


def predictions_of(table: pa.Table) -> Predictions:
    """Rows of FACE_ATTRIBUTES as arrays, in their order."""
    states = [_state_column(table[name]) for name in ATTRIBUTES]
    probabilities = [
        table[probability_column(name)].to_numpy().astype(np.float64) for name in ATTRIBUTES
    ]
    judged = pc.is_in(table["status"], pa.array(["labelled", "too_few_labels"]))
    return Predictions(
        np.stack(states, axis=1), np.stack(probabilities, axis=1), np.asarray(judged, bool)
    )


def _state_column(states: pa.ChunkedArray) -> NDArray[np.int8]:
    signed = pc.if_else(states, pa.scalar(1, pa.int8()), pa.scalar(-1, pa.int8()))
    return np.asarray(pc.fill_null(signed, pa.scalar(0, pa.int8())), np.int8)


def evaluate(labels: LabelTable, predictions: Predictions) -> Evaluation:
    """Compare predictions with labels of the same faces, in the same order.

    A column of groups with more than ``MAX_GROUPS`` values, such as names, splits nothing.
    """
    scores = _scores(labels, predictions, np.ones(len(labels.names), bool))
    by_group = {group: [s for s in scores if s.name in GROUPS[group]] for group in GROUPS}
    return Evaluation(
        faces=len(labels.names),
        judged=int(predictions.is_judged.sum()),
        scores=scores,
        by_attribute_group=[mean_score(name, found) for name, found in by_group.items() if found],
        by_people=[
            _people(labels, predictions, column, value)
            for column, values in labels.groups.items()
            if len(kinds := set(values) - {""}) <= MAX_GROUPS
            for value in sorted(kinds)
        ],
        misses=_misses(labels, predictions),
    )


def mean_score(name: str, scores: Sequence[Score]) -> Score:
    """Sums of the counts, and plain means of the rest over the attributes that have them."""
    return Score(
        name,
        labelled=sum(score.labelled for score in scores),
        positives=sum(score.positives for score in scores),
        covered=sum(score.covered for score in scores),
        coverage=_mean([score.coverage for score in scores]) or 0.0,
        found=_mean([score.found for score in scores]),
        accuracy=_mean([score.accuracy for score in scores]),
        balanced_accuracy=_mean([score.balanced_accuracy for score in scores]),
        average_precision=_mean([score.average_precision for score in scores]),
        calibration_error=_mean([score.calibration_error for score in scores]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _people(labels: LabelTable, predictions: Predictions, column: str, value: str) -> GroupScores:
    members = np.array([entry == value for entry in labels.groups[column]])
    scores = _scores(labels, predictions, members)
    return GroupScores(column, value, int(members.sum()), scores, mean_score(value, scores))


def _scores(
    labels: LabelTable, predictions: Predictions, members: NDArray[np.bool_]
) -> list[Score]:
    """Scores of the attributes of which a member has a label."""
    scores = []
    for attribute in (name for name in ATTRIBUTES if name in labels.attributes):
        value = labels.values[:, labels.attributes.index(attribute)]
        known = members & (value != 0)
        if known.any():
            state, probability = predictions.of(attribute)
            scores.append(_score(attribute, value[known] > 0, state[known], probability[known]))
    return scores


def _score(
    attribute: str,
    truth: NDArray[np.bool_],
    state: NDArray[np.int8],
    probability: NDArray[np.float64],
) -> Score:
    covered, has_basis = state != 0, ~np.isnan(probability)
    return Score(
        attribute,
        labelled=len(truth),
        positives=int(truth.sum()),
        covered=int(covered.sum()),
        coverage=float(covered.mean()),
        found=float((state[truth] > 0).mean()) if truth.any() else None,
        accuracy=metrics.accuracy(truth[covered], state[covered] > 0),
        balanced_accuracy=metrics.balanced_accuracy(truth[covered], state[covered] > 0),
        average_precision=metrics.average_precision(truth[has_basis], probability[has_basis]),
        calibration_error=metrics.calibration_error(truth[has_basis], probability[has_basis]),
    )


def _misses(labels: LabelTable, predictions: Predictions) -> list[Miss]:
    misses = []
    for column, attribute in enumerate(labels.attributes):
        state, probability = predictions.of(attribute)
        value = labels.values[:, column]
        misses += [
            Miss(labels.names[row], attribute, bool(value[row] > 0), float(probability[row]))
            for row in np.flatnonzero(state * value == -1).tolist()
        ]
    return sorted(misses, key=lambda miss: (-abs(miss.probability - 0.5), miss.name))
