"""What must hold of a recipe's partitions before anything is built on them.

Each gate reads what is on disk and returns a verdict; recording it and showing it belong to
``defs``. torch is imported only by the gate that loads a model.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyarrow.compute as pc

from flip_training.pairs.recipe_files import find_recipe
from flip_training.pairs.training_sets import accounted_rows, straddling_groups, straddling_pictures
from flip_training.storage import Provenance, Storage, Verdict
from flip_training.training.curves import clamped_temperature, flat_loss

_NOT_MEASURED: Final = "nothing was measured on the test split"


class NotBuilt(LookupError):
    """A gate was asked about a partition that is not there."""


@dataclass(frozen=True)
class Gate:
    """A check of one asset.

    Attributes:
        asset: Whose partitions it judges.
        name: A fact that reads true.
        description: What is checked, for the UI.
        find_fault: The first fault of a partition, in words; empty where there is none.
        blocking: Whether a fault keeps what follows from being built.
    """

    asset: str
    name: str
    description: str
    find_fault: Callable[[Storage, str], str]
    blocking: bool = True

    def judge(self, storage: Storage, recipe: str) -> Verdict:
        """The verdict on a recipe's partition as it is now.

        Raises:
            NotBuilt: If it has not been built.
        """
        provenance = _provenance(storage, self.asset, recipe)
        fault = self.find_fault(storage, recipe)
        return Verdict(self.name, not fault, self.blocking, fault, provenance.data_version)


def _provenance(storage: Storage, asset: str, recipe: str) -> Provenance:
    provenance = storage.read_provenance(asset, recipe)
    if provenance is None:
        raise NotBuilt(f"{asset} of {recipe} is not built")
    return provenance


def _lost_rows(storage: Storage, recipe: str) -> str:
    provenance = _provenance(storage, "training_sets", recipe)
    stored, accounted = accounted_rows(storage, provenance, find_recipe(storage, recipe))
    return "" if stored == accounted else f"{stored} caption rows came in, {accounted} went out"


def _straddling(storage: Storage, recipe: str) -> str:
    groups = straddling_groups(storage.read_table("training_sets", recipe))
    return f"{len(groups)} groups are in several splits: {groups[:5]}" if groups else ""


def _shared_pictures(storage: Storage, recipe: str) -> str:
    shared = straddling_pictures(storage, storage.read_table("training_sets", recipe))
    return f"{len(shared)} pictures are in several splits: {shared[:5]}" if shared else ""


def _too_few_faces(storage: Storage, recipe: str) -> str:
    pairs = storage.read_table("training_sets", recipe, ["face_id", "split"])
    trained = pairs.filter(pc.equal(pairs["split"], "train"))["face_id"]
    if (num_faces := pc.count_distinct(trained).as_py()) >= 2:
        return ""
    left = ", ".join(
        f"{name.removeprefix('excluded_')} {number:.0f}"
        for name, number in _provenance(storage, "training_sets", recipe).counts.items()
        if name.startswith("excluded_")
    )
    return f"{num_faces} faces to train on, of 2 at least; left out: {left or 'none'}"


def _infinite_loss(storage: Storage, recipe: str) -> str:
    history = storage.read_table("flip_checkpoints", recipe).to_pylist()
    if not history:
        return "no step was logged"
    bad = [
        f"{name} at step {row['step']}"
        for row in history
        for name in ("loss_itc", "loss_itm")
        if not math.isfinite(row[name])
    ]
    return f"not finite: {', '.join(bad[:5])}" if bad else ""


def _flat_loss(storage: Storage, recipe: str) -> str:
    return flat_loss(storage.read_table("flip_checkpoints", recipe).to_pylist())


def _clamped_temperature(storage: Storage, recipe: str) -> str:
    return clamped_temperature(storage.read_table("flip_checkpoints", recipe).to_pylist())


def _broken_model(storage: Storage, recipe: str) -> str:
    import torch
    from safetensors import SafetensorError

    from flip_training.model.checkpoint import load_checkpoint
    from flip_training.model.tokenization import tokenize

    try:
        model, tokenizer = load_checkpoint(storage.model_path(recipe))
    except (OSError, ValueError, RuntimeError, TypeError, SafetensorError) as error:
        return f"cannot be loaded: {error}"
    size = model.config.vision.image_size
    tokens = tokenize(tokenizer, ["a face"], model.config.text.max_length)
    with torch.inference_mode():
        embeds, image_feat = model.encode_image(torch.zeros(1, 3, size, size))
        text_feat = model.encode_text(tokens["input_ids"], tokens["attention_mask"])
        logits = model.match(embeds, tokens["input_ids"], tokens["attention_mask"])
    finite = all(bool(t.isfinite().all()) for t in (image_feat, text_feat, logits))
    return "" if finite else "its features or match scores are not finite"


def _impossible_metric(storage: Storage, recipe: str) -> str:
    rows = storage.read_table("flip_retrieval", recipe).to_pylist()
    if not any(row["split"] == "test" for row in rows):
        return _NOT_MEASURED
    columns = ("value", "value_low", "value_high", "chance")
    bad = [row for row in rows if not all(_in_range(row, column) for column in columns)]
    return f"{len(bad)} metrics are out of range, first {bad[0]}" if bad else ""


def _in_range(row: dict[str, object], column: str) -> bool:
    value = float(str(row[column]))
    if row["metric"] == "median_rank":
        return 1 <= value <= float(str(row["num_candidates"]))
    return 0 <= value <= 1


def _no_better_than_chance(storage: Storage, recipe: str) -> str:
    rows = [
        row
        for row in storage.read_table("flip_retrieval", recipe).to_pylist()
        if row["split"] == "val" and row["metric"] == "auc" and row["direction"] == "both"
    ]
    if not rows:
        return "nothing was measured on the validation split"
    return "; ".join(
        f"AUC on the validation split by {row['score']} is {row['value']:.3f}, of which the 95 % "
        f"interval over {row['interval_over']} begins at {row['value_low']:.3f}; chance is 0.5"
        for row in rows
        if row["value_low"] <= row["chance"]
    )


def _seen_pictures(storage: Storage, recipe: str) -> str:
    trained = _provenance(storage, "flip_checkpoints", recipe)
    measured = _provenance(storage, "flip_retrieval", recipe)
    place = f"training_sets/{recipe}"
    if trained.input_versions.get(place) != measured.input_versions.get(place):
        return f"the checkpoint was trained on another version of {place} than was held out"
    columns = ("key", "crop_sha256")
    table = storage.read_table("training_sets", recipe, ["split", *columns])
    is_train = pc.equal(table["split"], "train")
    seen, held_out = table.filter(is_train), table.filter(pc.invert(is_train))
    shared = [
        pc.count_distinct(seen[c].filter(pc.is_in(seen[c], held_out[c].unique()))).as_py()
        for c in columns
    ]
    if any(shared):
        return f"{shared[0]} pictures and {shared[1]} crops were trained on and held out"
    return ""


GATES: Final[tuple[Gate, ...]] = (
    Gate(
        "training_sets",
        "rows_conserved",
        "Caption rows that came in are pairs or are counted under a reason.",
        _lost_rows,
    ),
    Gate(
        "training_sets",
        "faces_to_train",
        "The train split has two faces at least, so that there is something to contrast.",
        _too_few_faces,
    ),
    Gate(
        "training_sets",
        "splits_disjoint",
        "No split group, and so no person, is in two splits.",
        _straddling,
    ),
    Gate(
        "training_sets",
        "pictures_disjoint",
        "No picture is in two splits, by key, by the bytes of picture or crop, or as a copy.",
        _shared_pictures,
    ),
    Gate(
        "flip_checkpoints", "loss_finite", "Every logged loss is a finite number.", _infinite_loss
    ),
    Gate(
        "flip_checkpoints",
        "loss_falls",
        "The losses of the last fifth of the training are lower than those of the first.",
        _flat_loss,
    ),
    Gate(
        "flip_checkpoints",
        "temperature_free",
        "The learnt temperature did not end at a bound of its range.",
        _clamped_temperature,
        blocking=False,
    ),
    Gate(
        "flip_checkpoints",
        "checkpoint_loads",
        "The model and its tokenizer load, and their features and scores are finite.",
        _broken_model,
    ),
    Gate(
        "flip_retrieval",
        "recalls_in_range",
        "Recalls are shares, ranks lie within the candidates, and there is a test split.",
        _impossible_metric,
    ),
    Gate(
        "flip_retrieval",
        "pictures_unseen",
        "What was held out was not trained on: one training set, no picture on both sides.",
        _seen_pictures,
    ),
    Gate(
        "flip_retrieval",
        "beats_chance",
        "The 95 % interval of the AUC on the validation split lies above chance, by similarity "
        "and after re-ranking. Never blocks: captions that teach nothing are a result.",
        _no_better_than_chance,
        blocking=False,
    ),
)
