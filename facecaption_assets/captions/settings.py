"""Settings of the stage that words attributes as template captions."""

from dataclasses import dataclass
from typing import Final

from facecaption_assets.setting_checks import require_attributes, require_within

#: Ways to choose what a caption names.
CHOICES: Final = ("all", "sampled")

#: What captions are silent about by default: judgements of beauty and size, on which careful people
#: disagree and which say more about the judge than about the face; and blur, which is about the
#: photograph. Other attributes that ``attributes.vocabulary`` marks as possibly hurtful (a bald
#: head, a receding hairline, narrow eyes, bags under them) are plain to see and are worded without
#: judgement; who does not want them named adds them to ``unspoken``.
UNSPOKEN: Final = ("Attractive", "Big_Lips", "Big_Nose", "Blurry", "Chubby", "Double_Chin")


@dataclass(frozen=True, kw_only=True)
class CaptionSettings:
    """How many captions a face gets, and what they may speak of.

    Attributes:
        captions_per_face: Captions drawn for each face, different ones where the grammar can.
        attributes: ``all``: a caption names every positive attribute, up to ``max_attributes``;
            ``sampled``: some of them, 2 to ``max_attributes``, so that the captions of a face tell
            different things.
        max_attributes: Most attributes that one caption names; 40 is no limit. The noun counts
            where it says ``Male``.
        unspoken: Attributes that are never worded; see ``UNSPOKEN``. All 40 can be: ``[]`` here
            has every positive attribute told.
    """

    captions_per_face: int = 1
    attributes: str = "all"
    max_attributes: int = 8
    unspoken: tuple[str, ...] = UNSPOKEN

    def __post_init__(self) -> None:
        # The noun already names one attribute, so a caption needs two to say anything.
        require_within(self, captions_per_face=(1, 1000), max_attributes=(2, 40))
        if self.attributes not in CHOICES:
            raise ValueError(f"attributes is {self.attributes!r}; allowed are {', '.join(CHOICES)}")
        require_attributes("unspoken", self.unspoken)
