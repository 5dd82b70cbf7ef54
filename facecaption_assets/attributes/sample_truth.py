"""What the sample's own side-cars say of its faces, as labels to measure by.

``openpeople`` describes each person once, and its sheets of sixteen expressions name every cell.
Only what these words decide is a label; a smirk, a wink or a hand before the mouth is left out.
So is youth: the age range is what a picture was asked for, and several people look older.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Names of a sheet's cells, row by row; all sheets have this order.
EXPRESSIONS: Final = (
    ("Neutral", "Happy", "Sad", "Angry"),
    ("Surprised", "Disgusted", "Scared", "Confused"),
    ("Smug", "Flirty", "Thoughtful", "Pensive"),
    ("Exhausted", "Shocked", "Playful", "Determined"),
)

#: Whether a cell of the name smiles. Left out: Smug and Flirty smirk, Playful winks or shows the
#: tongue, with or without a smile, and some of the Thoughtful smile a little.
SMILING: Final[Mapping[str, bool]] = {
    "Happy": True,  # A broad smile with teeth, on all ten sheets.
    "Neutral": False,
    "Sad": False,
    "Angry": False,
    "Surprised": False,
    "Disgusted": False,
    "Scared": False,  # Bares its teeth on some sheets, with frightened eyes.
    "Confused": False,
    "Pensive": False,
    "Exhausted": False,
    "Shocked": False,
    "Determined": False,
}

#: Whether the lips of a cell of the name are apart. Left out: Scared, Disgusted, Confused, Flirty,
#: Exhausted and Playful are open on some sheets and closed on others; Thoughtful has a hand before
#: the mouth.
MOUTH_OPEN: Final[Mapping[str, bool]] = {
    "Surprised": True,
    "Shocked": True,
    "Happy": True,  # Shows its teeth on all ten sheets; CelebA calls that open.
    "Neutral": False,
    "Sad": False,
    "Angry": False,
    "Smug": False,
    "Pensive": False,
    "Determined": False,
}

#: Columns by which results are split.
GROUP_COLUMNS: Final = ("sex", "age_range", "skin_tone")


def sample_labels(metadata: Mapping[str, Any], bbox_rel: Sequence[float]) -> dict[str, bool]:
    """Attributes that the side-car decides of a face.

    Args:
        metadata: ``raw_shards.metadata`` of the picture.
        bbox_rel: Left, top, right, bottom as shares of the picture.
    """
    person = metadata.get("demographics", {})
    labels = {}
    if (sex := person.get("sex")) in ("male", "female"):
        labels["Male"] = sex == "male"
    if metadata.get("picture") == "emotions_sheet":
        labels |= _expression_labels(expression_at(bbox_rel))
    return labels


def sample_groups(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Values of GROUP_COLUMNS; "" where the side-car has none."""
    person = metadata.get("demographics", {})
    return {column: str(person.get(column, "")) for column in GROUP_COLUMNS}


def expression_at(bbox_rel: Sequence[float]) -> str:
    """Name of the cell that the centre of a face lies in; the cells are quarters of the sheet."""
    left, top, right, bottom = bbox_rel
    column, row = (min(int(4 * centre), 3) for centre in ((left + right) / 2, (top + bottom) / 2))
    return EXPRESSIONS[row][column]


def _expression_labels(expression: str) -> dict[str, bool]:
    decided = {"Smiling": SMILING, "Mouth_Slightly_Open": MOUTH_OPEN}
    return {name: table[expression] for name, table in decided.items() if expression in table}
