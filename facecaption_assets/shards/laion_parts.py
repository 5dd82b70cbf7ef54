"""The parts of LAION-Face and their named selections.

LAION-Face is dealt into 32 parts, one per file of LAION-400M's metadata.
Source: https://github.com/FacePerceiver/LAION-Face, README.
"""

from typing import Final

#: Keys of all parts, ``00`` to ``31``.
PARTS: Final[tuple[str, ...]] = tuple(f"{index:02d}" for index in range(32))

#: The parts that make up LAION-Face 20M.
LAION_FACE_20M: Final[tuple[str, ...]] = (
    *("00", "02", "05", "08", "13", "15", "17"),
    *("18", "21", "22", "24", "25", "28"),
)

#: What a user may ask for besides a single part.
SELECTIONS: Final[dict[str, tuple[str, ...]]] = {"20m": LAION_FACE_20M, "50m": PARTS}


def select_parts(selection: str) -> tuple[str, ...]:
    """Parts of a selection's name, or the one part of a part's key; case does not matter.

    Raises:
        ValueError: If it is neither.
    """
    if selection.lower() in SELECTIONS:
        return SELECTIONS[selection.lower()]
    if selection not in PARTS:
        names = ", ".join(SELECTIONS)
        raise ValueError(f"{selection!r} is not a LAION-Face part, 00 to 31, nor one of {names}")
    return (selection,)
