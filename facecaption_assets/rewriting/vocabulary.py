"""What words in a caption are evidence of, and which words say nothing: data only.

``verification`` looks for the evidence of each attribute, takes it out, and accepts of what is left
only words that say nothing about the face. All patterns are matched against lower-case text.
"""

import re
from typing import Final

from facecaption_assets.captions.wordings import (
    EYEBROW_SYNONYMS,
    EYEBROWS,
    HAD,
    HAIR_COLOUR_WORDS,
    HAIR_TEXTURES,
    PREDICATES,
    WORN,
)

#: Other wordings that are accepted of a language model, next to those of the grammar.
_ALSO: Final[dict[str, tuple[str, ...]]] = {
    "5_o_Clock_Shadow": (r"5 o'clock shadow", r"five-o'clock shadow", r"stubble"),
    "Bags_Under_Eyes": (
        r"bags (?:under|beneath|below) (?:the|his|her|their) eyes",
        r"under-eye bags",
    ),
    "Bald": (r"bald-headed",),
    "Big_Lips": (r"lips are (?:full|big)",),
    "Big_Nose": (r"nose is (?:large|big)",),
    "Blurry": (r"blurry", r"blurred"),
    "Eyeglasses": (r"spectacles", r"bespectacled"),
    "Heavy_Makeup": (r"heavy make-up", r"make-?up is heavy"),
    "High_Cheekbones": (r"cheekbones are high",),
    "Mouth_Slightly_Open": (
        r"mouth (?:is )?(?:slightly|partly|partially) open(?:ed)?",
        r"(?:slightly|partly|partially) open(?:ed)? mouth",
        r"lips (?:are )?(?:slightly|partly|partially) (?:parted|apart)",
        r"(?:slightly|partly|partially) parted lips",
    ),
    "Mustache": (r"moustache",),
    "Narrow_Eyes": (r"eyes are narrow",),
    "No_Beard": (r"clean shaven",),
    "Oval_Face": (r"oval facial shape", r"face (?:that )?is oval(?:-shaped)?"),
    "Pale_Skin": (r"(?:skin|complexion) (?:that )?is pale", r"pale-skinned"),
    "Pointy_Nose": (r"nose is (?:pointy|pointed)",),
    "Receding_Hairline": (r"hairline (?:that )?is receding",),
    "Rosy_Cheeks": (r"cheeks are rosy", r"rosy-cheeked"),
    "Sideburns": (r"side-burns",),
    "Smiling": (r"smile", r"smiles"),
    "Wearing_Earrings": (r"earring", r"ear-?rings"),
    "Young": (r"young", r"youthful"),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _worded() -> dict[str, re.Pattern[str]]:
    """Attribute to the pattern of its fixed wordings, the grammar's and others."""
    texts = {name: [p.text for p in productions] for name, productions in (HAD | WORN).items()}
    texts |= {name: [text] for name, text in PREDICATES.items()}
    for name, wordings in texts.items():
        bare = [re.sub(r"^an? ", "", text) for text in wordings]
        texts[name] = [re.escape(text) for text in bare if "<" not in text]
    for name, others in _ALSO.items():
        texts[name] = [*others, *texts.get(name, [])]
    return {
        name: re.compile(
            rf"(?<![\w'-])(?:{'|'.join(sorted(wordings, key=len, reverse=True))})(?![\w-])"
        )
        for name, wordings in texts.items()
    }


#: Fixed wordings of the attributes.
EVIDENCE: Final = _worded()

#: Adjectives that mean something only with their noun: "wavy, brown hair", "hair that is brown".
_HAIR_WORDS: Final = {
    **{word: name for name, word in (HAIR_TEXTURES | HAIR_COLOUR_WORDS).items()},
    "blonde": "Blond_Hair",
    "grey": "Gray_Hair",
}
_EYEBROW_WORDS: Final = {
    **{word: name for name, word in EYEBROWS.items()},
    **{EYEBROW_SYNONYMS[word]: name for name, word in EYEBROWS.items() if word in EYEBROW_SYNONYMS},
}


def _qualified(words: dict[str, str], noun: str) -> tuple[re.Pattern[str], dict[str, str]]:
    word = "|".join(sorted(words, key=len, reverse=True))
    several = rf"(?:{word})(?:(?:,? and |, | )(?:{word}))*"
    noun_last = rf"(?P<before>{several})[ -]{noun}(?:ed)?"
    noun_first = rf"{noun} (?:(?:that|which) )?(?:is|are) (?P<after>{several})"
    return re.compile(rf"(?<![\w-])(?:{noun_last}|{noun_first})(?![\w-])"), words


#: Pattern of a qualified noun, whose groups ``before`` and ``after`` hold adjectives; and the
#: attribute of each adjective.
QUALIFIED: Final = (_qualified(_HAIR_WORDS, "hair"), _qualified(_EYEBROW_WORDS, "(?:eye)?brows"))

#: Nouns that may be left over next to the evidence of one of these attributes.
CONTEXT: Final[dict[str, frozenset[str]]] = {
    "hair": frozenset({*HAIR_TEXTURES, *HAIR_COLOUR_WORDS, "Bangs", "Receding_Hairline"}),
    "head": frozenset({"Bald", "Wearing_Hat"}),
    "expression": frozenset({"Smiling", "Mouth_Slightly_Open"}),
    "neck": frozenset({"Wearing_Necklace", "Wearing_Necktie"}),
    "ears": frozenset({"Wearing_Earrings"}),
}

#: Nouns for the picture itself.
PICTURE_NOUNS: Final = _words("picture photo photograph image portrait")

#: Words that say nothing about the face.
NEUTRAL: Final = PICTURE_NOUNS | _words(
    "a an the this of with and in on is are be has have having wears wear wearing who whose "
    "which that as while also both too plus along together by to from at around "
    "face facial feature features featuring shows show "
    "showing shown seen depicts depicting there pair complemented accompanied paired "
    "captures include includes pictured sport sports"
)

#: Pronouns of each subject.
PRONOUNS: Final[dict[str, frozenset[str]]] = {
    "he": frozenset({"he", "him", "his", "himself"}),
    "she": frozenset({"she", "her", "hers", "herself"}),
    "they": frozenset({"they", "them", "their", "theirs", "themselves"}),
}

#: Nouns for each kind of subject, by the noun that the grammar uses.
NOUNS: Final[dict[str, frozenset[str]]] = {
    "man": frozenset({"man", "gentleman", "guy", "male"}),
    "woman": frozenset({"woman", "lady", "female"}),
    "person": frozenset({"person", "individual"}),
    "boy": frozenset({"boy"}),
    "girl": frozenset({"girl"}),
    "child": frozenset({"child", "kid"}),
}

#: Nouns that no caption of one person may hold.
OTHER_PEOPLE: Final = _words(
    "men women people persons boys girls children kids couple group someone lad"
)

NEGATIONS: Final = _words(
    "no not never none nor neither without lack lacks lacking absent absence missing cannot "
    "hardly barely"
)
HEDGES: Final = _words(
    "maybe perhaps possibly probably likely apparently seemingly seem seems seeming appear appears "
    "appearing might may could would looks or either"
)
AGE_WORDS: Final = _words(
    "age aged ages year years year-old old older elderly senior middle-aged teen teenage teenager "
    "adolescent adult baby toddler infant twenties thirties forties fifties sixties"
)
ECHOES: Final = _words(
    "caption captions draft facts rewrite rewritten rewriting sentence sentences attribute "
    "attributes description here sure user assistant system"
)
REFUSALS: Final = re.compile(
    r"i'm sorry|i am sorry|i apologi[sz]e|i can(?:'t|not)|i am unable|i'm unable|as an ai\b"
    r"|language model"
)
CONTACTS: Final = re.compile(
    r"https?:|www\.|\w@\w|(?<!\w)[@#]\w|\w\.(?:com|org|net|io)\b|\d{3}[- ]?\d{3}"
)
