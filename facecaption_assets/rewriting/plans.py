"""Sentence patterns of natural captions: data only.

What there is to tell of a face falls in groups, each a letter: ``h`` hair and beard, ``f`` eyes,
brows and the face's shape, ``g`` skin, nose and lips, ``e`` a smile, ``o`` an open mouth that does
not smile or whose smile is told already, ``w`` what is worn. ``ORDERS`` says in which order groups
may be told; a sentence tells some of them. The first sentence presents the person, the others go on
about "her".

The patterns are sorted by what a sentence tells, by shape: hair and features as one list ``n``, or
as two, ``n`` and ``m``; hair as a property, ``k``, of which it is said that it *is* brown; ``e``,
``o`` and ``w`` as above.

Fields of a pattern::

    {A} {a} {The} {the}   the person with an article
    {Seen}                "The woman in this picture", "This woman"
    {Plain}               the same without the adjectives that {q} tells of her: "young", "bald"
    {She} {she} {Her}     the pronoun and its possessive; a fourth sentence says "The woman"
    {n} {m} {w} {k}       lists of what the face has and of what is worn; the hair's adjectives
    {smiles} {wears} {has} agree with the sentence's subject; {beams} is {smiles} at its end
    {smiling} {Smiling}   participles
    {mouth} {Mouth}       "her mouth slightly open"; {Lips} "Her lips are slightly parted"
    {picture} {shown}     words for the picture, and for being in it; {a picture} with an article
    {np} {NP}             the person as ``DESCRIBED``
"""

from dataclasses import dataclass
from math import inf
from typing import Final


@dataclass(frozen=True)
class Length:
    """How long a caption is, where the face's attributes allow it.

    Attributes:
        sentences: Fewest and most sentences.
        most_words: Most words.
    """

    sentences: tuple[int, int]
    most_words: float = inf


#: Length of the captions of each style.
LENGTHS: Final[dict[str, Length]] = {
    "short": Length((1, 1), 15),
    "normal": Length((1, 3)),
    "detailed": Length((2, 4)),
}

#: Letters of the groups, as a sentence's are written.
LETTERS: Final = "hfgeow"

#: Orders in which the groups may be told; ``e`` also stands for ``o``.
ORDERS: Final = ("hfgew", "hfgwe", "hefgw", "hewfg", "ewhfg", "whfge")

#: Most things in one list of what the face has.
MOST_LISTED: Final = 4

#: Most things that one sentence tells.
MOST_TOLD: Final = 5

#: Words for the picture.
PICTURES: Final = ("picture", "photo", "photograph", "image", "portrait")

#: Words for being in a picture.
SHOWN: Final = ("shown", "pictured", "seen")

#: The person as the subject of a first sentence.
SEEN: Final = (
    "The {}",
    "This {}",
    "The {} in this <picture>",
    "The {} in the <picture>",
    "The {} shown in this <picture>",
)

#: What one sports; of the rest it is only said that it is worn.
SPORTED: Final = frozenset({"Eyeglasses", "Wearing_Hat", "Wearing_Necktie"})

#: An open mouth, told of its owner.
MOUTHS: Final = ("mouth slightly open", "lips slightly parted")

#: Frames of a sentence around the person.
PRESENTING: Final = (
    "This is {np}.",
    "This is {a picture} of {np}.",
    "This {picture} shows {np}.",
    "The {picture} shows {np}.",
    "The {picture} captures {np}.",
    "This {picture} depicts {np}.",
    "This {picture} features {np}.",
    "The {picture} is of {np}.",
    "In this {picture}, there is {np}.",
    "Shown in this {picture} is {np}.",
    "Seen in this {picture} is {np}.",
    "Pictured is {np}.",
)

#: What small models begin with too gladly, and how often a face's grammar has it next to others.
GLADLY_SAID: Final = "This is "
GLADLY_SAID_WEIGHT: Final = 0.3

#: Frames that speak of the face, for sentences about nothing else, in captions without "an oval
#: face".
FACING: Final = (
    "This {picture} shows the face of {np}.",
    "The face in this {picture} is that of {np}.",
)

#: Frames without a verb: only for a caption that is one sentence.
NOMINAL: Final = ("{A picture} of {np}.", "{A picture} showing {np}.")

#: The same where more than the person is told: "A woman." is no caption.
BARE: Final = "{NP}."

#: The person in a frame, by what else the sentence tells.
DESCRIBED: Final[dict[str, tuple[str, ...]]] = {
    "": ("{a}",),
    "n": ("{a} with {n}",),
    "e": ("{a} who {smiles}",),
    "o": ("{a} with {mouth}",),
    "w": ("{a} wearing {w}",),
    "ne": ("{a} with {n}, {smiling}", "{a} with {n} who {smiles}"),
    "no": ("{a} with {n}, {mouth}",),
    "nw": ("{a} with {n}, wearing {w}", "{a} with {n} who {wears} {w}"),
    "ew": ("{a} {smiling} and wearing {w}", "{a} wearing {w} and {smiling}"),
    "ow": ("{a} wearing {w}, {mouth}",),
    "new": ("{a} with {n}, {smiling} and wearing {w}",),
    "now": ("{a} with {n}, wearing {w}, {mouth}",),
}

#: Whole first sentences, by what they tell.
FIRST: Final[dict[str, tuple[str, ...]]] = {
    "": (
        "{Plain} is {q}.",
        "{A} is shown in this {picture}.",
        "There is {a} in this {picture}.",
    ),
    "n": (
        "{Seen} has {n}.",
        "{Plain} is {q} and has {n}.",
        "In this {picture}, {the} has {n}.",
        "{A} with {n} is shown in this {picture}.",
        "There is {a} with {n} in this {picture}.",
    ),
    "k": (
        "{The}'s hair is {k}.",
        "In this {picture}, {the}'s hair is {k}.",
        "The {picture} shows {a}, and {her} hair is {k}.",
        "{Plain} is {q}, and {her} hair is {k}.",
    ),
    "nm": ("{A} with {n} has {m}.", "{The} with {n} has {m}."),
    "e": (
        "{Seen} {beams}.",
        "{A} {beams}.",
        "{Plain} is {q} and {smiling}.",
        "{A} is {shown} {smiling}.",
        "In this {picture}, {the} {smiles}.",
    ),
    "o": ("{Seen} has {mouth}.", "{A} is {shown} with {mouth}."),
    "w": (
        "{Seen} {wears} {w}.",
        "{A} {wears} {w}.",
        "{A} is {shown} wearing {w}.",
        "{Plain} is {q} and {wears} {w}.",
        "In this {picture}, {the} {wears} {w}.",
    ),
    "ne": (
        "{A} with {n} {beams}.",
        "{The} with {n} {beams}.",
        "{Seen} has {n} and is {smiling}.",
        "{A} with {n} is {shown} {smiling}.",
        "In this {picture}, {a} with {n} {smiles}.",
    ),
    "no": (
        "{A} with {n} has {mouth}.",
        "{Seen} has {n}, and {lips}.",
        "In this {picture}, {a} with {n} has {mouth}.",
    ),
    "nw": (
        "{A} with {n} {wears} {w}.",
        "{The} with {n} {wears} {w}.",
        "{Seen} has {n} and {wears} {w}.",
        "{A} with {n} is {shown} wearing {w}.",
        "In this {picture}, {a} with {n} {wears} {w}.",
    ),
    "ew": (
        "{Smiling}, {the} {wears} {w}.",
        "{A} {smiles} and {wears} {w}.",
        "{A} wearing {w} {beams}.",
        "{Seen} {wears} {w} and {smiles}.",
        "{A} is {shown} {smiling} and wearing {w}.",
    ),
    "ow": ("{Mouth}, {the} {wears} {w}.", "{A} {wears} {w}, {mouth}."),
    "nme": ("{A} with {n} has {m} and is {smiling}.",),
    "nmw": ("{A} with {n} has {m} and {wears} {w}.",),
    "new": (
        "{A} with {n} {smiles} and {wears} {w}.",
        "{Smiling}, {the} with {n} {wears} {w}.",
        "{A} wearing {w} has {n} and is {smiling}.",
    ),
    "now": ("{A} with {n} {wears} {w}, {mouth}.", "{Mouth}, {the} with {n} {wears} {w}."),
}

#: Later sentences, by what they tell.
NEXT: Final[dict[str, tuple[str, ...]]] = {
    "n": ("{She} {has} {n}.",),
    "k": ("{Her} hair is {k}.",),
    "nm": ("{She} {has} {n}, along with {m}.",),
    "e": ("{She} {is} {smiling}.",),
    "o": ("{Lips}.",),
    "w": ("{She} {wears} {w}.", "{She} {is} {shown} wearing {w}."),
    "ne": ("{She} {has} {n} and {is} {smiling}.",),
    "no": ("{She} {has} {n}, and {lips}.",),
    "nw": ("{She} {has} {n} and {wears} {w}.",),
    "ew": (
        "{She} {smiles} and {wears} {w}.",
        "{Smiling}, {she} {wears} {w}.",
        "{She} {is} {smiling} and wearing {w}.",
    ),
    "ow": ("{Mouth}, {she} {wears} {w}.", "{She} {wears} {w}, {mouth}."),
}

#: Later sentences about the face or hair where an earlier one has told of either.
AGAIN: Final[dict[str, tuple[str, ...]]] = {
    "n": ("{She} also {has} {n}.",),
    "nm": ("{She} also {has} {n}, along with {m}.",),
    "ne": ("{She} also {has} {n} and {is} {smiling}.",),
    "no": ("{She} also {has} {n}, and {lips}.",),
    "nw": ("{She} also {has} {n} and {wears} {w}.",),
}
