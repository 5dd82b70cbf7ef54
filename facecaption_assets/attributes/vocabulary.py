"""The 40 attributes of CelebA: names in CelebA's order, and the five groups.

Names only. What excludes or implies what belongs to ``resolution``; how an attribute is worded
belongs to ``captions.grammar``.
"""

from typing import Final

from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: In CelebA's order.
ATTRIBUTES: Final = ATTRIBUTE_COLUMNS

HAIR_COLOURS: Final = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")

#: The authors name five groups but not their members (their appendix); this assignment fits the
#: sizes of their bar chart.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "elementary": ("Attractive", "Blurry", "Chubby", "Male", "Pale_Skin", "Young"),
    "hairstyle": (
        "Bald",
        "Bangs",
        "Black_Hair",
        "Blond_Hair",
        "Brown_Hair",
        "Gray_Hair",
        "Receding_Hairline",
        "Straight_Hair",
        "Wavy_Hair",
    ),
    "facial_features": (
        "Arched_Eyebrows",
        "Bags_Under_Eyes",
        "Big_Lips",
        "Big_Nose",
        "Bushy_Eyebrows",
        "Double_Chin",
        "High_Cheekbones",
        "Mouth_Slightly_Open",
        "Narrow_Eyes",
        "Oval_Face",
        "Pointy_Nose",
        "Rosy_Cheeks",
        "Smiling",
    ),
    "beard": ("5_o_Clock_Shadow", "Goatee", "Mustache", "No_Beard", "Sideburns"),
    "accessories": (
        "Eyeglasses",
        "Heavy_Makeup",
        "Wearing_Earrings",
        "Wearing_Hat",
        "Wearing_Lipstick",
        "Wearing_Necklace",
        "Wearing_Necktie",
    ),
}


def probability_column(attribute: str) -> str:
    """Name of the column that holds the attribute's probability, in [0, 1] or null."""
    return f"{attribute}_prob"
