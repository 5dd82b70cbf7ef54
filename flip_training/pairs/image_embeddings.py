"""Directions of pictures in a CLIP's space, as they are stored; for the cluster filter only.

They tell what a picture shows, not who: no network for recognising faces is used. Computing them
belongs to ``embedding``, which needs torch; this module does not.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flip_training.content import content_version
from flip_training.publishing import publish
from flip_training.storage import (
    PROVENANCE_KEY,
    PartitionMissing,
    Provenance,
    Storage,
)

#: Embeddings of the dataset's crops, by shard.
FACES: Final = "image_embeddings"

#: Embeddings of the pictures that the crops should be like, by name.
TARGETS: Final = "target_embeddings"

#: Environment variable that names the CLIP.
CLIP_SETTING: Final = "FLIP_CLIP"

_COMMANDS: Final = {FACES: "flip embed-faces", TARGETS: "flip embed-target NAME FOLDER"}


@dataclass(frozen=True)
class Embedded:
    """Some pictures' names and directions; those that could not be read say why instead.

    Attributes:
        names: Face ids, or files.
        vectors: Unit vectors, (N, D); a row of zeros where a picture could not be read.
        errors: Why it could not; empty where it could.
    """

    names: Sequence[str]
    vectors: NDArray[np.float32]
    errors: Sequence[str]


def require(storage: Storage, asset: str, partition: str) -> Provenance:
    """Provenance of some embeddings.

    Raises:
        PartitionMissing: If there are none; names the command and the setting.
    """
    try:
        return storage.require(asset, partition)
    except PartitionMissing:
        raise PartitionMissing(
            f"{asset} of {partition} is not built; set {CLIP_SETTING} to a CLIP and run "
            f"{_COMMANDS[asset]}"
        ) from None


def commit(storage: Storage, embedded: Embedded, provenance: Provenance) -> Provenance:
    """Publish embeddings as float16, in one step, and return their completed provenance."""
    width = embedded.vectors.shape[1]
    flat = pa.array(embedded.vectors.astype(np.float16).ravel(), pa.float16())
    unread = pa.array([bool(error) for error in embedded.errors], pa.bool_())
    table = pa.table(
        {
            "name": pa.array(embedded.names, pa.string()),
            "embedding": pa.FixedSizeListArray.from_arrays(flat, width, mask=unread),
            "error_message": pa.array([e or None for e in embedded.errors], pa.string()),
        }
    )
    num_unread = sum(bool(error) for error in embedded.errors)
    stored = replace(
        provenance,
        data_version=content_version(table),
        rows=table.num_rows,
        counts={"embedded": table.num_rows - num_unread, "unreadable": num_unread},
    )
    target = storage.table_path(provenance.asset, provenance.partition)
    target.parent.mkdir(parents=True, exist_ok=True)
    record = {PROVENANCE_KEY: json.dumps(asdict(stored), sort_keys=True).encode()}
    local = target.with_name(f".{target.name}.partial")
    pq.write_table(table.replace_schema_metadata(record), local)
    publish(local, target)
    return stored


def read(storage: Storage, asset: str, partition: str) -> tuple[list[str], NDArray[np.float32]]:
    """Names and unit vectors (N, D) of the pictures that could be read.

    Raises:
        PartitionMissing: If they have not been embedded.
    """
    require(storage, asset, partition)
    table = storage.read_table(asset, partition, ["name", "embedding"])
    table = table.filter(table["embedding"].is_valid()).combine_chunks()
    width = table.schema.field("embedding").type.list_size
    flat = table["embedding"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return table["name"].to_pylist(), flat.astype(np.float32).reshape(-1, width)
