"""What a face gives to tell → sentences, with the patterns of ``plans`` filled in.

Which phrases there are, and how the person is called, belongs to ``constrained``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from facecaption_assets.captions.pcfg import Production, enumerated
from facecaption_assets.rewriting.plans import (
    FIRST,
    MOST_LISTED,
    MOST_SENTENCES,
    MOST_TOLD,
    NEXT,
    ORDERS,
)

#: Fields of the patterns whose subject is the noun.
_FIRST: Final = {
    **{name: f"<{name}>" for name in ("A", "a", "The", "the", "smiling", "Smiling", "picture")},
    **{name: f"<{name}>" for name in ("Asmiling", "asmiling", "Thesmiling")},
    "wear": "wears",
    "wears": "<person wears>",
    "smiles": "<person smiles>",
}

#: Fields of those whose subject is the pronoun.
_NEXT: Final = {
    **{name: f"<{name}>" for name in ("She", "she", "Her", "has", "wear", "Smiling")},
    "wears": "<pronoun wears>",
    "smiles": "<pronoun smiles>",
}

#: Beginning of the symbols of rules for a caption's first sentence.
FIRST_SENTENCE: Final = "first "

#: Group letter to references to the phrases that it has to tell; ``s`` is the smile where it may
#: be an adjective, ``k`` the hair's adjectives where hair is all that ``h`` tells.
Groups = Mapping[str, Sequence[str]]


def sentence_plans(groups: Groups) -> list[tuple[str, ...]]:
    """Ways to cut the groups that have something to tell into sentences.

    A plan is a tuple of sentences, a sentence the letters of its groups in order. Where every plan
    would overload a sentence, those with the most sentences are given.
    """
    plans: dict[tuple[str, ...], None] = {}
    for order in ORDERS:
        present = "".join(letter for letter in order if groups[letter])
        plans |= dict.fromkeys(plan for plan in _cuts(present) if _has_patterns(plan, groups))
    light = [plan for plan in plans if _heaviest(plan, groups) <= MOST_TOLD]
    return light or [plan for plan in plans if len(plan) == max(map(len, plans))]


def _cuts(present: str) -> Iterator[tuple[str, ...]]:
    """The string cut into up to ``MOST_SENTENCES`` pieces, in every way."""
    for cuts in range(2 ** max(len(present) - 1, 0)):
        if cuts.bit_count() < MOST_SENTENCES:
            marked = (letter + "|" * (cuts >> i & 1) for i, letter in enumerate(present))
            yield tuple("".join(marked).split("|"))


def _has_patterns(plan: Sequence[str], groups: Groups) -> bool:
    return all(_patterns(plan, i, groups) for i in range(len(plan)))


def _heaviest(plan: Sequence[str], groups: Groups) -> int:
    return max(sum(len(groups[letter]) for letter in sentence) for sentence in plan)


def sentence_rules(
    plan: Sequence[str], groups: Groups
) -> Iterator[tuple[str, tuple[Production, ...]]]:
    """A rule for each sentence of the plan: its symbol, and its productions."""
    for i in range(len(plan)):
        fields = _NEXT if i else _FIRST
        texts = [text.format(**fields, **lists) for text, lists in _patterns(plan, i, groups)]
        yield sentence_symbol(plan, i), tuple(map(Production, texts))


def sentence_symbol(plan: Sequence[str], i: int) -> str:
    """Symbol of the rule of a plan's sentence."""
    return f"{'next ' if i else FIRST_SENTENCE}{plan[i]}"


def _patterns(plan: Sequence[str], i: int, groups: Groups) -> list[tuple[str, dict[str, str]]]:
    """Patterns for a plan's sentence, each with the lists that fill it."""
    table = NEXT if i else FIRST
    return [
        (_punctuated(text, lists), {name: enumerated(items) for name, items in lists.items()})
        for shape, lists in _readings(plan[i], groups)
        for text in table.get(shape, ())
    ]


def _punctuated(text: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The pattern with a comma before the "and" that follows a list with an "and" of its own."""
    for name, items in lists.items():
        if len(items) > 1:
            text = text.replace(f"{{{name}}} and ", f"{{{name}}}, and ")
    return text


def _readings(sentence: str, groups: Groups) -> Iterator[tuple[str, dict[str, Sequence[str]]]]:
    """Shapes that the sentence's groups may take, each with the lists that fill it."""
    h, f, w = (groups[letter] if letter in sentence else () for letter in "hfw")
    lists = {"k": groups["k"], "w": w}
    smiles = ("e", "s") if "e" in sentence and groups["s"] else ("e",)
    for shape in (sentence.replace("e", smile) for smile in smiles):
        if "hf" in sentence:
            yield shape.replace("hf", "nm"), lists | {"n": h, "m": f}
        elif "h" in sentence and groups["k"]:
            yield shape.replace("h", "k"), lists
        if "hf" not in sentence or len(h) + len(f) <= MOST_LISTED:
            merged = shape.replace("hf", "n").replace("h", "n").replace("f", "n")
            yield merged, lists | {"n": (*h, *f)}
