"""What the tiny FLIP learns of the demo's captions: cross-validated over its people.

Needs the demo's training sets in ``FACECAPTION_HOME``; trains five models per recipe.
"""

import os

import torch

from flip_training.cross_validation import cross_validate
from flip_training.evaluation.retrieval_report import area_rows
from flip_training.pairs.recipes import RECIPES
from flip_training.presets import tiny
from flip_training.storage import Storage
from tests.benchmarks.results import Result

NAMES = ("template", "llm", "template_llm")


def run() -> list[Result]:
    """The lower end of each recipe's interval of AUC, which should lie above chance."""
    storage, preset = Storage.at(os.environ.get("FACECAPTION_HOME", "data")), tiny()
    if not storage.partitions("training_sets"):
        print("demo_recipes: no training set is built in FACECAPTION_HOME; make demo builds them")
        return []
    torch.set_num_threads(preset.train.compute_threads)
    results = []
    for name in NAMES:
        rows = cross_validate(storage, RECIPES[name], preset, 5, torch.device("cpu"), _ignore)
        for row in area_rows(rows, "cross_validation"):
            results.append(
                Result(
                    name=f"auc_low_{name}_{row['score']}",
                    value=row["value_low"],
                    unit="AUC",
                    better="higher",
                    target=0.5,
                    against="chance",
                    details={
                        "auc": round(row["value"], 3),
                        "high": round(row["value_high"], 3),
                        row["interval_over"]: row["num_groups"],
                    },
                )
            )
    return results


def _ignore(line: str) -> None:
    """The hundreds of lines of fifteen trainings."""
