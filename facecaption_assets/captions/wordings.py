"""How each attribute is worded: data only.

To add a wording, add a ``Production`` to its attribute; a weight says how often it is drawn next to
the others (any positive numbers: they are normalised). ``<possessive>`` stands for his, her or
their. The first wording of an attribute is the plainest one; prompts quote it.

Wordings say what CelebA's label says and no more: a hat is not called a cap. Hair, eyebrows and the
mouth merge with their neighbours, which is the business of ``phrases`` and ``tellings``; the
sentences around the wordings are in ``frames``.
"""

from enum import StrEnum
from typing import Final

from facecaption_assets.attributes.vocabulary import HAIR_COLOURS
from facecaption_assets.captions.pcfg import Production


class Verb(StrEnum):
    """What links the subject to a phrase."""

    HAS = "has"
    IS = "is"
    WEARS = "wears"


#: Attributes that belong in one breath, in the order in which a person would tell them.
TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "hair": (
        "Bald",
        "Straight_Hair",
        "Wavy_Hair",
        "Black_Hair",
        "Blond_Hair",
        "Brown_Hair",
        "Gray_Hair",
        "Bangs",
        "Receding_Hairline",
    ),
    "beard": ("No_Beard", "Mustache", "Goatee", "5_o_Clock_Shadow", "Sideburns"),
    "eyes": ("Bushy_Eyebrows", "Arched_Eyebrows", "Narrow_Eyes", "Bags_Under_Eyes"),
    "shape": ("Attractive", "Chubby", "Oval_Face", "High_Cheekbones", "Double_Chin"),
    "skin": ("Pale_Skin", "Rosy_Cheeks", "Big_Nose", "Pointy_Nose", "Big_Lips"),
    "expression": ("Smiling", "Mouth_Slightly_Open"),
    "makeup": ("Heavy_Makeup", "Wearing_Lipstick"),
    "accessories": (
        "Wearing_Hat",
        "Eyeglasses",
        "Wearing_Earrings",
        "Wearing_Necklace",
        "Wearing_Necktie",
    ),
}

#: Attributes that the subject or a sentence of their own expresses.
APART: Final = ("Male", "Young", "Blurry")

HAIR_TEXTURES: Final = {"Straight_Hair": "straight", "Wavy_Hair": "wavy"}
HAIR_COLOUR_WORDS: Final = dict(zip(HAIR_COLOURS, ("black", "blond", "brown", "gray"), strict=True))
EYEBROWS: Final = {"Bushy_Eyebrows": "bushy", "Arched_Eyebrows": "arched"}

#: Another word for some of ``EYEBROWS``.
EYEBROW_SYNONYMS: Final = {"bushy": "thick"}

#: Nouns that the words of ``EYEBROWS`` qualify.
EYEBROW_NOUNS: Final = (Production("eyebrows", 2), Production("brows"))

#: Predicates: "she is ...". All but Smiling may also stand before the noun: "a bald man".
PREDICATES: Final[dict[str, str]] = {
    "Attractive": "attractive",
    "Bald": "bald",
    "Chubby": "chubby",
    "No_Beard": "clean-shaven",
    "Smiling": "smiling",
}

#: What may stand before the noun: "a smiling young woman", "a brown-haired man". Hair only where
#: its colour, or whether it is wavy, is all that is told of it.
QUALITIES: Final[dict[str, str]] = {
    **PREDICATES,
    **{name: f"{word}-haired" for name, word in (HAIR_TEXTURES | HAIR_COLOUR_WORDS).items()},
    "Eyeglasses": "bespectacled",
    "Pale_Skin": "pale-skinned",
    "Rosy_Cheeks": "rosy-cheeked",
}

#: Things worn.
WORN: Final[dict[str, tuple[Production, ...]]] = {
    "Eyeglasses": (
        Production("eyeglasses", 3),
        Production("glasses", 3),
        Production("a pair of glasses"),
        Production("a pair of eyeglasses"),
        Production("spectacles"),
        Production("a pair of spectacles"),
    ),
    "Heavy_Makeup": (
        Production("heavy makeup", 2),
        Production("heavy make-up"),
        Production("a lot of makeup"),
        Production("thick makeup"),
    ),
    "Wearing_Earrings": (Production("earrings", 3), Production("a pair of earrings")),
    "Wearing_Hat": (Production("a hat"),),
    "Wearing_Lipstick": (Production("lipstick"),),
    "Wearing_Necklace": (Production("a necklace"),),
    "Wearing_Necktie": (Production("a necktie"), Production("a tie")),
}

#: Things that a face has.
HAD: Final[dict[str, tuple[Production, ...]]] = {
    "5_o_Clock_Shadow": (
        Production("a five o'clock shadow", 2),
        Production("light stubble"),
        Production("stubble"),
        Production("a shadow of stubble"),
        Production("some stubble"),
    ),
    "Bags_Under_Eyes": (
        Production("bags under <possessive> eyes", 2),
        Production("bags under the eyes"),
        Production("bags beneath <possessive> eyes"),
        Production("bags below <possessive> eyes"),
        Production("bags beneath the eyes"),
        Production("under-eye bags"),
    ),
    "Bangs": (
        Production("bangs", 2),
        Production("a fringe"),
        Production("bangs across the forehead"),
        Production("bangs over the forehead"),
    ),
    "Big_Lips": (Production("full lips"), Production("big lips")),
    "Big_Nose": (Production("a large nose"), Production("a big nose")),
    "Double_Chin": (Production("a double chin"),),
    "Goatee": (Production("a goatee", 2), Production("a goatee beard")),
    "High_Cheekbones": (
        Production("high cheekbones", 2),
        Production("prominent cheekbones"),
        Production("pronounced cheekbones"),
    ),
    "Mouth_Slightly_Open": (
        Production("a slightly open mouth", 2),
        Production("slightly parted lips"),
        Production("slightly open lips"),
    ),
    "Mustache": (Production("a mustache", 2), Production("a moustache")),
    "Narrow_Eyes": (Production("narrow eyes"),),
    "Oval_Face": (
        Production("an oval face", 2),
        Production("an oval-shaped face"),
        Production("an oval face shape"),
    ),
    "Pale_Skin": (
        Production("pale skin", 2),
        Production("a pale complexion"),
        Production("a pale skin tone"),
    ),
    "Pointy_Nose": (Production("a pointy nose"), Production("a pointed nose")),
    "Receding_Hairline": (Production("a receding hairline"),),
    "Rosy_Cheeks": (
        Production("rosy cheeks", 2),
        Production("pink cheeks"),
        Production("reddish cheeks"),
    ),
    "Sideburns": (Production("sideburns", 2), Production("a pair of sideburns")),
}

#: An open mouth told beside something else: "with her ...", "She has her ...".
OPEN_MOUTH: Final = (
    Production("mouth slightly open", 3),
    Production("lips slightly parted", 2),
    Production("lips slightly apart"),
)
