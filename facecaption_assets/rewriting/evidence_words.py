"""How each attribute may be worded in a rewritten caption: data only.

Texts are lower case and without hyphens, as ``tokens`` leaves them. A pattern is a row of words:
``a|b`` is either, ``a?`` may be left out, ``a_b`` is two words. A wording says what CelebA's label
says and no more: a cap is not just a hat, and long hair is not just hair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_WHOSE: Final = (
    "the|his|her|their|both|the_man_'s|the_woman_'s|the_person_'s|the_lady_'s|the_gentleman_'s|"
    "this_man_'s|this_woman_'s|this_person_'s|the_boy_'s|the_girl_'s|the_child_'s|"
    "the_young_man_'s|the_young_woman_'s|both_his|both_her|both_their|each_of_his|each_of_her"
)
_UNDER: Final = "under|beneath|below|underneath"
_SLIGHTLY: Final = "slightly|partly|partially|a_little|a_bit|just_slightly"
_FACE: Final = "face|look|appearance"

#: Things and states whose name alone is the evidence.
THINGS: Final[dict[str, tuple[str, ...]]] = {
    "5_o_Clock_Shadow": (
        "five|5 o'clock shadow",
        "light? stubble",
        "light? stubbly beard",
        "hint|shadow|dusting|trace of light? stubble",
    ),
    "Arched_Eyebrows": (
        "arch of|in|to his|her|their eyebrows|brows",
        "eyebrows|brows arch",
        "eyebrows|brows have|form|with an? arch",
    ),
    "Bags_Under_Eyes": (
        f"bags that? are|can_be? visible|present|seen|sit|rest|evident? {_UNDER} {_WHOSE} eyes",
        f"{_UNDER} {_WHOSE} eyes ,? there? are|sit|rest|with? bags",
        "under? eye bags",
        "undereye bags",
        f"eyes have|with|show bags {_UNDER} them",
    ),
    "Bald": ("bald head|scalp|pate|crown", "baldness"),
    "Bangs": ("bangs", "fringe"),
    "Chubby": ("chubbiness", "plumpness"),
    "Eyeglasses": ("glasses", "eyeglasses", "spectacles", "specs", "eyewear", "eye glasses"),
    "Goatee": ("goatee", "goatee beard"),
    "Heavy_Makeup": (
        "makeup heavily applied",
        "makeup is? applied|done heavily",
        "made up heavily",
        "full face of makeup|make_up",
        "lot of makeup|make_up",
    ),
    "Mustache": ("mustache", "moustache"),
    "No_Beard": (
        "no beard",
        "without a|any? beard",
        "no|without_any|without|free_of facial hair",
        f"clean|cleanly|smooth|freshly shaven {_FACE}|chin|jaw",
        "does_not|doesn't|do_not|don't have|wear|sport a|any? beard",
        "does_not|doesn't|do_not|don't have any? facial hair",
        "free of a|any? beard",
        "beard free face?",
    ),
    "Pointy_Nose": ("pointed|pointy tip",),
    "Receding_Hairline": ("hairline recedes",),
    "Rosy_Cheeks": (
        f"rosy flush|glow|tint|blush|hue on|in|to|of {_WHOSE} cheeks",
        "rosiness on|in|of his|her|their cheeks",
        "cheeks have|with|carry|show|bear a rosy flush|glow|tint|blush|hue|color|colour",
    ),
    "Sideburns": ("sideburns", "side burns"),
    "Smiling": (
        "smile",
        "smiles",
        "grin",
        "grins",
        "curved|curled|curving|curling|turned_up|drawn|curve|curl into|in a smile",
    ),
    "Wavy_Hair": ("in waves", "into waves", "waves of"),
    "Wearing_Earrings": ("earrings", "earring", "ear rings"),
    "Wearing_Hat": ("hat",),
    "Wearing_Lipstick": ("lipstick",),
    "Wearing_Necklace": ("necklace",),
    "Wearing_Necktie": ("necktie", "tie", "neck tie"),
}

#: What a person is called or is: before the noun, after "is", or set off by commas.
TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "5_o_Clock_Shadow": ("stubbled", "stubbly"),
    "Attractive": ("attractive", "good looking", "handsome", "pretty", "beautiful"),
    "Bald": ("bald", "bald headed"),
    "Blond_Hair": ("blond", "blonde"),
    "Brown_Hair": ("brunette", "brunet"),
    "Chubby": ("chubby", "plump", "pudgy", "heavyset", "heavy set", "overweight", "stout"),
    "Eyeglasses": ("bespectacled", "spectacled"),
    "Goatee": ("goateed",),
    "Heavy_Makeup": ("heavily made up",),
    "Mustache": ("mustachioed", "moustachioed", "mustached", "moustached"),
    "No_Beard": ("clean|cleanly|smooth|freshly shaven", "beardless"),
    "Pale_Skin": ("pale",),
    "Smiling": ("smiling", "grinning"),
    "Young": ("young", "youthful"),
}


@dataclass(frozen=True)
class Frame:
    """A noun that is evidence only together with an adjective, on whichever side it stands.

    Attributes:
        nouns: Patterns of the noun.
        adjectives: Attribute to patterns of the adjectives that name it.
        compounds: Adjectives made of the noun: "haired", "cheeked".
        plural: Whether the noun takes "are".
        means: What the noun with an adjective names by itself.
    """

    nouns: tuple[str, ...]
    adjectives: Mapping[str, tuple[str, ...]]
    compounds: tuple[str, ...] = ()
    plural: bool = False
    means: str | None = None


#: Traits of the person that are said of the face as well.
_OF_FACES: Final = (
    *("5_o_Clock_Shadow", "Attractive", "Chubby", "Heavy_Makeup", "No_Beard", "Pale_Skin"),
    *("Smiling", "Young"),
)
_OPEN: Final = (f"{_SLIGHTLY} open|opened|ajar|apart|parted", "ajar")
_PARTED: Final = (*_OPEN, "parted", f"open|opened|parted|apart {_SLIGHTLY}")
_HAIR_COLOURS: Final = {
    "Black_Hair": ("black", "jet black", "raven", "raven black"),
    "Blond_Hair": ("blond", "blonde", "fair", "golden", "golden blond|blonde"),
    "Brown_Hair": ("brown", "brunette", "brunet"),
    "Gray_Hair": ("gray", "grey", "silver", "silvery", "silver gray|grey", "graying", "greying"),
}

FRAMES: Final[tuple[Frame, ...]] = (
    Frame(
        ("hair", "hairstyle", "hairdo", "mane", "head of hair"),
        {
            **_HAIR_COLOURS,
            "Straight_Hair": ("straight",),
            "Wavy_Hair": ("wavy", "waved"),
            "Receding_Hairline": ("receding",),
        },
        compounds=("haired",),
    ),
    Frame(
        ("locks", "tresses", "strands"),
        {**_HAIR_COLOURS, "Straight_Hair": ("straight",), "Wavy_Hair": ("wavy", "waved")},
        plural=True,
    ),
    Frame(("waves",), _HAIR_COLOURS, plural=True, means="Wavy_Hair"),
    Frame(("hair color", "hair colour", "hair hue", "hair shade"), _HAIR_COLOURS),
    Frame(("hair texture",), {"Straight_Hair": ("straight",), "Wavy_Hair": ("wavy",)}),
    Frame(("hairline",), {"Receding_Hairline": ("receding",)}),
    Frame(
        ("eyebrows", "brows", "eye brows"),
        {
            "Arched_Eyebrows": ("arched", "arching", "curved"),
            "Bushy_Eyebrows": ("bushy", "thick", "full"),
        },
        compounds=("browed", "eyebrowed"),
        plural=True,
    ),
    Frame(("eyes",), {"Narrow_Eyes": ("narrow", "narrowed", "slim")}, ("eyed",), plural=True),
    Frame(
        ("nose",),
        {
            "Big_Nose": ("big", "large", "prominent", "sizable", "sizeable"),
            "Pointy_Nose": ("pointy", "pointed", "pointing"),
        },
        compounds=("nosed",),
    ),
    Frame(
        ("lips",),
        {
            "Big_Lips": ("full", "big", "large", "plump", "fuller", "thick"),
            "Mouth_Slightly_Open": _PARTED,
            "Smiling": ("smiling",),
        },
        compounds=("lipped",),
        plural=True,
    ),
    Frame(("mouth",), {"Mouth_Slightly_Open": (*_OPEN, f"open|opened {_SLIGHTLY}")}),
    Frame(
        ("cheekbones", "cheek bones"),
        {"High_Cheekbones": ("pronounced", "high", "prominent", "high set", "set high")},
        compounds=("cheekboned",),
        plural=True,
    ),
    Frame(
        ("cheeks",),
        {
            "Chubby": ("chubby", "plump"),
            "Rosy_Cheeks": ("rosy", "reddish", "rosy pink", "flushed", "pink", "ruddy"),
        },
        compounds=("cheeked",),
        plural=True,
    ),
    Frame(("chin",), {"Double_Chin": ("double",)}, ("chinned",)),
    Frame(
        ("skin", "complexion", "skin tone"),
        {"Pale_Skin": ("pale", "fair", "pallid")},
        compounds=("skinned", "complexioned"),
    ),
    Frame(
        ("face", "visage", "countenance"),
        {
            **{name: TRAITS[name] for name in _OF_FACES},
            "Oval_Face": ("oval", "oval shaped"),
        },
        compounds=("faced",),
    ),
    Frame(
        ("face shape", "facial shape|structure|outline|contour", "shape"),
        {"Oval_Face": ("oval",)},
    ),
    Frame(
        ("appearance", "look", "features", "looks"),
        {name: TRAITS[name] for name in ("Attractive", "No_Beard", "Young")},
    ),
    Frame(("build", "physique"), {"Chubby": TRAITS["Chubby"]}),
    Frame(
        ("makeup", "make up", "cosmetics", "makeup look", "application of makeup|make_up"),
        {"Heavy_Makeup": ("heavy", "heavily applied", "thick", "heavily done")},
    ),
    Frame(
        ("picture", "photo", "photograph", "image", "portrait", "shot", "snapshot", "headshot"),
        {"Blurry": ("blurry", "blurred", "out of focus", "unfocused", "fuzzy")},
    ),
)
