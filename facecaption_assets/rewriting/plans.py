"""Sentence plans of natural captions: data only.

A caption is told in one to three sentences. What there is to tell falls in groups: ``h`` hair and
beard, ``f`` features, ``e`` a smile, ``w`` what is worn. ``ORDERS`` says in which order groups may
follow each other; the first sentence presents the person, the others speak of "she".

Fields of a pattern: ``{A}``, ``{a}``, ``{The}``, ``{the}`` are the person with an article;
``{She}``, ``{she}`` the pronoun; ``{n}`` and ``{m}`` lists of what the face has, ``{w}`` of what
is worn; ``{has}``, ``{wear}``, ``{wears}``, ``{smiles}`` agree with the sentence's subject, the
last two also in the progressive; ``{smiling}``, ``{Smiling}`` are the participle.
"""

from typing import Final

#: Orders in which the groups may be told.
ORDERS: Final = ("hfew", "hefw", "hewf", "hwfe")

#: Most things in one list of what the face has.
MOST_LISTED: Final = 4

#: Most things that one sentence tells.
MOST_TOLD: Final = 6

MOST_SENTENCES: Final = 3

#: What a sentence tells (``n``, ``m``: lists of what the face has) to its patterns.
FIRST: Final[dict[str, tuple[str, ...]]] = {
    "": ("This is {a}.", "The picture shows {a}."),
    "n": ("{The} has {n}.", "This is {a} with {n}.", "The picture shows {a} with {n}."),
    "nm": ("{A} with {n} has {m}.", "{The} with {n} has {m}."),
    "e": ("{The} {smiles}.", "This is {a} who is {smiling}."),
    "w": ("{The} {wears} {w}.", "This is {a} wearing {w}.", "The picture shows {a} wearing {w}."),
    "ne": (
        "{A} with {n} {smiles}.",
        "{The} with {n} {smiles}.",
        "{The} has {n} and {smiles}.",
        "This is {a} with {n} who is {smiling}.",
    ),
    "nme": ("{A} with {n} has {m} and {smiles}.", "{The} with {n} has {m} and {smiles}."),
    "nw": (
        "{A} with {n} {wears} {w}.",
        "{The} with {n} {wears} {w}.",
        "{The} has {n} and {wear} {w}.",
        "{A} wearing {w} has {n}.",
        "The picture shows {a} with {n}, wearing {w}.",
    ),
    "nmw": ("{A} with {n} has {m} and {wear} {w}.", "{The} with {n} has {m} and {wear} {w}."),
    "ew": (
        "{Smiling}, {the} {wears} {w}.",
        "Wearing {w}, {the} {smiles}.",
        "{The} {smiles} and {wear} {w}.",
        "This is {a} wearing {w} who is {smiling}.",
    ),
    "new": (
        "{Smiling}, {the} with {n} {wears} {w}.",
        "Wearing {w}, {the} with {n} {smiles}.",
        "{A} with {n} {smiles} and {wear} {w}.",
    ),
}

NEXT: Final[dict[str, tuple[str, ...]]] = {
    "n": ("{She} {has} {n}.",),
    "e": ("{She} {smiles}.",),
    "w": ("{She} {wears} {w}.",),
    "ne": ("{She} {has} {n} and {smiles}.",),
    "nw": ("{She} {has} {n} and {wear} {w}.",),
    "ew": ("{She} {smiles} and {wear} {w}.", "{Smiling}, {she} {wears} {w}."),
}
