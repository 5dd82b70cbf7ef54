"""By what people are grouped, on what basis, and what such groups are not.

Sex and age are predictions. Skin tone is taken only from what a picture's side-car states: its
colour in a picture is as much the light's and the camera's, so none is read from pixels.
"""

from dataclasses import dataclass
from typing import Final

from facecaption_assets.quality.people.estimates import UNKNOWN

#: What every reader of the numbers must know.
CAVEATS: Final[tuple[str, ...]] = (
    "Sex and age group are a model's guess from a crop. They are not what a person is or says of "
    "themselves; they are wrong for some, and more often for some groups than for others.",
    "The guess knows two sexes. People who are neither, or whom it cannot tell, are put into one "
    "of them or are 'unknown'.",
    "A guess exists for kept faces only. What is lost before, by failed downloads, missed faces "
    "and small crops, cannot be split by it: equal shares here say nothing of the detector.",
    "'unknown' is shown and not compared: a face that a model cannot read has fewer labels by "
    "its nature.",
    "Labels and groups come from the same networks. Beards, for one, are ruled out where the sex "
    "network says woman: such rates are rules of ours, not findings about people.",
    "Skin tone is split only where side-cars state it, and then for all faces of the picture. It "
    "is never read from pixels.",
    "Pictures of one split group, such as one person's, count together. A difference is judged "
    "only with enough split groups on both sides, and even then says what differs, not why.",
)

#: Most values of a stated field that get a group of their own.
MAX_STATED: Final = 12

#: Group of the rarer ones.
_OTHER: Final = "other"


@dataclass(frozen=True)
class Factor:
    """By what people are grouped.

    Attributes:
        name: Column of the groups.
        basis: ``predicted`` from the crop, or ``stated`` by the picture's side-car.
        decided_by: Attributes that the group is made of; they are not compared between groups.
    """

    name: str
    basis: str
    decided_by: tuple[str, ...] = ()

    @property
    def is_known_of_dropped_faces(self) -> bool:
        """Whether faces have a group that no annotator has seen."""
        return self.basis == "stated"


SEX: Final = Factor("predicted_sex", "predicted", ("Male",))
AGE: Final = Factor("predicted_age", "predicted", ("Young",))
SKIN_TONE: Final = Factor("stated_skin_tone", "stated")
FACTORS: Final = (SEX, AGE, SKIN_TONE)

#: Group by a row ``labels`` of ``face_attributes``, which may be absent.
SEX_SQL: Final = (
    f"CASE labels.\"Male\" WHEN TRUE THEN 'male' WHEN FALSE THEN 'female' ELSE '{UNKNOWN}' END"
)
#: Networks of age draw towards the middle: bounds are wide, and the oldest group is rare.
AGE_SQL: Final = (
    "CASE WHEN labels.age_years < 20 THEN 'under 20' WHEN labels.age_years < 40 THEN '20 to 39' "
    "WHEN labels.age_years < 60 THEN '40 to 59' WHEN labels.age_years >= 60 THEN '60 and over' "
    f"ELSE '{UNKNOWN}' END"
)


def stated_sql(field: str) -> str:
    """SELECT of ``key`` and ``stated``, the side-car's value of a field, over ``raw_shards``.

    Rarer values than the ``MAX_STATED`` most frequent ones are one group.

    Args:
        field: Names of nested fields, joined with dots; empty where nothing is stated.
    """
    if not field:
        return f"SELECT key, '{UNKNOWN}' AS stated FROM raw_shards WHERE false"
    path = "$" + "".join(f'."{name}"' for name in field.split("."))
    quoted = path.replace("'", "''")
    return (
        "WITH given AS (SELECT key, CASE WHEN json_valid(metadata) "
        f"THEN json_extract_string(metadata, '{quoted}') END AS value FROM raw_shards), "
        "frequent AS (SELECT value FROM given WHERE value <> '' GROUP BY value "
        f"ORDER BY count(*) DESC, value LIMIT {MAX_STATED}) "
        f"SELECT key, CASE WHEN value IN (FROM frequent) THEN value ELSE '{_OTHER}' END AS stated "
        "FROM given WHERE value <> ''"
    )
