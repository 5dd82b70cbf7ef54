"""Settings of the stage that words attributes as template captions."""

from dataclasses import dataclass

from facecaption_assets.setting_checks import require_attributes, require_within


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

    def __post_init__(self) -> None:
        # The noun already names one attribute, so a caption needs two to say anything.
        require_within(self, captions_per_face=(1, 1000), max_attributes=(2, 40))
        require_attributes("unspoken", self.unspoken)
