"""What a recipe reads of the dataset: usable shards, versions, and why it cannot be built.

Told from the records in the tables' files, not from their rows, so that it can be asked of every
recipe. What becomes of the rows belongs to ``candidates`` and ``selection``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from flip_training.config import fingerprint
from flip_training.pairs import image_embeddings
from flip_training.pairs.benchmarks import BenchmarkError, Benchmarks
from flip_training.pairs.duplicates import present_version
from flip_training.pairs.opt_out import OptOut, OptOutError
from flip_training.pairs.recipes import CAPTION_TABLES, Recipe
from flip_training.reading import kept_while_unchanged
from flip_training.storage import GateFailed, PartitionMissing, Provenance, Storage

#: Asset of the scores that captions are ranked by.
SCORES: Final = "image_text_scores"

#: Setting of the dataset's profile without which an asset's rows are all ``unavailable``.
_SETTINGS: Final[Mapping[str, str]] = {
    SCORES: "[scores] cosine_model (clip_s_model for CLIP-S)",
    "synthetic_captions": "[captioners] model",
}


#: What keeps a recipe from being built; the message says what to do.
NOT_BUILDABLE: Final = (PartitionMissing, GateFailed, OptOutError, BenchmarkError)


class InputUnavailable(PartitionMissing):
    """An input is there, but was built without what the recipe needs of it."""


@dataclass(frozen=True)
class Inputs:
    """The shards that a recipe can use, the versions to be read, and what is left out and why."""

    shards: tuple[str, ...]
    versions: Mapping[str, str]
    left_out: Mapping[str, str]


def find_inputs(storage: Storage, recipe: Recipe) -> Inputs:
    """Shards of which everything that the recipe reads is built and has passed its gates.

    Raises:
        PartitionMissing: If no shard has what the recipe reads; InputUnavailable if it was built
            without a model or a text. The message names what to set or build.
        GateFailed: If no shard is usable and one has failed a gate, or the dataset's search for
            duplicates has.
        OptOutError: If the opt-out list cannot be used.
        BenchmarkError: If the hashes of a benchmark cannot be used.
    """
    found = sorted({s for table in recipe.caption_tables for s in storage.partitions(table)})
    if not found:
        raise PartitionMissing(
            f"no shard of {' or '.join(recipe.caption_tables)} is built in {storage.home}"
        )
    versions: dict[str, str] = {}
    errors: dict[str, Exception] = {}
    for shard in found:
        try:
            records = list(_shard_inputs(storage, shard, recipe))
        except (PartitionMissing, GateFailed) as error:
            errors[shard] = error
        else:
            versions |= {f"{r.asset}/{shard}": r.data_version for r in records}
    if not versions:
        raise _no_shard(list(errors.values()))
    versions |= _whole_inputs(storage, recipe)
    left_out = {shard: str(error) for shard, error in errors.items()}
    return Inputs(tuple(s for s in found if s not in errors), versions, left_out)


def _no_shard(errors: list[Exception]) -> Exception:
    """The most telling error: what was built in vain, then what failed, then what is missing."""
    for kind in (InputUnavailable, GateFailed, PartitionMissing):
        if of_kind := [error for error in errors if isinstance(error, kind)]:
            more = f" (of {len(errors)} shards, none is usable)" if len(errors) > 1 else ""
            return kind(f"{of_kind[0]}{more}")
    raise AssertionError(f"unknown errors {errors}")


def _whole_inputs(storage: Storage, recipe: Recipe) -> dict[str, str]:
    """Versions of what is not kept by shard."""
    versions = present_version(storage)
    versions["optout"] = opt_out_version(storage)
    if benchmarks := Benchmarks.read(storage.benchmarks_folder):
        versions["benchmarks"] = benchmarks.version
    if recipe.uses_clusters:
        target = image_embeddings.require(storage, image_embeddings.TARGETS, recipe.target)
        versions[f"{image_embeddings.TARGETS}/{recipe.target}"] = target.data_version
    return versions


def require_present_opt_outs(storage: Storage, pairs: Provenance) -> None:
    """See that a training set knows the opt-out list as it is now.

    Raises:
        InputUnavailable: If it was built with another list.
        OptOutError: If the list cannot be used.
    """
    if pairs.input_versions.get("optout") != opt_out_version(storage):
        raise InputUnavailable(
            f"{pairs.asset} of {pairs.partition} was built before {storage.opt_out_folder} "
            "changed; materialize it again"
        )


def opt_out_version(storage: Storage) -> str:
    """Hash of the opt-out list as it is now.

    Raises:
        OptOutError: If the list cannot be used.
    """
    return fingerprint(OptOut.read(storage.opt_out_folder).version)


def _shard_inputs(storage: Storage, shard: str, recipe: Recipe) -> Iterable[Provenance]:
    """Records of all that the recipe reads of a shard."""
    for asset in dict.fromkeys(("face_crops", *recipe.caption_tables)):
        yield _available(storage, asset, shard)
    if "raw" in recipe.sources and _is_empty(storage, "face_crops", shard, "alt_text"):
        raise InputUnavailable(f"face_crops of {shard} has no alt_text: its source came without")
    if recipe.scored_sources:
        yield _scores(storage, shard, recipe)
    if recipe.uses_clusters:
        record = image_embeddings.require(storage, image_embeddings.FACES, shard)
        target = image_embeddings.require(storage, image_embeddings.TARGETS, recipe.target)
        if record.code_version != target.code_version:
            raise InputUnavailable(
                f"the embeddings of {shard} and of {recipe.target} are of two CLIPs; run flip "
                "embed-faces and flip embed-target with the same one"
            )
        if record.input_versions != {
            f"face_crops/{shard}": storage.require("face_crops", shard).data_version
        }:
            raise InputUnavailable(
                f"the embeddings of {shard} are of other crops; run flip embed-faces"
            )
        yield record


def _available(storage: Storage, asset: str, shard: str) -> Provenance:
    record = storage.require(asset, shard)
    if 0 < record.rows == record.counts.get("unavailable"):
        raise InputUnavailable(
            f"{asset} of {shard} was built without a model; set {_SETTINGS[asset]} in the "
            "dataset's profile and materialize it again"
        )
    return record


def _scores(storage: Storage, shard: str, recipe: Recipe) -> Provenance:
    """The record of the shard's scores, if they are of the captions as they are now."""
    record = _available(storage, SCORES, shard)
    if _is_empty(storage, SCORES, shard, recipe.score):
        raise InputUnavailable(
            f"{SCORES} of {shard} has no {recipe.score}; set {_SETTINGS[SCORES]} in the dataset's "
            "profile and materialize it again"
        )
    for table in dict.fromkeys(CAPTION_TABLES[source] for source in recipe.scored_sources):
        place = f"{table}/{shard}"
        if record.input_versions.get(place) != storage.require(table, shard).data_version:
            raise InputUnavailable(
                f"{SCORES} of {shard} is of an older {table}; materialize it again"
            )
    return record


def _is_empty(storage: Storage, asset: str, shard: str, column: str) -> bool:
    return _has_no_value(storage.table_path(asset, shard), column)


@kept_while_unchanged
def _has_no_value(path: Path, column: str) -> bool:
    """Whether a table has rows but no value in a column; told from its statistics where it can."""
    metadata = pq.read_metadata(path)
    if column not in metadata.schema.to_arrow_schema().names:
        return True
    nulls = 0
    for group in (metadata.row_group(number) for number in range(metadata.num_row_groups)):
        chunks = {(c := group.column(i)).path_in_schema: c for i in range(group.num_columns)}
        statistics = chunks[column].statistics
        if statistics is None or not statistics.has_null_count:
            with path.open("rb") as file:
                nulls = pq.read_table(file, columns=[column])[column].null_count
            break
        nulls += statistics.null_count
    return bool(0 < metadata.num_rows == nulls)
