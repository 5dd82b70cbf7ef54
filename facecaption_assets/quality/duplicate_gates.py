"""Predicates of the blocking checks of ``duplicate_faces``.

The table may be long, so they ask DuckDB; running them belongs to ``defs``.
"""

from facecaption_assets.quality.dataset import open_tables, parquet_file
from facecaption_assets.quality.duplicate_inputs import ASSET, shards_of
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.schema import WHOLE_DATASET
from facecaption_assets.storage import Storage


def rows_conserved_duplicates(storage: Storage) -> Outcome:
    """Kept crops of the searched shards = faces that stay + faces that are dropped, each once."""
    provenance = storage.require_built(ASSET, WHOLE_DATASET)
    counts = provenance.counts
    searched = shards_of(provenance.input_versions)
    with open_tables(storage) as connection:
        expected = sum(
            connection.execute(
                "SELECT count(*) FROM read_parquet(?) WHERE status = 'kept'",
                [parquet_file(storage, "face_crops", shard)],
            ).fetchall()[0][0]
            for shard in searched
        )
        dropped, rows, faces = connection.execute(
            f"SELECT count(*) FILTER (NOT is_kept), count(*), count(DISTINCT face_id) FROM {ASSET}"
        ).fetchall()[0]
    numbers = {"rows_in": expected, "kept": counts["kept"], "dropped": dropped}
    problems = []
    if rows != faces:
        problems.append(f"{rows - faces} faces occur more than once")
    if counts["kept"] + dropped != expected:
        problems.append(
            f"{expected} kept crops came in, {counts['kept']} stay and {dropped} are dropped"
        )
    good = f"{expected} faces = {counts['kept']} kept + {dropped} dropped."
    return Outcome(not problems, "; ".join(problems) or good, numbers)


def copies_have_a_kept_face(storage: Storage, settings: DuplicateSettings) -> Outcome:
    """Every dropped face belongs to a face that is kept, within ``long_bits``, and has a reason."""
    with open_tables(storage) as connection:
        groups, dropped, orphans, distant, odd = connection.execute(
            f"WITH kept AS (SELECT face_id FROM {ASSET} WHERE is_kept AND face_id = group_id) "
            "SELECT (SELECT count(*) FROM kept), count(*), "
            "count(*) FILTER (group_id NOT IN (FROM kept)), "
            f"count(*) FILTER (distance NOT BETWEEN 0 AND {settings.long_bits}), "
            "count(*) FILTER (reason IS NULL OR reason NOT IN ('exact', 'near')) "
            f"FROM {ASSET} WHERE NOT is_kept"
        ).fetchall()[0]
    problems = {
        "dropped faces have no kept one": orphans,
        f"dropped faces are more than long_bits = {settings.long_bits} away": distant,
        "dropped faces give no known reason": odd,
    }
    found = [f"{count} {what}" for what, count in problems.items() if count]
    good = f"{dropped} dropped faces belong to {groups} kept ones."
    return Outcome(not found, "; ".join(found) or good, {"groups": groups, "dropped": dropped})
