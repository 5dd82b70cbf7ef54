"""Which (face, caption) pairs a recipe trains and is evaluated on, and how they are split.

Reads the dataset's tables; pixels are not touched. Every caption row is either in a pair or counted
under the reason for which it is not.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flip_training.pairs.candidates import Barred, read_shard
from flip_training.pairs.clusters import faces_like_target
from flip_training.pairs.inputs import Inputs, find_inputs
from flip_training.pairs.linked_groups import merged_names
from flip_training.pairs.recipes import CAPTION_TABLES, Recipe
from flip_training.pairs.selection import Chosen, Selection
from flip_training.pairs.splits import split_groups
from flip_training.pairs.uids import uid_of, write_uids
from flip_training.schema import TRAINING_SETS
from flip_training.storage import Provenance, Storage
from flip_training.versions import training_set_version


def build_training_set(storage: Storage, recipe: Recipe) -> Provenance:
    """Choose, split and commit the recipe's pairs, and the uids of the faces to train on.

    Groups that share a picture are split as one. Only groups that have a pair are split, so that
    none of a few places held out goes to a group without a caption. Recipes therefore hold out the
    same people as long as each of these has a usable caption in all of them, or there are
    ``THRESHOLD_GROUPS`` groups.

    Raises:
        PartitionMissing: If no shard has what the recipe reads; names what to build.
        GateFailed: If no such shard is usable.
        OptOutError: If the opt-out list cannot be used.
        BenchmarkError: If the hashes of a benchmark cannot be used.
    """
    inputs = find_inputs(storage, recipe)
    barred = Barred.read(storage)
    not_searched = barred.duplicates.not_searched(inputs.shards, inputs.versions)
    _warn(inputs, len(not_searched))
    excluded: Counter[str] = Counter()
    num_captions = 0
    with _work_folder(storage, recipe) as work, Selection(recipe, work) as choice:
        for shard in inputs.shards:
            offered = read_shard(storage, shard, recipe, barred)
            choice.add(offered)
            excluded += offered.excluded
            num_captions += offered.num_rows
        if recipe.uses_clusters:
            for _, alike in faces_like_target(storage, inputs.shards, recipe):
                choice.add_clustered(alike)
        chosen = choice.choose()
        table = _split(chosen.pairs, merged_names(choice.linked_groups()), recipe)
        counts: dict[str, float] = {"caption_rows": num_captions, "pairs": table.num_rows}
        counts |= {"joined_rows": chosen.num_joined} if chosen.num_joined else {}
        counts |= {"left_out": len(inputs.left_out)}
        counts["shards_not_searched_for_duplicates"] = len(not_searched)
        counts |= _numbered("excluded", excluded + chosen.excluded)
        counts |= _numbered("pairs", Counter(table["split"].to_pylist()))
        counts |= _step_counts(chosen)
        version = training_set_version(recipe)
        record = Provenance("training_sets", recipe.name, version, inputs.versions, counts=counts)
        is_train = pc.equal(table["split"], "train")
        uids = work / "uids.npy"
        write_uids(uids, table["uid"].filter(is_train).to_pylist())
        return storage.commit(table, record, beside={storage.uids_path(recipe.name): uids})


@contextmanager
def _work_folder(storage: Storage, recipe: Recipe) -> Iterator[Path]:
    """A folder on the data root's disk; one that a killed process has left goes first."""
    folder = storage.home / "training_sets" / f".{recipe.name}.selection"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _warn(inputs: Inputs, num_not_searched: int) -> None:
    log = logging.getLogger(__name__)
    for shard, reason in inputs.left_out.items():
        log.warning("%s is left out: %s", shard, reason)
    if num_not_searched:
        log.warning(
            "%d of %d shards were not searched for duplicates as they are; near copies of one "
            "picture may be on both sides of a split. Materialize duplicate_faces first",
            num_not_searched,
            len(inputs.shards),
        )


def _numbered(prefix: str, numbers: Mapping[str, int]) -> dict[str, int]:
    return {f"{prefix}_{name}": number for name, number in sorted(numbers.items())}


def _step_counts(chosen: Chosen) -> dict[str, float]:
    """Rows by outcome and faces taken at each step, and every threshold."""
    counts: dict[str, float] = {}
    for number, step in enumerate(chosen.steps, 1):
        counts |= _numbered(f"step_{number}", step.rows)
        counts[f"step_{number}_faces"] = step.faces.get("taken", 0)
    for threshold in chosen.thresholds:
        name = f"{threshold.source}_top_{threshold.top:g}"
        counts[f"threshold_{name}"] = threshold.value
        counts[f"faces_scored_{threshold.source}"] = threshold.scored
        counts[f"faces_in_{name}"] = threshold.passing
        counts[f"is_exact_{name}"] = int(threshold.is_exact)
    return counts


def _split(pairs: pa.Table, merged: Mapping[str, str], recipe: Recipe) -> pa.Table:
    """The pairs as TRAINING_SETS rows."""
    groups = [merged.get(group, group) for group in pairs["split_group"].to_pylist()]
    splits = split_groups(set(groups), recipe)
    columns = {
        **{name: pairs[name] for name in pairs.column_names},
        "uid": pa.array([uid_of(face_id) for face_id in pairs["face_id"].to_pylist()], pa.string()),
        "split_group": pa.array(groups, pa.string()),
        "split": pa.array([splits[group] for group in groups], pa.string()),
        "caption_source": pairs["source"],
    }
    schema = TRAINING_SETS.arrow
    return pa.table([columns[name] for name in schema.names], schema=schema)


def accounted_rows(storage: Storage, provenance: Provenance, recipe: Recipe) -> tuple[int, int]:
    """Caption rows of the inputs as stored now, and rows that the training set accounts for."""
    tables = {CAPTION_TABLES[source] for source in recipe.sources}
    inputs = (name.partition("/") for name in provenance.input_versions)
    stored = sum(
        storage.read_table(asset, shard, ["face_id"]).num_rows
        for asset, _, shard in inputs
        if asset in tables
    )
    excluded = sum(n for name, n in provenance.counts.items() if name.startswith("excluded_"))
    joined = provenance.counts.get("joined_rows", 0)
    return stored, provenance.rows + int(excluded + joined)


def straddling_groups(table: pa.Table) -> list[str]:
    """Split groups with pairs in more than one split."""
    return _straddling(table, "split_group")


def straddling_pictures(storage: Storage, table: pa.Table) -> list[str]:
    """Pictures with pairs in more than one split, by key or by the sum of picture or crop.

    Sums of pictures are known where the dataset has recorded them; copies that are not byte for
    byte the same, where it has searched for duplicates.
    """
    barred = Barred.read(storage)
    sums: dict[str, str | None] = {}
    for shard in pc.unique(table["shard"]).to_pylist():
        if storage.table_path("raw_shards", shard).exists():
            rows = storage.read_known("raw_shards", shard, ["key", "sha256"]).to_pylist()
            sums |= {row["key"]: row.get("sha256") for row in rows}
    keys, faces, crops = (table[c].to_pylist() for c in ("key", "face_id", "crop_sha256"))
    copies = map(barred.duplicates.group_of, faces, crops)
    table = table.append_column(
        "picture_sha256", pa.array([sums.get(k) for k in keys], pa.string())
    )
    table = table.append_column("copies", pa.array(copies, pa.string()))
    columns = ("key", "crop_sha256", "picture_sha256", "copies")
    return sorted({name for column in columns for name in _straddling(table, column)})


def _straddling(table: pa.Table, column: str) -> list[str]:
    """Values of a column that are in more than one split."""
    pairs = set(zip(*(table[c].to_pylist() for c in (column, "split")), strict=True))
    counted = Counter(value for value, _ in pairs if value is not None)
    return sorted(value for value, number in counted.items() if number > 1)
