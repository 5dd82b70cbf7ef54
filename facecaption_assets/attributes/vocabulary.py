"""The 40 attributes of CelebA as data: place, group, what each state means, and what to mind.

What excludes or implies what belongs to ``resolution``; how an attribute is worded belongs to
``captions.grammar``. Definitions are ours: CelebA's authors published none.
"""

from dataclasses import dataclass
from typing import Final

from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: In CelebA's order.
ATTRIBUTES: Final = ATTRIBUTE_COLUMNS

HAIR_COLOURS: Final = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")


@dataclass(frozen=True)
class Attribute:
    """One attribute.

    Attributes:
        name: CelebA's name.
        group: One of the keys of GROUPS.
        positive: What a positive state says.
        negative: What a negative state says; often no more than that the positive one is untrue.
        negative_is_telling: Whether the negative says something that can be seen and that a
            caption could state, rather than the absence of what nobody expected.
        is_subjective: Whether careful people often disagree; CelebA's own labels do.
        is_demeaning: Whether naming it of a person may hurt.
    """

    name: str
    group: str
    positive: str
    negative: str
    negative_is_telling: bool = False
    is_subjective: bool = False
    is_demeaning: bool = False

    @property
    def index(self) -> int:
        """Place in CelebA's order, from 0."""
        return ATTRIBUTES.index(self.name)


def _elementary(name: str, positive: str, negative: str, **more: bool) -> Attribute:
    return Attribute(name, "elementary", positive, negative, **more)


def _hair(name: str, positive: str, negative: str, **more: bool) -> Attribute:
    return Attribute(name, "hairstyle", positive, negative, **more)


def _feature(name: str, positive: str, negative: str, **more: bool) -> Attribute:
    return Attribute(name, "facial_features", positive, negative, **more)


def _beard(name: str, positive: str, negative: str, **more: bool) -> Attribute:
    return Attribute(name, "beard", positive, negative, **more)


def _worn(name: str, positive: str, negative: str, **more: bool) -> Attribute:
    return Attribute(name, "accessories", positive, negative, **more)


_TABLE: Final = (
    _beard("5_o_Clock_Shadow", "Stubble of about a day.", "Shaven, or hair longer than stubble."),
    _feature("Arched_Eyebrows", "Brows that rise to a peak.", "Level brows.", is_subjective=True),
    _elementary(
        "Attractive",
        "CelebA's annotators found the face attractive.",
        "They did not.",
        is_subjective=True,
        is_demeaning=True,
    ),
    _feature(
        "Bags_Under_Eyes",
        "Swollen or dark skin below the eyes.",
        "Smooth skin below the eyes.",
        is_subjective=True,
        is_demeaning=True,
    ),
    _hair("Bald", "No hair on top of the head.", "Hair on top.", is_demeaning=True),
    _hair("Bangs", "Hair over the forehead.", "Forehead free of hair."),
    _feature("Big_Lips", "Full lips.", "Lips not full.", is_subjective=True, is_demeaning=True),
    _feature(
        "Big_Nose", "Large or wide nose.", "Nose not large.", is_subjective=True, is_demeaning=True
    ),
    _hair("Black_Hair", "Hair is black.", "Hair is of another colour, or none."),
    _hair("Blond_Hair", "Hair is blond.", "Hair is of another colour, or none."),
    _elementary("Blurry", "The picture of the face is out of focus.", "The face is in focus."),
    _hair("Brown_Hair", "Hair is brown.", "Hair is of another colour, or none."),
    _feature("Bushy_Eyebrows", "Thick brows.", "Thin or usual brows.", is_subjective=True),
    _elementary(
        "Chubby", "Round, heavy face.", "Face not heavy.", is_subjective=True, is_demeaning=True
    ),
    _feature(
        "Double_Chin",
        "A fold of skin below the chin.",
        "No such fold.",
        is_subjective=True,
        is_demeaning=True,
    ),
    _worn("Eyeglasses", "Glasses of any kind before the eyes.", "Eyes without glasses."),
    _beard("Goatee", "Beard on the chin only.", "No beard there, or a full one."),
    _hair("Gray_Hair", "Hair is gray or white.", "Hair is of another colour, or none."),
    _worn("Heavy_Makeup", "Make-up that is plain to see.", "Little or none.", is_subjective=True),
    _feature("High_Cheekbones", "Cheekbones that stand out.", "They do not.", is_subjective=True),
    _elementary(
        "Male",
        "Looks like a man or a boy.",
        "Looks like a woman or a girl.",
        negative_is_telling=True,
    ),
    _feature("Mouth_Slightly_Open", "Lips apart.", "Lips closed.", negative_is_telling=True),
    _beard("Mustache", "Hair on the upper lip.", "Upper lip free of hair."),
    _feature(
        "Narrow_Eyes",
        "Eyes narrow by shape or squint.",
        "Eyes open to the usual width.",
        is_subjective=True,
        is_demeaning=True,
    ),
    _beard("No_Beard", "No beard of any kind.", "Some beard.", negative_is_telling=True),
    _feature("Oval_Face", "Outline is an oval.", "Another outline.", is_subjective=True),
    _elementary("Pale_Skin", "Skin paler than usual.", "It is not.", is_subjective=True),
    _feature("Pointy_Nose", "Nose with a pointed tip.", "A rounder tip.", is_subjective=True),
    _hair(
        "Receding_Hairline",
        "Hairline high or drawn back.",
        "Hairline low.",
        is_subjective=True,
        is_demeaning=True,
    ),
    _feature("Rosy_Cheeks", "Cheeks redder than the face.", "They are not.", is_subjective=True),
    _beard("Sideburns", "Beard before the ears.", "None there."),
    _feature("Smiling", "A smile.", "No smile.", negative_is_telling=True),
    _hair("Straight_Hair", "Hair hangs straight.", "Wavy, curly or no hair.", is_subjective=True),
    _hair("Wavy_Hair", "Hair in waves or curls.", "Straight or no hair.", is_subjective=True),
    _worn("Wearing_Earrings", "An earring is seen.", "Ears are seen without one."),
    _worn("Wearing_Hat", "Head is covered by a hat or cap.", "Head without one."),
    _worn("Wearing_Lipstick", "Painted lips.", "Lips in their own colour.", is_subjective=True),
    _worn("Wearing_Necklace", "A necklace is seen.", "The neck is seen without one."),
    _worn("Wearing_Necktie", "A necktie is seen.", "The collar is seen without one."),
    _elementary(
        "Young",
        "Looks under about forty.",
        "Looks over about forty.",
        negative_is_telling=True,
        is_subjective=True,
    ),
)

#: Name → attribute, in CelebA's order.
DEFINITIONS: Final[dict[str, Attribute]] = {entry.name: entry for entry in _TABLE}

#: The authors name five groups but not their members (their appendix); this assignment fits the
#: sizes of their bar chart.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    group: tuple(entry.name for entry in _TABLE if entry.group == group)
    for group in ("elementary", "hairstyle", "facial_features", "beard", "accessories")
}


def probability_column(attribute: str) -> str:
    """Name of the column that holds the attribute's probability, in [0, 1] or null."""
    return f"{attribute}_prob"
