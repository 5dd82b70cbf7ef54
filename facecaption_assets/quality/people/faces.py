"""One row per face: its groups, and how far it came.

Rows are conserved at every stage, so a face without a row of a stage is of a shard where the stage
is not built: it is not counted there. Opted-out faces are counted nowhere: that they are missing
is their owner's wish.

``person`` stands for the split group. It is a hash of 64 bits: numbers group several times faster
than texts, and among 50 million two are alike with a chance of one in ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from facecaption_assets.quality.people.groups import AGE_SQL, SEX_SQL, Factor, stated_sql

#: The temporary table that ``create_faces`` makes.
FACES: Final = "people_faces"


@dataclass(frozen=True)
class Step:
    """One step of the funnel by groups.

    Attributes:
        name: What a face that passes is; column of FACES, null where the step does not concern it.
        entering: SQL condition of the faces that come to it.
        meaning: In plain words.
        reason: Column that says why a face did not pass; empty where earlier steps say it.
    """

    name: str
    entering: str
    meaning: str
    reason: str = ""


KEPT: Final = Step("kept", "true", "found faces that are kept", "drop_reason")
STEPS: Final = (
    KEPT,
    Step("labelled", "kept", "kept faces with enough labels", "label_reason"),
    Step("captioned", "labelled", "labelled faces with a template caption", "caption_reason"),
    Step("rewritten", "captioned", "captioned faces with an accepted rewriting", "rewrite_reason"),
    Step("described", "kept", "kept faces with a final caption, over all steps"),
    Step("distinct_face", "described", "faces with a final caption that are nobody's worse copy"),
)


def steps_of(factor: Factor) -> tuple[Step, ...]:
    """Steps that a factor's groups can be followed through."""
    return STEPS if factor.is_known_of_dropped_faces else STEPS[1:]


def create_faces(connection: duckdb.DuckDBPyConnection, stated_field: str) -> None:
    """Make the temporary table FACES from the dataset's views, replacing an older one.

    Args:
        connection: With a view per table of the schema.
        stated_field: Side-car's field of the skin tone, as for ``stated_sql``.
    """
    connection.execute(_CREATE.format(faces=FACES, stated=stated_sql(stated_field)))


_CREATE: Final = f"""
CREATE OR REPLACE TEMP TABLE {{faces}} AS
WITH templates AS (
    SELECT face_id, bool_or(status = 'captioned') AS passed,
           bool_and(status = 'opted_out') AS left_out,
           min(status) FILTER (status NOT IN ('captioned', 'opted_out')) AS reason
    FROM template_captions GROUP BY face_id
), rewrites AS (
    SELECT face_id, bool_or(status = 'accepted') AS passed,
           bool_or(status IN ('accepted', 'fell_back')) AS final,
           bool_and(status = 'opted_out') AS left_out,
           min(split_part(coalesce(rejection_reason, 'unknown'), ':', 1))
               FILTER (status = 'fell_back') AS reason
    FROM llm_captions GROUP BY face_id
), rewritten_shards AS (
    SELECT DISTINCT regexp_replace(key, '-[0-9]+$', '') AS shard FROM llm_captions
), copies AS (SELECT face_id FROM duplicate_faces WHERE NOT is_kept),
stated AS ({{stated}})
SELECT crops.face_id, hash(crops.split_group) AS person,
       {SEX_SQL} AS predicted_sex, {AGE_SQL} AS predicted_age,
       coalesce(stated.stated, 'unknown') AS stated_skin_tone,
       crops.status = 'kept' AS kept, crops.drop_reason,
       labels.status = 'labelled' AS labelled, labels.status AS label_reason,
       CASE WHEN NOT templates.left_out THEN templates.passed END AS captioned,
       templates.reason AS caption_reason,
       CASE WHEN NOT rewrites.left_out THEN rewrites.passed END AS rewritten,
       rewrites.reason AS rewrite_reason,
       CASE WHEN labels.face_id IS NOT NULL AND NOT coalesce(templates.left_out, false)
                 AND NOT coalesce(rewrites.left_out, false)
                 AND regexp_replace(crops.key, '-[0-9]+$', '') IN (FROM rewritten_shards)
            THEN coalesce(rewrites.final, false) END AS described,
       CASE WHEN EXISTS (FROM copies) THEN copies.face_id IS NULL END AS distinct_face
FROM face_crops AS crops
LEFT JOIN face_attributes AS labels ON labels.face_id = crops.face_id
LEFT JOIN templates ON templates.face_id = crops.face_id
LEFT JOIN rewrites ON rewrites.face_id = crops.face_id
LEFT JOIN copies ON copies.face_id = crops.face_id
LEFT JOIN stated ON stated.key = crops.key
WHERE crops.face_id IS NOT NULL AND crops.drop_reason IS DISTINCT FROM 'opted_out'
  AND labels.status IS DISTINCT FROM 'opted_out'
"""
