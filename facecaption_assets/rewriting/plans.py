"""Sentence plans of natural captions: data only.

A caption is told in one to three sentences. What there is to tell falls in groups: ``h`` hair and
beard, ``f`` features, ``e`` a smile, ``w`` what is worn. ``ORDERS`` says in which order groups may
follow each other; the first sentence presents the person, the others speak of "she".

A sentence's groups can be read in several ways, its shapes: hair and features as one list ``n`` or
as two, ``n`` and ``m``; hair as a property, ``k``, of which it is said that it *is* brown; a smile
with closed lips as an adjective, ``s``, as in "a smiling woman".

Fields of a pattern: ``{A}``, ``{a}``, ``{The}``, ``{the}`` are the person with an article;
``{Asmiling}``, ``{asmiling}``, ``{Thesmiling}`` the smiling person; ``{She}``, ``{she}`` the
pronoun, ``{Her}`` its possessive; ``{n}`` and ``{m}`` lists of what the face has, ``{w}`` of what
is worn, ``{k}`` the hair's adjectives; ``{has}``, ``{wear}``, ``{wears}``, ``{smiles}`` agree with
the sentence's subject, the last two also in the progressive; ``{smiling}``, ``{Smiling}`` are the
participle; ``{picture}`` is a word for the picture.
"""

from typing import Final

#: Orders in which the groups may be told.
ORDERS: Final = ("hfew", "hefw", "hewf", "hwfe")

#: Most things in one list of what the face has.
MOST_LISTED: Final = 4

#: Most things that one sentence tells.
MOST_TOLD: Final = 6

MOST_SENTENCES: Final = 3

#: Words for the picture that "a" may precede.
PICTURES: Final = ("picture", "photo", "portrait")

#: Wordings that the templates do not use.
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {"Mouth_Slightly_Open": ("slightly parted lips",)}

#: What a sentence tells, by shape, to its patterns.
FIRST: Final[dict[str, tuple[str, ...]]] = {
    "": (
        "This is {a}.",
        "The {picture} shows {a}.",
        "This {picture} shows {a}.",
        "This is a {picture} of {a}.",
    ),
    "n": (
        "{The} has {n}.",
        "{A} with {n}.",
        "This is {a} with {n}.",
        "This is {a} who has {n}.",
        "The {picture} shows {a} with {n}.",
        "This {picture} shows {a} with {n}.",
        "This {picture} shows {a} who has {n}.",
        "A {picture} of {a} with {n}.",
        "This is a {picture} of {a} with {n}.",
        "In this {picture}, {the} has {n}.",
    ),
    "k": (
        "{The}'s hair is {k}.",
        "This is {a} whose hair is {k}.",
        "The {picture} shows {a} whose hair is {k}.",
        "A {picture} of {a} whose hair is {k}.",
    ),
    "nm": ("{A} with {n} has {m}.", "{The} with {n} has {m}."),
    "e": (
        "{The} {smiles}.",
        "{A} {smiles}.",
        "This is {a} who is {smiling}.",
        "The {picture} shows {a} {smiling}.",
        "This {picture} shows {a} who is {smiling}.",
        "A {picture} of {a} who is {smiling}.",
        "In this {picture}, {the} {smiles}.",
    ),
    "s": (
        "This is {asmiling}.",
        "The {picture} shows {asmiling}.",
        "This {picture} shows {asmiling}.",
        "This is a {picture} of {asmiling}.",
    ),
    "w": (
        "{The} {wears} {w}.",
        "{A} wearing {w}.",
        "This is {a} wearing {w}.",
        "The {picture} shows {a} wearing {w}.",
        "This {picture} shows {a} who {wears} {w}.",
        "A {picture} of {a} wearing {w}.",
        "In this {picture}, {the} {wears} {w}.",
    ),
    "ne": (
        "{A} with {n} {smiles}.",
        "{The} with {n} {smiles}.",
        "{The} has {n} and {smiles}.",
        "This is {a} with {n} who is {smiling}.",
        "The {picture} shows {a} with {n} who is {smiling}.",
        "A {picture} of {a} with {n}, {smiling}.",
        "In this {picture}, {a} with {n} {smiles}.",
        "{Smiling}, {the} has {n}.",
    ),
    "ns": (
        "{Asmiling} with {n}.",
        "{Thesmiling} has {n}.",
        "This is {asmiling} with {n}.",
        "The {picture} shows {asmiling} with {n}.",
        "This {picture} shows {asmiling} who has {n}.",
        "A {picture} of {asmiling} with {n}.",
    ),
    "ke": ("{A} whose hair is {k} {smiles}.",),
    "ks": ("{Thesmiling}'s hair is {k}.", "This is {asmiling} whose hair is {k}."),
    "nme": ("{A} with {n} has {m} and {smiles}.", "{The} with {n} has {m} and {smiles}."),
    "nw": (
        "{A} with {n} {wears} {w}.",
        "{The} with {n} {wears} {w}.",
        "{The} has {n} and {wear} {w}.",
        "{A} wearing {w} has {n}.",
        "{A} with {n}, wearing {w}.",
        "The {picture} shows {a} with {n}, wearing {w}.",
        "A {picture} of {a} with {n}, wearing {w}.",
    ),
    "kw": ("{A} whose hair is {k} {wears} {w}.", "{A} wearing {w}, whose hair is {k}."),
    "nmw": ("{A} with {n} has {m} and {wear} {w}.", "{The} with {n} has {m} and {wear} {w}."),
    "ew": (
        "{Smiling}, {the} {wears} {w}.",
        "Wearing {w}, {the} {smiles}.",
        "{The} {smiles} and {wear} {w}.",
        "This is {a} wearing {w} who is {smiling}.",
    ),
    "sw": (
        "{Asmiling} wearing {w}.",
        "{Thesmiling} {wears} {w}.",
        "The {picture} shows {asmiling} wearing {w}.",
    ),
    "new": (
        "{Smiling}, {the} with {n} {wears} {w}.",
        "Wearing {w}, {the} with {n} {smiles}.",
        "{A} with {n} {smiles} and {wear} {w}.",
    ),
    "nsw": (
        "{Asmiling} with {n} {wears} {w}.",
        "{Thesmiling} has {n} and {wear} {w}.",
        "The {picture} shows {asmiling} with {n}, wearing {w}.",
    ),
}

NEXT: Final[dict[str, tuple[str, ...]]] = {
    "n": ("{She} {has} {n}.",),
    "k": ("{Her} hair is {k}.",),
    "e": ("{She} {smiles}.",),
    "w": ("{She} {wears} {w}.",),
    "ne": ("{She} {has} {n} and {smiles}.",),
    "nw": ("{She} {has} {n} and {wear} {w}.",),
    "ew": ("{She} {smiles} and {wear} {w}.", "{Smiling}, {she} {wears} {w}."),
}
