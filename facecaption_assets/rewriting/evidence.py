"""Which tokens of a caption name which attribute: what is found, and the tables to find it with.

Nouns with their adjectives are read in ``nouns``, what the person is in ``traits``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from facecaption_assets.rewriting.evidence_words import FRAMES, THINGS, TRAITS
from facecaption_assets.rewriting.phrase_table import PhraseTable
from facecaption_assets.rewriting.tokens import MARKS

THING_TABLE: Final = PhraseTable(THINGS)
TRAIT_TABLE: Final = PhraseTable(TRAITS)

#: Nouns and adjectives of the frames; a frame is known by its place in ``FRAMES``.
NOUN_TABLE: Final = PhraseTable({i: frame.nouns for i, frame in enumerate(FRAMES)})
COMPOUND_TABLE: Final = PhraseTable({i: frame.compounds for i, frame in enumerate(FRAMES)})
ADJECTIVE_TABLES: Final = tuple(PhraseTable(frame.adjectives) for frame in FRAMES)

#: What stands between items of a list.
SEPARATORS: Final = frozenset({",", "and", "but"})

#: Where an adjective or a noun lies, and the attribute that it names.
Span = tuple[int, int, str]


class Taken(Enum):
    """What a token was taken as."""

    THING = "thing"
    TRAIT = "trait"


@dataclass
class Evidence:
    """What was found.

    Attributes:
        tokens: The caption's tokens.
        taken: What each token was taken as; None where it is left over.
        named: Attribute and place of each piece of evidence.
    """

    tokens: Sequence[str]
    taken: list[Taken | None] = field(init=False)
    named: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [None] * len(self.tokens)

    def take(self, begin: int, end: int, name: str | None, kind: Taken) -> None:
        """Mark tokens as taken; a noun may have no name of its own."""
        self.taken[begin:end] = [kind] * (end - begin)
        if name:
            self.named.append((name, begin))

    def begins_thing(self, i: int) -> bool:
        """Whether a noun that is not the person, or an adjective of one, stands at ``i``."""
        if i >= len(self.tokens) or self.tokens[i] in MARKS:
            return False
        if self.taken[i] is Taken.THING or NOUN_TABLE.starting(self.tokens, i):
            return True
        return any(table.starting(self.tokens, i) for table in ADJECTIVE_TABLES)
