"""Predicates of the warning checks on a shard's labels: do annotators speak, and of all alike?

Rows lost belong to ``gates``, constant or baseless labels to ``contents``, the comparison with
other shards to ``drift``.
"""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.quality.gates import Outcome

#: Fewest faces by which a share or a mean is judged.
MIN_FACES: Final = 30

#: Statuses of the faces that annotators have judged.
JUDGED: Final = ("labelled", "too_few_labels")


def attributes_covered(
    attributes: pa.Table, announced: Iterable[str], min_coverage: float
) -> Outcome:
    """Of every attribute that annotators announce, enough faces have a state.

    Args:
        attributes: Rows of ``face_attributes``.
        announced: Attributes of which some annotator is to speak.
        min_coverage: Smallest share of the judged faces that must have a state.
    """
    judged = attributes.filter(pc.is_in(attributes["status"], pa.array(JUDGED)))
    expected = [name for name in ATTRIBUTES if name in set(announced)]
    if judged.num_rows < MIN_FACES or not expected:
        return Outcome(True, f"{judged.num_rows} judged faces are too few to tell.")
    shares = {n: 1 - judged[n].null_count / judged.num_rows for n in expected}
    poor = [f"{name} {share:.0%}" for name, share in shares.items() if share < min_coverage]
    reason = (
        f"Of {len(expected)} attributes that annotators speak of, {len(poor)} have a state for "
        f"less than {min_coverage:.0%} of {judged.num_rows} faces"
    )
    numbers = {"announced": len(expected), "poor": len(poor), "lowest": min(shares.values())}
    return Outcome(not poor, f"{reason}{': ' if poor else ''}{', '.join(poor)}.", numbers)


def labels_alike_by_sex(attributes: pa.Table, max_ratio: float) -> Outcome:
    """Faces labelled male and not male have about as many positive labels, Male itself aside.

    Captions are made of positive labels: who has fewer of them is described less, or dropped.

    Args:
        attributes: Rows of ``face_attributes``.
        max_ratio: Largest ratio of the two means.
    """
    judged = attributes.filter(pc.is_in(attributes["status"], pa.array(JUDGED)))
    numbers: dict[str, int | float] = {}
    means = []
    for name, state in (("male", True), ("not_male", False)):
        group = judged.filter(pc.fill_null(pc.equal(judged["Male"], state), False))
        positives = pc.sum(group["num_positive"]).as_py() or 0
        mean = positives / group.num_rows - state if group.num_rows else 0.0
        kept = pc.sum(pc.equal(group["status"], "labelled")).as_py() or 0
        numbers |= {f"{name}_faces": group.num_rows, f"{name}_labels_per_face": mean}
        numbers |= {f"{name}_kept": kept}
        means.append(mean)
    counts = f"{numbers['male_faces']} male and {numbers['not_male_faces']} other faces"
    if min(numbers["male_faces"], numbers["not_male_faces"]) < MIN_FACES:
        return Outcome(True, f"{counts} are too few to tell.", numbers)
    reason = f"{counts} have {means[0]:.2f} and {means[1]:.2f} positive labels each, Male aside"
    if max(means) <= max_ratio * min(means):
        return Outcome(True, f"{reason}.", numbers)
    return Outcome(False, f"{reason}; max_label_ratio is {max_ratio:g}.", numbers)
