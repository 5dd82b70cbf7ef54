"""Faces that are the same face in copies of one picture, over all shards → ``duplicate_faces``.

Copies are told by hashes of pictures and by the place of the face; which person is shown plays no
part. Crops of equal bytes are made one first, then pictures of equal hashes; ``near_hashes`` finds
near ones. All that grows is in a database on disk, but for four bytes per different picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.provenance import Provenance, stage_hash
from facecaption_assets.quality.copied_faces import Copy, Face, find_copies
from facecaption_assets.quality.dataset import parquet_file
from facecaption_assets.quality.duplicate_inputs import ASSET, searched_versions, shards_of
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.near_hashes import Components, near_pairs
from facecaption_assets.schema import DUPLICATE_FACES, FACE_CROPS, RAW_SHARDS, WHOLE_DATASET
from facecaption_assets.storage import Storage

_VERSION: Final = 1

#: Rows that are taken out of the database, or put into it, at a time.
_BATCH: Final = 10_000

#: The largest crop is the best, of equally large ones the sharpest; no two faces are equally good.
_BEST_FIRST: Final = "side DESC, sharpness DESC NULLS LAST, det_score DESC NULLS LAST, face_id"

_TABLES: Final = """
    CREATE TABLE faces (
        face_id VARCHAR, key VARCHAR, sha256 VARCHAR, digest UHUGEINT, crop_hash UBIGINT,
        box FLOAT[4], side INTEGER, sharpness FLOAT, det_score FLOAT,
        h UBIGINT, l0 UBIGINT, l1 UBIGINT, l2 UBIGINT, l3 UBIGINT
    );
    CREATE TABLE near (face_id VARCHAR, kept_id VARCHAR, distance SMALLINT);
"""

#: Tables of earlier versions may lack a column; it is null then.
_LOAD: Final = """
    WITH crops AS (
        SELECT * FROM no_crops UNION ALL BY NAME SELECT * FROM read_parquet($crops)
    ), pictures AS (
        SELECT * FROM no_pictures UNION ALL BY NAME SELECT * FROM read_parquet($pictures)
    )
    INSERT INTO faces
    SELECT face_id, crops.key, crops.sha256, ('0x' || crops.sha256[1:32])::UHUGEINT,
        ('0x' || crops.phash)::UBIGINT, bbox_rel, least(crops.width, crops.height),
        canny_edge_density, det_score, ('0x' || pictures.phash)::UBIGINT,
        ('0x' || phash256[1:16])::UBIGINT, ('0x' || phash256[17:32])::UBIGINT,
        ('0x' || phash256[33:48])::UBIGINT, ('0x' || phash256[49:64])::UBIGINT
    FROM crops LEFT JOIN pictures ON pictures.key = crops.key
    WHERE crops.status = 'kept'
"""

_COLLAPSE: Final = f"""
    CREATE TABLE exact AS
    SELECT face_id, best_id FROM (
        SELECT face_id, first_value(face_id) OVER (
            PARTITION BY digest ORDER BY {_BEST_FIRST}
        ) AS best_id
        FROM faces SEMI JOIN (
            SELECT digest FROM faces GROUP BY digest HAVING count(*) > 1
        ) AS shared USING (digest)
    ) WHERE face_id <> best_id;

    CREATE TABLE hashes AS
    SELECT row_number() OVER () - 1 AS id, *
    FROM (
        SELECT h, l0, l1, l2, l3, min(key) <> max(key) AS is_shared
        FROM faces ANTI JOIN exact USING (face_id)
        WHERE h IS NOT NULL AND l0 IS NOT NULL
        GROUP BY h, l0, l1, l2, l3
    );
"""

_MEMBERS: Final = f"""
    WITH wanted AS (
        SELECT h, l0, l1, l2, l3, coalesce(component, id) AS component
        FROM hashes LEFT JOIN components USING (id)
        WHERE is_shared OR component IS NOT NULL
    )
    SELECT component, face_id, key, h, l0, l1, l2, l3, crop_hash, box
    FROM faces JOIN wanted USING (h, l0, l1, l2, l3) ANTI JOIN exact USING (face_id)
    ORDER BY component, {_BEST_FIRST}
"""

_GROUPS: Final = """
    CREATE TABLE dropped AS
    SELECT face_id, kept_id, distance, 'near' AS reason FROM near
    UNION ALL
    SELECT exact.face_id, coalesce(kept_id, best_id), coalesce(distance, 0),
        CASE WHEN kept_id IS NULL THEN 'exact' ELSE 'near' END
    FROM exact LEFT JOIN near ON near.face_id = best_id
"""

_ROWS: Final = """
    SELECT face_id, group_id, is_kept, distance, reason, sha256 FROM (
        SELECT face_id, kept_id AS group_id, false AS is_kept, distance, reason FROM dropped
        UNION ALL
        SELECT DISTINCT kept_id, kept_id, true, 0, NULL FROM dropped
    ) JOIN faces USING (face_id)
    ORDER BY group_id, is_kept DESC, face_id
"""

_COUNTS: Final = """
    SELECT (SELECT count(*) FROM faces), count(*), count(*) FILTER (reason = 'exact'),
        count(*) FILTER (reason = 'near'), count(DISTINCT kept_id),
        (SELECT count(*) FROM faces WHERE h IS NULL OR l0 IS NULL)
    FROM dropped
"""


class SearchOutOfMemory(MemoryError):
    """The search cannot do with the memory that the settings give it."""


def stage_identity(settings: DuplicateSettings) -> str:
    """Code version of ``duplicate_faces``: the settings that decide what is found."""
    return stage_hash(ASSET, _VERSION, settings.decisive)


def build_duplicates(
    storage: Storage, settings: DuplicateSettings, code_version: str
) -> Provenance:
    """Search all shards whose crops and pictures are usable, and commit what was found.

    Its counts: ``faces`` = ``kept`` + ``dropped``; of the dropped, ``exact`` and ``near``;
    ``groups``; ``without_hash``, faces that were compared by their bytes only.

    Raises:
        SearchOutOfMemory: If ``memory_mb`` is too little for so many faces.
    """
    try:
        return _build(storage, settings, code_version)
    except duckdb.OutOfMemoryException as error:
        raise SearchOutOfMemory(
            f"the setting [duplicates] memory_mb = {settings.memory_mb} is too little: {error}"
        ) from error


def _build(storage: Storage, settings: DuplicateSettings, code_version: str) -> Provenance:
    versions = searched_versions(storage)
    with storage.staging(ASSET, WHOLE_DATASET) as folder, _database(folder, settings) as connection:
        _load(connection, storage, shards_of(versions))
        _search(connection, settings)
        writer = LongTableWriter(folder / "table.parquet", DUPLICATE_FACES.arrow)
        for batch in connection.sql(_ROWS).to_arrow_reader(_BATCH):
            table = pa.Table.from_batches([batch])
            arrays = [table[field.name].cast(field.type) for field in DUPLICATE_FACES.arrow]
            writer.append(pa.Table.from_arrays(arrays, schema=DUPLICATE_FACES.arrow))
        return storage.commit_long(
            writer,
            Provenance(ASSET, WHOLE_DATASET, code_version, versions, counts=_counts(connection)),
        )


@contextmanager
def _database(folder: Path, settings: DuplicateSettings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(folder / "faces.duckdb") as connection:
        connection.execute(f"SET memory_limit = '{settings.memory_mb}MB'")
        connection.execute(f"SET threads = {settings.threads}")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(_TABLES)
        yield connection


def _load(connection: duckdb.DuckDBPyConnection, storage: Storage, shards: list[str]) -> None:
    if not storage.is_local:
        connection.register_filesystem(storage.root.fs)
    connection.register("no_crops", FACE_CROPS.arrow.empty_table())
    connection.register("no_pictures", RAW_SHARDS.arrow.empty_table())
    for shard in tqdm(shards, desc="read faces", disable=None, leave=False):
        files = {
            "crops": parquet_file(storage, "face_crops", shard),
            "pictures": parquet_file(storage, "raw_shards", shard),
        }
        connection.execute(_LOAD, files)


def _search(connection: duckdb.DuckDBPyConnection, settings: DuplicateSettings) -> None:
    """Fill ``dropped`` from ``faces``."""
    connection.execute(_COLLAPSE)
    connection.register("components", _link(connection, settings))
    members = connection.sql(_MEMBERS).to_arrow_reader(_BATCH)
    # Results are read while others are written, which one connection cannot do.
    with connection.cursor() as other:
        found = _find(members, settings)
        while copies := list(islice(found, _BATCH)):
            _store(other, copies)
    connection.execute(_GROUPS)


def _link(connection: duckdb.DuckDBPyConnection, settings: DuplicateSettings) -> pa.Table:
    """Hashes that are near others, directly or through others, by the lowest id of them."""
    size = connection.execute("SELECT count(*) FROM hashes").fetchall()[0][0]
    components = Components(size)
    pairs = near_pairs(connection, "hashes", settings.picture_bits, settings.long_bits)
    for ones, others in pairs:
        components.link(ones, others)
    roots = components.roots()
    is_linked = roots != np.arange(size)
    is_linked[roots[is_linked]] = True
    return pa.table({"id": np.flatnonzero(is_linked), "component": roots[is_linked]})


def _find(members: Iterable[pa.RecordBatch], settings: DuplicateSettings) -> Iterator[Copy]:
    rows = (row for batch in members for row in batch.to_pylist())
    for _, component in groupby(rows, key=lambda row: row["component"]):
        yield from find_copies(map(_face, component), settings)


def _face(row: dict[str, Any]) -> Face:
    long_hash = 0
    for part in ("l0", "l1", "l2", "l3"):
        long_hash = long_hash << 64 | row[part]
    box = tuple(row["box"])
    return Face(row["face_id"], row["key"], row["h"], long_hash, row["crop_hash"], box)


def _store(connection: duckdb.DuckDBPyConnection, copies: list[Copy]) -> None:
    found = pa.table(
        {name: [getattr(copy, name) for copy in copies] for name in Copy.__dataclass_fields__}
    )
    connection.register("found", found)
    connection.execute("INSERT INTO near SELECT * FROM found")
    connection.unregister("found")


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    faces, dropped, exact, near, groups, without = connection.execute(_COUNTS).fetchall()[0]
    return {
        "faces": faces,
        "kept": faces - dropped,
        "dropped": dropped,
        "exact": exact,
        "near": near,
        "groups": groups,
        "without_hash": without,
    }
