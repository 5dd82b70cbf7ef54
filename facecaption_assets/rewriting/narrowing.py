"""Grammars made smaller: fewer words, fewer choices, no repetition of the template.

What is left is always a part of the grammar that was given; what may be said at all is the business
of ``constrained``.
"""

import random
from collections.abc import Iterable, Mapping
from math import inf
from typing import Final

from facecaption_assets.captions.pcfg import START, Grammar, Production
from facecaption_assets.rewriting.sentences import FIRST_SENTENCE

#: Productions of a rule among which the model may choose.
MOST_CHOICES: Final = 2

_Rules = Mapping[str, tuple[Production, ...]]


def narrow_grammar(grammar: Grammar, rng: random.Random) -> Grammar:
    """The grammar with at most ``MOST_CHOICES`` productions of each rule, drawn by weight.

    A small model words every face in the same two or three favourite ways. Which ways it has to
    choose from therefore differs from face to face. Rules that nothing refers to are left out.
    """
    # Waiting times at the weights' rates: who comes first is a draw by weight without replacement.
    return _reachable(
        {
            symbol: tuple(
                sorted(productions, key=lambda p: rng.expovariate(p.weight))[:MOST_CHOICES]
            )
            for symbol, productions in grammar.rules.items()
        }
    )


def reworded_grammar(grammar: Grammar, template: str) -> Grammar:
    """The grammar without the sentence patterns that the template caption begins with.

    So a rewrite never repeats its template word for word. A rule that would be left empty stays.
    """
    opening = template.partition(". ")[0].removesuffix(".") + "."
    rules = dict(grammar.rules)
    for symbol, productions in grammar.rules.items():
        if symbol.startswith(FIRST_SENTENCE):
            others = tuple(p for p in productions if not grammar.produces(p, opening))
            rules[symbol] = others or productions
    return Grammar(rules)


def within_words(grammar: Grammar, most: float) -> Grammar:
    """The grammar without first sentences that can make a caption longer than ``most`` words.

    Where every one can, those stay whose longest caption is the shortest.
    """
    if most == inf:
        return grammar
    spaces: dict[str, int] = {}
    words: dict[tuple[str, Production], int] = {}
    for caption in grammar.rules[START]:
        (first, _), *rest = caption.parts
        after = _most_spaces(rest, grammar.rules, spaces)
        for sentence in grammar.rules[first]:
            own = _most_spaces(sentence.parts, grammar.rules, spaces)
            words[first, sentence] = max(words.get((first, sentence), 0), 1 + own + after)
    bound = max(most, min(words.values()))
    rules = dict(grammar.rules)
    for first in {symbol for symbol, _ in words}:
        rules[first] = tuple(p for p in rules[first] if words[first, p] <= bound)
    rules[START] = tuple(p for p in rules[START] if rules[p.parts[0][0]])
    return _reachable(rules)


def _most_spaces(parts: Iterable[tuple[str, bool]], rules: _Rules, memo: dict[str, int]) -> int:
    """Most spaces in what the parts expand to; one more than that is its number of words."""
    total = 0
    for part, is_symbol in parts:
        if is_symbol and part not in memo:
            memo[part] = max(_most_spaces(p.parts, rules, memo) for p in rules[part])
        total += memo[part] if is_symbol else part.count(" ")
    return total


def _reachable(rules: _Rules) -> Grammar:
    """The rules that a text can need, in their order."""
    needed, pending = {START}, [START]
    while pending:
        parts = (part for p in rules[pending.pop()] for part in p.parts)
        new = {part for part, is_symbol in parts if is_symbol} - needed
        needed |= new
        pending += sorted(new)
    return Grammar({symbol: rules[symbol] for symbol in rules if symbol in needed})
