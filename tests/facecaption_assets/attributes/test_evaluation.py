import numpy as np
import pytest

from facecaption_assets.attributes.evaluation import (
    MAX_GROUPS,
    Evaluation,
    Predictions,
    Score,
    evaluate,
    mean_score,
    predictions_of,
)
from facecaption_assets.attributes.label_files import LabelTable
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.schema import FACE_ATTRIBUTES

LABELS = LabelTable(
    ["a", "b", "c", "d"],
    ("Smiling", "Male", "Bald"),
    np.array([[1, 1, 0], [1, -1, 0], [-1, 1, 0], [0, -1, 0]], np.int8),
    {"sex": ["male", "female", "male", ""]},
)


def row(face: str, status: str = "labelled", **probabilities: float) -> dict[str, object]:
    return {
        "face_id": face,
        "key": face,
        "split_group": face,
        "status": status,
        "num_positive": 0,
        "resolved_conflicts": [],
        **{name: p > 0.8 for name, p in probabilities.items() if p > 0.8 or p < 0.2},
        **{f"{name}_prob": p for name, p in probabilities.items()},
    }


@pytest.fixture
def predictions() -> Predictions:
    rows = [
        row("a", Smiling=0.9, Male=0.99),
        row("b", "too_few_labels", Smiling=0.1, Male=0.5),
        row("c", Smiling=0.05, Male=0.9),
        row("d", "failed_to_annotate"),
    ]
    return predictions_of(FACE_ATTRIBUTES.from_rows(rows))


@pytest.fixture
def evaluation(predictions: Predictions) -> Evaluation:
    return evaluate(LABELS, predictions)


def test_table_becomes_arrays(predictions: Predictions) -> None:
    state, probability = predictions.of("Smiling")
    assert state.tolist() == [1, -1, -1, 0]
    np.testing.assert_allclose(probability, [0.9, 0.1, 0.05, np.nan], rtol=1e-6)
    assert predictions.is_judged.tolist() == [True, True, True, False]
    assert predictions.states.shape == (4, len(ATTRIBUTES))


def test_scores_are_of_the_labelled_and_right_of_the_covered(evaluation: Evaluation) -> None:
    assert (evaluation.faces, evaluation.judged) == (4, 3)
    male, smiling = evaluation.scores
    assert (smiling.name, smiling.labelled, smiling.positives, smiling.covered) == (
        "Smiling",
        3,
        2,
        3,
    )
    assert smiling.accuracy == pytest.approx(2 / 3)
    assert smiling.balanced_accuracy == pytest.approx(0.75)
    assert smiling.found == 0.5
    assert smiling.average_precision == 1.0
    assert (male.labelled, male.covered, male.coverage) == (4, 2, 0.5)
    assert male.accuracy == 1.0
    assert male.found == 1.0
    assert male.balanced_accuracy is None


def test_attributes_without_a_label_have_no_score(evaluation: Evaluation) -> None:
    assert [score.name for score in evaluation.scores] == ["Male", "Smiling"]
    assert [score.name for score in evaluation.by_attribute_group] == [
        "elementary",
        "facial_features",
    ]


def test_people_are_scored_by_every_value_of_a_column(evaluation: Evaluation) -> None:
    groups = {(g.column, g.value): g for g in evaluation.by_people}
    assert list(groups) == [("sex", "female"), ("sex", "male")]
    female = {score.name: score for score in groups["sex", "female"].scores}
    assert female["Smiling"].accuracy == 0.0
    assert groups["sex", "male"].mean.accuracy == 1.0
    assert groups["sex", "male"].faces == 2


def test_column_of_names_splits_nothing() -> None:
    names = [str(index) for index in range(MAX_GROUPS + 1)]
    labels = LabelTable(names, ("Male",), np.ones((len(names), 1), np.int8), {"person": names})
    rows = [row(name, Male=0.9) for name in names]
    assert evaluate(labels, predictions_of(FACE_ATTRIBUTES.from_rows(rows))).by_people == []


def test_wrong_states_are_listed_with_their_probability(evaluation: Evaluation) -> None:
    (miss,) = evaluation.misses
    assert (miss.name, miss.attribute, miss.truth) == ("b", "Smiling", True)
    assert miss.probability == pytest.approx(0.1)


def test_means_pass_over_what_an_attribute_does_not_have() -> None:
    known = Score("a", 4, 2, 2, 0.5, 0.25, 1.0, None, 0.5, 0.25)
    unknown = Score("b", 2, 0, 0, 0.0, None, None, None, None, None)
    assert mean_score("both", [known, unknown]) == Score(
        "both", 6, 2, 2, 0.25, 0.25, 1.0, None, 0.5, 0.25
    )


def test_nothing_labelled_is_an_evaluation_of_nothing() -> None:
    labels = LabelTable([], (), np.zeros((0, 0), np.int8))
    empty = evaluate(labels, predictions_of(FACE_ATTRIBUTES.arrow.empty_table()))
    assert empty == Evaluation(0, 0, [], [], [], [])
