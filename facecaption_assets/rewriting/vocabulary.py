"""Which words of a caption say nothing about the face, and which no caption may hold: data only.

What is neither evidence of a given attribute nor listed here is an addition. Neutral words link,
show, hold or wear; none of them tells of looks, mood, place, clothes or deeds. A word that is
neutral in one place only is in one of the conditional lists.
"""

from typing import Final

from facecaption_assets.captions.wordings import HAIR_COLOUR_WORDS, HAIR_TEXTURES
from facecaption_assets.rewriting.tokens import word_set

#: Nouns for the picture itself.
PICTURE_NOUNS: Final = word_set(
    "picture photo photograph image portrait shot snapshot headshot depiction"
)

_FUNCTION_WORDS: Final = word_set(
    "a an the this these that of with and in into on onto upon as by from to at for around but "
    "above over along across beside behind beneath under underneath below between near within "
    "is are be been being am has have having who whose which what it its there here we also both "
    "too plus along together alongside while additionally moreover furthermore meanwhile one each "
    "pair some such atop against through amid though although 's"
)
#: Verbs that link, show, hold or wear.
VERBS: Final = word_set(
    "wears wear wearing dons donning sports sport sporting displays displaying exhibits exhibiting "
    "featuring possesses possessing boasts boasting presents presenting portrays portraying "
    "depicts depicting captures capturing shows showing reveals revealing see includes include "
    "including comprises comprising consists consist combines combining gives giving offers "
    "offering flashes accessorizes accessorizing accessorises accessorising showcases showcasing "
    "belongs belong"
)
_NOUNS_OF_NOTHING: Final = word_set(
    "face feature features facial appearance addition combination accessories accessory"
)

#: Words that say nothing about the face.
NEUTRAL: Final = PICTURE_NOUNS | _FUNCTION_WORDS | VERBS | _NOUNS_OF_NOTHING

#: Verbs of things, neutral only next to one: a hat sits on a head, but a woman who sits does more.
THING_VERBS: Final = word_set(
    "sits sit sitting rests rest resting hangs hang hanging falls fall falling drapes drape "
    "draping covers cover covering tops topping lies lie crowns crown lines line lining sweeps "
    "sweep sweeping runs run spreads spread spreading plays colors color colours "
    "colour curve curves"
)

#: Verbs that may be nouns, names or adjectives as well, neutral only before an object: no
#: "hair with highlights", no "matching earrings".
OBJECT_VERBS: Final = word_set(
    "complements complement complementing accompanies accompany accompanying adorns adorn adorning "
    "graces grace gracing accentuates accentuate accentuating highlights highlight highlighting "
    "frames frame framing surrounds surround surrounding encircles encircle encircling "
    "characterizes characterize characterizing characterises characterise distinguishes "
    "distinguish distinguishing defines define defining flashing adds add adding completes "
    "complete completing joins join joining decorates decorate decorating forms form forming "
    "finishes finish finishing balances balance balancing enhances enhance enhancing emphasizes "
    "emphasize emphasizing emphasises emphasise emphasising contrasts contrast contrasting matches "
    "match matching bears bearing mark marks marking"
)

#: Participles that say no more than that something is there, neutral where no noun follows.
SHOWN: Final = word_set(
    "worn donned shown displayed exhibited featured presented portrayed depicted captured pictured "
    "photographed seen visible present viewed revealed included applied showcased located evident "
    "apparent noticeable"
)

#: Participles, neutral only where it is said by, with or in what: "lined with stubble", but neither
#: "lined cheeks" nor "her face is lined".
PARTICIPLES: Final = word_set(
    "combined complemented accompanied paired matched adorned graced accentuated highlighted "
    "framed surrounded encircled covered rested draped topped characterized characterised "
    "distinguished marked defined completed joined decorated lined formed crowned dressed clad "
    "accessorized accessorised styled arranged cut swept painted coated colored coloured equipped "
    "fitted placed balanced enhanced emphasized emphasised made finished rounded coupled teamed "
    "flanked bordered underscored underlined contrasted perched knotted tied offset outlined shaped"
)

#: Phrases of nothing whose words are not neutral by themselves.
NEUTRAL_PHRASES: Final = (
    "set off by",
    "set in|into|against|above|below|within",
    "stands|stand|standing out",
    "round|rounded|rounding|rounds out|off",
    "can be seen",
    "we|one can see",
    "appears|appear|appearing in",
    "on display|show",
    "as well as?",
    "made up of",
    "head of",
    "with|in|on it",
    "his|her|their|whose look",
    "the|this|a|an? look",
    "close up",
    "not only",
    "all while",
    "bridge of",
    "color|colour|shade|shape|tip of",
    "holds|holding his|her|their mouth|lips",
    "runs|run|running down",
    "goes|go|going with",
    "makes|make|making up his|her|their|the|this",
    "shows|show|showing off his|her|their|a|an",
    "has|have|having|'s got",
    "smiles|smile|smiling|grins|grin|grinning at|for|into|toward|towards the camera",
)

#: Words of which one must follow the other participles.
COMPLEMENTS: Final = word_set(
    "with by in into on onto as from to at for above over along across around round behind beneath "
    "under underneath below against through atop together alongside of up"
)

#: Words that may follow a participle of showing.
PREPOSITIONS: Final = word_set(
    "a an the his her their this with by in into on onto as from to at for above over along across "
    "behind beneath under underneath below around round and atop against here there through while "
    "wearing together alongside of who whose which that is are up smiling"
)

_HAIR: Final = frozenset({*HAIR_TEXTURES, *HAIR_COLOUR_WORDS, "Bangs", "Receding_Hairline"})
_BEARD: Final = frozenset({"5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns"})

#: Nouns that may be left over next to the evidence of one of these attributes, determined.
CONTEXT: Final[dict[str, frozenset[str]]] = {
    "hair": _HAIR | _BEARD,
    **dict.fromkeys(("hairstyle", "locks", "tresses", "strands", "hairline"), _HAIR),
    **dict.fromkeys(("chin", "jaw", "jawline"), _BEARD - {"Sideburns"}),
    "facial": _BEARD,
    "upper": frozenset({"Mustache"}),
    "lip": frozenset({"Mustache"}),
    "cheeks": frozenset({"Rosy_Cheeks", "5_o_Clock_Shadow", "Sideburns"}),
    "complexion": frozenset({"Pale_Skin", "Rosy_Cheeks"}),
    "ears": frozenset({"Wearing_Earrings"}),
    "earlobes": frozenset({"Wearing_Earrings"}),
    "expression": frozenset({"Smiling", "Mouth_Slightly_Open"}),
    "eyebrows": frozenset({"Arched_Eyebrows", "Bushy_Eyebrows"}),
    "eyes": frozenset(
        {"Eyeglasses", "Bags_Under_Eyes", "Narrow_Eyes", "Arched_Eyebrows", "Bushy_Eyebrows"}
    ),
    "forehead": frozenset({"Bangs", "Receding_Hairline"}),
    "head": _HAIR | {"Bald", "Wearing_Hat"},
    "jewelry": frozenset({"Wearing_Earrings", "Wearing_Necklace"}),
    "jewellery": frozenset({"Wearing_Earrings", "Wearing_Necklace"}),
    "lips": frozenset({"Smiling", "Wearing_Lipstick", "Mouth_Slightly_Open"}),
    "makeup": frozenset({"Heavy_Makeup"}),
    "mouth": frozenset({"Smiling", "Mouth_Slightly_Open"}),
    "neck": frozenset({"Wearing_Necklace", "Wearing_Necktie"}),
    "nose": frozenset({"Big_Nose", "Pointy_Nose", "Eyeglasses", "Mustache"}),
    "skin": frozenset({"Pale_Skin", "Heavy_Makeup"}),
    "temples": frozenset({"Sideburns"}),
}

#: What determines a noun.
DETERMINERS: Final = word_set("a an the this his her their 's its both facial upper whose")

#: Words that tie a thing to the person, as verbs do.
LINKING_WORDS: Final = word_set(
    "with in on of by is are be has have having under beneath underneath behind atop whose his her "
    "their there without free recedes arch curve got features make makes"
)

#: What links a noun to its adjectives.
LINKS: Final = word_set(
    "is are that which both also 's being worn falls falling fall hangs hanging hang styled kept "
    "set sit sits left held remain remains cut"
)

#: Pronouns of each subject.
PRONOUNS: Final[dict[str, frozenset[str]]] = {
    "he": word_set("he him his himself"),
    "she": word_set("she her hers herself"),
    "they": word_set("they them their theirs themselves themself"),
}
SUBJECT_PRONOUNS: Final = frozenset(PRONOUNS)

#: Nouns for each kind of subject, by the noun that the grammar uses.
NOUNS: Final[dict[str, frozenset[str]]] = {
    "man": word_set("man gentleman guy male fellow chap"),
    "woman": word_set("woman lady female"),
    "person": word_set("person individual subject"),
    "boy": word_set("boy lad"),
    "girl": word_set("girl lass"),
    "child": word_set("child kid"),
}
#: Nouns of a woman by her hair: "a young blonde".
HAIR_NOUNS: Final = frozenset({"blonde", "brunette"})
PEOPLE: Final = frozenset[str]().union(*NOUNS.values())

#: Nouns that no caption of one person may hold.
OTHER_PEOPLE: Final = word_set(
    "men women people persons boys girls children kids couple group someone somebody ladies "
    "gentlemen individuals friend friends"
)

NEGATIONS: Final = word_set(
    "no not never none nor neither without lack lacks lacking lacked absent absence missing cannot "
    "hardly barely scarcely rarely nothing unlike instead except minus false untrue un non devoid "
    "free hairless unsmiling unshaven hatless beardless far removed refuses fails nowhere"
)
HEDGES: Final = word_set(
    "maybe perhaps possibly probably likely apparently seemingly seem seems seeming appear appears "
    "appearing might may could would should looks or either arguably presumably supposedly "
    "potentially kind sort somewhat rather fairly slightly almost nearly roughly suggests suggest "
    "suggesting hints guess think believe unclear uncertain if"
)
AGE_WORDS: Final = word_set(
    "age aged ages aging ageing year years old older oldest elderly senior middle teen teens "
    "teenage teenager teenaged adolescent adult baby toddler infant newborn twenty thirty forty "
    "fifty sixty seventy eighty twenties thirties forties fifties sixties seventies eighties "
    "nineties twentysomething decade decades mature grandmother grandfather grandma grandpa "
    "preteen tween youngster millennial geriatric"
)
#: Origins and skin colours of people; all of them are additions, this list only names the kind.
ETHNICITIES: Final = word_set(
    "african american arab arabic asian australian black brazilian british caucasian chinese "
    "dutch english european filipino french german greek hispanic indian indigenous iranian irish "
    "italian japanese jewish korean latin latina latino latinx mexican mixed mulatto muslim native "
    "nordic pakistani persian polish russian scandinavian slavic spanish swedish thai turkish "
    "ukrainian vietnamese white"
)
