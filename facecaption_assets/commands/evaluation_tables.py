"""How evaluations and calibrations are printed."""

from collections.abc import Sequence
from typing import Final

from rich.table import Column, Table

from facecaption_assets.attributes.calibration import Calibration
from facecaption_assets.attributes.evaluation import Evaluation, GroupScores, Score
from facecaption_assets.terminal import console

#: Wrong states that are printed; the page has them all.
_MISSES_SHOWN: Final = 10


def print_evaluation(evaluation: Evaluation) -> None:
    """Print scores per attribute, per group of attributes and per group of people.

    ``right`` is of the covered, ``found`` of all positives.

    Of people, the share that is right of the share that is covered.
    """
    console.print(f"{evaluation.judged} of {evaluation.faces} labelled faces judged")
    console.print(_table("attribute", evaluation.scores))
    console.print(_table("mean of group", evaluation.by_attribute_group))
    for column in dict.fromkeys(people.column for people in evaluation.by_people):
        console.print(_people_table([p for p in evaluation.by_people if p.column == column]))
    misses = evaluation.misses
    console.print(f"{len(misses)} states are wrong" + (", the surest first:" if misses else ""))
    for miss in misses[:_MISSES_SHOWN]:
        truth = "yes" if miss.truth else "no"
        line = f"  {miss.name} {miss.attribute} {miss.probability:.3f}, the truth is {truth}"
        console.print(line, soft_wrap=True)


def print_calibration(calibration: Calibration, before: Evaluation, after: Evaluation) -> None:
    """Print which attributes have a curve, and the calibration error on both sides of it.

    Args:
        calibration: The curves.
        before: With raw probabilities.
        after: With each face's probabilities calibrated without its own label.
    """
    table = Table("attribute", "judged", "positive", "ECE raw", "ECE calibrated", box=None)
    calibrated = {score.name: score for score in after.scores}
    for score in before.scores:
        curve = calibration.curves.get(score.name)
        if curve is not None:
            errors = (score.calibration_error, calibrated[score.name].calibration_error)
            numbers = (str(curve.num), str(curve.num_positive))
            table.add_row(score.name, *numbers, *map(_decimal, errors))
    console.print(table)
    without = [score.name for score in before.scores if score.name not in calibration.curves]
    if without:
        console.print(f"no curve, for want of judged faces of either label: {', '.join(without)}")
    console.print("ECE calibrated: each face by the labels of others")


def _table(first: str, scores: Sequence[Score]) -> Table:
    columns = ("faces", "yes", "covered", "found", "right", "balanced", "AP", "ECE")
    table = Table(
        Column(first, no_wrap=True),
        *(Column(name, justify="right") for name in columns),
        box=None,
        collapse_padding=True,  # Else 80 columns do not suffice.
        pad_edge=False,
    )
    for score in scores:
        table.add_row(
            score.name,
            str(score.labelled),
            str(score.positives),
            _percent(score.coverage),
            _percent(score.found),
            _percent(score.accuracy),
            _percent(score.balanced_accuracy),
            _decimal(score.average_precision),
            _decimal(score.calibration_error),
        )
    return table


def _people_table(groups: Sequence[GroupScores]) -> Table:
    """Accuracy and coverage per attribute, the values of one column side by side."""
    values = (f"{group.value} ({group.faces})" for group in groups)
    table = Table(
        Column(groups[0].column, no_wrap=True),
        *values,
        box=None,
        collapse_padding=True,
        pad_edge=False,
    )
    scores = [{score.name: score for score in group.scores} for group in groups]
    for name in dict.fromkeys(name for found in scores for name in found):
        table.add_row(name, *(_right_of_covered(found.get(name)) for found in scores))
    return table


def _right_of_covered(score: Score | None) -> str:
    if score is None:
        return "·"
    right = "·" if score.accuracy is None else f"{score.accuracy:.0%}"
    return f"{right} of {score.coverage:.0%}"


def _percent(share: float | None) -> str:
    return "·" if share is None else f"{share:.1%}"


def _decimal(number: float | None) -> str:
    return "·" if number is None else f"{number:.3f}"
