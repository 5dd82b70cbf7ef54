"""The page of how right the attributes are, and the same numbers as JSON.

What is measured belongs to ``attributes.evaluation``; how the page looks to its template. Faces
are named by their ids; no picture is shown.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from upath import UPath

from facecaption_assets.attributes.evaluation import (
    Evaluation,
    GroupScores,
    Miss,
    Score,
)
from facecaption_assets.quality.templating import environment
from facecaption_assets.storage import Storage

#: Stem of the dataset's own evaluation.
DATASET_PAGE: Final = "dataset"


@dataclass(frozen=True)
class AttributePage:
    """Where an evaluation lies."""

    page: UPath
    numbers: UPath


def write_attribute_page(
    storage: Storage, evaluation: Evaluation, name: str, subject: str
) -> AttributePage:
    """Write an evaluation below ``<home>/reports/attributes``.

    Args:
        storage: Data root.
        evaluation: What was measured.
        name: Stem of the two files.
        subject: What was measured, in words, for the heading.
    """
    folder = storage.reports / "attributes"
    paths = AttributePage(folder / f"{name}.html", folder / f"{name}.json")
    template = environment().get_template("attributes.html")
    page = template.render(evaluation=evaluation, subject=subject, numbers=paths.numbers.name)
    storage.write_text(paths.page, page)
    storage.write_text(paths.numbers, json.dumps(asdict(evaluation), indent=1) + "\n")
    return paths


def read_evaluation(storage: Storage, name: str) -> Evaluation:
    """An evaluation that was written under a name."""
    path = storage.reports / "attributes" / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    return Evaluation(
        faces=content["faces"],
        judged=content["judged"],
        scores=[Score(**score) for score in content["scores"]],
        by_attribute_group=[Score(**score) for score in content["by_attribute_group"]],
        by_people=[_people(entry) for entry in content["by_people"]],
        misses=[Miss(**miss) for miss in content["misses"]],
    )


def _people(entry: Mapping[str, Any]) -> GroupScores:
    scores = [Score(**score) for score in entry["scores"]]
    return GroupScores(**{**entry, "scores": scores, "mean": Score(**entry["mean"])})
