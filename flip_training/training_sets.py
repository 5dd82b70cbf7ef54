"""Which (face, caption) pairs a recipe trains and is evaluated on, and how they are split.

Reads the dataset's tables; pixels are not touched. Every caption row is either a pair or counted
under the reason for which it is not.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from flip_training.config import fingerprint
from flip_training.duplicates import Duplicates, present_version
from flip_training.opt_out import OptOut
from flip_training.recipes import Recipe
from flip_training.schema import TRAINING_SETS
from flip_training.splits import split_groups
from flip_training.storage import GateFailed, PartitionMissing, Provenance, Storage
from flip_training.versions import training_set_version

#: Statuses of a caption row that has a usable caption.
USABLE: Final = frozenset({"captioned", "accepted", "repaired", "fell_back"})

_Row = dict[str, object]


@dataclass(frozen=True)
class Inputs:
    """The shards that a recipe can use, the versions to be read, and what is left out and why."""

    shards: tuple[str, ...]
    versions: Mapping[str, str]
    left_out: Mapping[str, str]


def find_inputs(storage: Storage, recipe: Recipe) -> Inputs:
    """Shards whose crops and captions are all built and have passed their gates.

    Raises:
        PartitionMissing: If no shard has captions of the recipe.
        GateFailed: If every shard that has them is incomplete or has failed a gate, or the
            dataset's search for duplicates has.
        OptOutError: If the opt-out list cannot be used.
    """
    found = {s for table in recipe.caption_tables for s in storage.partitions(table)}
    if not found:
        raise PartitionMissing(
            f"recipe {recipe.name!r}: no shard of {' or '.join(recipe.caption_tables)} is built "
            f"in {storage.home}"
        )
    versions: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for shard in sorted(found):
        try:
            records = [
                storage.require(asset, shard) for asset in ("face_crops", *recipe.caption_tables)
            ]
        except (PartitionMissing, GateFailed) as error:
            left_out[shard] = str(error)
        else:
            versions |= {f"{r.asset}/{shard}": r.data_version for r in records}
    if not versions:
        raise GateFailed(f"recipe {recipe.name!r} has no usable shard: {left_out}")
    versions |= present_version(storage)
    versions["optout"] = fingerprint(OptOut.read(storage.opt_out_folder).version)
    return Inputs(tuple(s for s in sorted(found) if s not in left_out), versions, left_out)


def build_training_set(storage: Storage, recipe: Recipe) -> Provenance:
    """Choose, split and commit the recipe's pairs.

    Only groups that have a pair are split, so that none of a few places held out goes to a group
    without a caption. Recipes therefore hold out the same people as long as each of these has a
    usable caption in all of them, or there are ``THRESHOLD_GROUPS`` groups.

    Raises:
        PartitionMissing: If no shard has captions of the recipe.
        GateFailed: If no such shard is usable.
        OptOutError: If the opt-out list cannot be used.
    """
    inputs = find_inputs(storage, recipe)
    duplicates = Duplicates.read(storage)
    not_searched = duplicates.not_searched(inputs.shards, inputs.versions)
    _warn(inputs, len(not_searched))
    opt_out = OptOut.read(storage.opt_out_folder)
    rows: list[_Row] = []
    excluded: Counter[str] = Counter()
    num_captions = 0
    for shard in inputs.shards:
        crops = _kept_crops(storage, shard)
        barred = {f: "duplicate" for f, c in crops.items() if duplicates.covers(f, c["sha256"])}
        barred |= dict.fromkeys(_opted_out(storage, shard, crops, opt_out), "opted_out")
        captions = list(_caption_rows(storage, shard, recipe))
        num_captions += len(captions)
        rows += _choose(captions, crops, barred, excluded)
    splits = split_groups({str(row["split_group"]) for row in rows}, recipe)
    for row in rows:
        row["split"] = splits[str(row["split_group"])]
    counts = {"caption_rows": num_captions, "pairs": len(rows), "left_out": len(inputs.left_out)}
    counts["shards_not_searched_for_duplicates"] = len(not_searched)
    counts |= _numbered("excluded", excluded)
    counts |= _numbered("pairs", Counter(str(row["split"]) for row in rows))
    table = pa.Table.from_pylist(rows, schema=TRAINING_SETS.arrow)
    return storage.commit(
        table.sort_by([(c, "ascending") for c in ("face_id", "caption_source", "caption_index")]),
        Provenance(
            "training_sets",
            recipe.name,
            training_set_version(recipe),
            inputs.versions,
            counts=counts,
        ),
    )


def _warn(inputs: Inputs, num_not_searched: int) -> None:
    log = logging.getLogger(__name__)
    for shard, reason in inputs.left_out.items():
        log.warning("%s is left out: %s", shard, reason)
    if num_not_searched:
        log.warning(
            "%d of %d shards were not searched for duplicates as they are; copies of one picture "
            "may be on both sides of a split. Materialize duplicate_faces first",
            num_not_searched,
            len(inputs.shards),
        )


def _numbered(prefix: str, numbers: Counter[str]) -> dict[str, int]:
    return {f"{prefix}_{name}": number for name, number in sorted(numbers.items())}


def _kept_crops(storage: Storage, shard: str) -> dict[str, _Row]:
    columns = ["face_id", "key", "split_group", "status", "sha256", "phash"]
    rows = storage.read_known("face_crops", shard, columns).to_pylist()
    return {str(row["face_id"]): row for row in rows if row["status"] == "kept"}


def _caption_rows(storage: Storage, shard: str, recipe: Recipe) -> Iterable[_Row]:
    columns = ["face_id", "caption_index", "status", "caption"]
    for source in recipe.caption_tables:
        for row in storage.read_table(source, shard, columns).to_pylist():
            yield {**row, "caption_source": source, "shard": shard}


def _opted_out(
    storage: Storage, shard: str, crops: Mapping[str, _Row], opt_out: OptOut
) -> frozenset[str]:
    """Faces of the shard that the list covers, by what is known of face and picture.

    Raises:
        PartitionMissing: If the list has entries and the shard's pictures are not recorded, so
            that most entries cannot be honoured.
    """
    if not opt_out:
        return frozenset()
    columns = ["key", "url", "final_url", "metadata", "sha256", "phash"]
    raw = {row["key"]: row for row in storage.read_known("raw_shards", shard, columns).to_pylist()}
    return frozenset(
        face_id
        for face_id, crop in crops.items()
        if opt_out.covers_row(crop) or opt_out.covers_row(raw.get(crop["key"], {}))
    )


def _choose(
    captions: Iterable[_Row],
    crops: Mapping[str, _Row],
    barred: Mapping[str, str],
    excluded: Counter[str],
) -> list[_Row]:
    """The rows that become pairs; the reasons of the others are added to ``excluded``.

    ``barred`` gives the reason why a face must not be used.
    """
    chosen: list[_Row] = []
    seen: set[tuple[object, object]] = set()
    for row in captions:
        face_id = str(row["face_id"])
        told = (face_id, row["caption"])
        if reason := _exclusion(row, face_id in crops, barred.get(face_id), told in seen):
            excluded[reason] += 1
            continue
        seen.add(told)
        crop = crops[face_id]
        chosen.append(
            {
                **{k: row[k] for k in ("shard", "caption", "caption_source", "caption_index")},
                "face_id": face_id,
                "key": crop["key"],
                "split_group": crop["split_group"],
                "crop_sha256": crop["sha256"],
            }
        )
    return chosen


def _exclusion(row: _Row, has_crop: bool, barred: str | None, is_repeated: bool) -> str | None:
    """Why a caption row is no pair; None if it is one."""
    if row["status"] not in USABLE:
        return f"status_{row['status']}"
    if not str(row["caption"] or "").strip():
        return "empty_caption"
    if not has_crop:
        return "no_crop"
    if barred:
        return barred
    return "same_caption" if is_repeated else None


def accounted_rows(storage: Storage, provenance: Provenance) -> tuple[int, int]:
    """Caption rows of the inputs as stored now, and rows that the training set accounts for."""
    inputs = (name.partition("/") for name in provenance.input_versions)
    stored = sum(
        storage.read_table(asset, shard, ["face_id"]).num_rows
        for asset, _, shard in inputs
        if asset.endswith("_captions")
    )
    excluded = sum(n for name, n in provenance.counts.items() if name.startswith("excluded_"))
    return stored, provenance.rows + excluded


def straddling_groups(table: pa.Table) -> list[str]:
    """Split groups with pairs in more than one split."""
    pairs = set(zip(*(table[c].to_pylist() for c in ("split_group", "split")), strict=True))
    return sorted(g for g, n in Counter(group for group, _ in pairs).items() if n > 1)
