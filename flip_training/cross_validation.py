"""Cross-validation over people: everyone is held out once, from a model that never saw them.

For data so small that one test split says little. A fold is a data root of its own that borrows the
crops, so it is trained and measured by the code of the real one, for the same time. Scores of
different models cannot be compared: a query's candidates are those of its own fold, and what is
pooled is what was measured of each query.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import torch

from flip_training.config import Preset
from flip_training.evaluate import read_groups, score_split
from flip_training.evaluation.intervals import Bootstrap
from flip_training.evaluation.retrieval_rows import Measured, Row, metric_rows, pooled
from flip_training.loading.crops import CropStream
from flip_training.loading.faces import read_faces
from flip_training.model.checkpoint import load_checkpoint
from flip_training.pairs.inputs import require_present_opt_outs
from flip_training.pairs.recipes import Recipe
from flip_training.seeds import stable_seed
from flip_training.storage import Storage
from flip_training.train import train

Report = Callable[[str], None]


def fold_of_groups(groups: Sequence[str], num_folds: int) -> dict[str, int]:
    """Which fold holds each split group out; folds differ by one group at most.

    Raises:
        ValueError: If there are fewer groups than folds, or fewer than two folds.
    """
    ordered = sorted(set(groups), key=stable_seed)
    if not 2 <= num_folds <= len(ordered):
        raise ValueError(f"--folds must be from 2 to {len(ordered)} split groups, got {num_folds}")
    return {group: place % num_folds for place, group in enumerate(ordered)}


def cross_validate(
    storage: Storage,
    recipe: Recipe,
    preset: Preset,
    num_folds: int,
    device: torch.device,
    report: Report,
) -> list[Row]:
    """Rows as of ``flip_retrieval`` over all people of the recipe's training set.

    Its own splits are ignored: whoever chose settings on some of these people knows more than a
    fold's model does. Nothing but the result is kept, in ``reports`` of the data root.

    Raises:
        PartitionMissing: If the training set has not been built, or not since the opt-out list
            changed.
        GateFailed: If it failed a blocking check.
        ValueError: If the opt-out list cannot be used, or there are fewer split groups than folds.
    """
    require_present_opt_outs(storage, storage.require("training_sets", recipe.name))
    groups = read_groups(storage, recipe.name)
    folds = fold_of_groups(list(groups.values()), num_folds)
    found: dict[str, list[Sequence[Measured]]] = {}
    of_pictures: list[str] = []
    for fold in range(num_folds):
        held_out = {group for group, place in folds.items() if place == fold}
        report(f"fold {fold + 1} of {num_folds} holds out {len(held_out)} of {len(folds)} groups")
        with _fold_storage(storage, recipe.name, held_out) as borrowed:
            train(borrowed, recipe, preset, device, report)
            face_ids, measured = _measure(borrowed, recipe.name, preset, device)
        of_pictures += [groups[face_id] for face_id in face_ids]
        for score, both in measured.items():
            found.setdefault(score, []).append(both)
    bootstrap = Bootstrap.of_groups(of_pictures)
    rows: list[Row] = []
    for score, parts in found.items():
        both = [pooled(same) for same in zip(*parts, strict=True)]
        place = {"recipe": recipe.name, "split": "cross_validation", "score": score}
        rows += [{**place, **row} for row in metric_rows(both, bootstrap)]
    _write(storage.home / "reports" / f"cross_validation_{recipe.name}.json", rows)
    return rows


@contextmanager
def _fold_storage(storage: Storage, recipe: str, held_out: set[str]) -> Iterator[Storage]:
    """A data root in which these groups are the test split and all others are trained on."""
    provenance = storage.require("training_sets", recipe)
    rows = storage.read_table("training_sets", recipe).to_pylist()
    for row in rows:
        row["split"] = "test" if row["split_group"] in held_out else "train"
    with TemporaryDirectory(prefix="cross-validation-") as folder:
        (Path(folder) / "face_crops").symlink_to(storage.home / "face_crops")
        if storage.opt_out_folder.exists():
            (Path(folder) / storage.opt_out_folder.name).symlink_to(storage.opt_out_folder)
        borrowed = Storage(Path(folder))
        borrowed.commit(
            pa.Table.from_pylist(rows, schema=storage.read_table("training_sets", recipe).schema),
            provenance,
        )
        yield borrowed


def _measure(
    storage: Storage, recipe: str, preset: Preset, device: torch.device
) -> tuple[tuple[str, ...], Mapping[str, Sequence[Measured]]]:
    model, tokenizer = load_checkpoint(storage.model_path(recipe))
    size, threads = model.config.vision.image_size, preset.train.decode_threads
    faces = read_faces(storage, recipe, "test")
    stream = CropStream(storage, faces, size, threads, cached=True)
    gallery, measured = score_split(model.to(device), tokenizer, stream, preset.evaluation)
    return gallery.face_ids, measured


def _write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    local = path.with_name(f".{path.name}.{os.getpid()}")
    local.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    local.replace(path)
