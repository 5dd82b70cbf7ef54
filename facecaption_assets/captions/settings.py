"""Settings of the stage that words attributes as template captions."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CaptionSettings:
    """How many captions a face gets, and what they may speak of.

    Attributes:
        captions_per_face: Captions drawn for each face.
        max_attributes: Most attributes that one caption names; the rest is left to other captions.
        unspoken: Attributes that are never worded: subjective, demeaning, or about the photograph
            rather than the face.
    """

    captions_per_face: int = 1
    max_attributes: int = 8
    unspoken: tuple[str, ...] = (
        "Attractive",
        "Big_Lips",
        "Big_Nose",
        "Blurry",
        "Chubby",
        "Double_Chin",
    )
