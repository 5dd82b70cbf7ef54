"""What a face gives to tell → sentences, with the patterns of ``plans`` filled in.

Which phrases there are, and how the person is called, belongs to ``constrained`` and ``persons``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from facecaption_assets.captions.pcfg import Production, enumerated
from facecaption_assets.rewriting.persons import Call
from facecaption_assets.rewriting.plans import (
    AGAIN,
    BARE,
    DESCRIBED,
    FACING,
    FIRST,
    GLADLY_SAID,
    GLADLY_SAID_WEIGHT,
    LETTERS,
    MOST_LISTED,
    MOST_TOLD,
    NEXT,
    NOMINAL,
    ORDERS,
    PRESENTING,
)

#: Fields that are rules of their own.
_FREE: Final = (
    *("picture", "a picture", "A picture", "shown", "smiling", "Smiling"),
    *("mouth", "Mouth", "lips", "Lips"),
)
_FIELDS: Final = {name: f"<{name}>" for name in _FREE}

#: Fields of a sentence whose subject is the noun, and of one whose subject is the pronoun.
_NOUN: Final = _FIELDS | {
    "She": "The <noun>",
    "she": "the <noun>",
    "has": "has",
    "is": "is",
    "smiles": "<person smiles>",
    "beams": "<person beams>",
}
_PRONOUN: Final = _FIELDS | {
    "She": "<She>",
    "she": "<she>",
    "has": "<has>",
    "is": "<is>",
    "smiles": "<pronoun smiles>",
    "beams": "<pronoun beams>",
}

#: Beginning of the symbols of rules for a caption's first sentence.
FIRST_SENTENCE: Final = "first "

#: Group letter to references to the phrases that it has to tell; ``k`` the hair's adjectives where
#: hair is all that ``h`` tells.
Groups = Mapping[str, Sequence[str]]

#: A caption's sentences, each the letters of its groups in the order of ``LETTERS``.
Plan = tuple[str, ...]


@dataclass(frozen=True)
class View:
    """How the first sentence calls the person, and what is left to tell.

    Attributes:
        call: How the person is called.
        groups: What is left to tell.
        names_face: Whether it speaks of the face, so that no frame should.
    """

    call: Call
    groups: Groups
    names_face: bool = False


def sentence_plans(groups: Groups, fewest: int, most: int) -> list[Plan]:
    """Ways to cut the groups that have something to tell into sentences.

    A plan may begin with a sentence that tells of nothing but the person. Where the
    groups are too few for ``fewest`` sentences, plans have as many as they can; where they need
    more than ``most``, as few as they can. Plans that overload a sentence, or have several that
    tell next to nothing, are only given where there is no other.

    Args:
        groups: What there is to tell.
        fewest: Fewest sentences.
        most: Most sentences.
    """
    plans: dict[Plan, None] = {}
    for order in ORDERS:
        present = "".join(x for each in order for x in _mouthed(each) if groups.get(x))
        plans |= dict.fromkeys(plan for plan in _cuts(present) if _has_patterns(plan, groups))
    within = [p for p in plans if fewest <= len(p) <= most] or _nearest(list(plans), most)
    bearable = max(MOST_TOLD, min(max(_loads(plan, groups)) for plan in within))
    within = [plan for plan in within if max(_loads(plan, groups)) <= bearable]
    return [plan for plan in within if _is_fluent(plan, groups)] or within


def _mouthed(letter: str) -> str:
    return "eo" if letter == "e" else letter


def _nearest(plans: list[Plan], most: int) -> list[Plan]:
    """The plans with the greatest number of sentences up to ``most``, else with the fewest."""
    lengths = sorted({len(plan) for plan in plans})
    wanted = max((n for n in lengths if n <= most), default=lengths[0])
    return [plan for plan in plans if len(plan) == wanted]


def _cuts(present: str) -> Iterator[Plan]:
    """The string cut into pieces in every way, and in one with an empty piece before it."""
    for cuts in range(2 ** max(len(present) - 1, 0)):
        marked = (letter + "|" * (cuts >> i & 1) for i, letter in enumerate(present))
        pieces = "".join(marked).split("|")
        yield tuple("".join(sorted(piece, key=LETTERS.index)) for piece in pieces)
    if present:
        yield ("", "".join(sorted(present, key=LETTERS.index)))


def _has_patterns(plan: Plan, groups: Groups) -> bool:
    later = all(
        any(shape in NEXT for shape, _ in _readings(sentence, groups)) for sentence in plan[1:]
    )
    return later and any(
        shape in FIRST or shape in DESCRIBED for shape, _ in _readings(plan[0], groups)
    )


def _loads(plan: Plan, groups: Groups) -> list[int]:
    """How many things each sentence tells."""
    return [sum(len(groups[letter]) for letter in sentence) for sentence in plan]


def _is_fluent(plan: Plan, groups: Groups) -> bool:
    """Whether no later sentence but the last tells one thing only, and no third one just a mood."""
    later = _loads(plan, groups)[1:]
    return 1 not in later[:-1] and (len(plan) < 3 or plan[-1] not in ("e", "o"))


def sentence_rules(plan: Plan, view: View) -> Iterator[tuple[str, tuple[Production, ...]]]:
    """A rule for each sentence of the plan: its symbol, and its productions."""
    for i in range(len(plan)):
        yield sentence_symbol(plan, i, view), tuple(map(_weighted, _texts(i, plan, view)))


def _weighted(text: str) -> Production:
    return Production(text, GLADLY_SAID_WEIGHT if text.startswith(GLADLY_SAID) else 1.0)


def sentence_symbol(plan: Plan, i: int, view: View) -> str:
    """Symbol of the rule of a plan's sentence."""
    if i == 0:
        kind = f"{FIRST_SENTENCE}{'only ' if len(plan) == 1 else ''}"
    else:
        kind = f"{'noun' if i > 2 else 'pronoun'} {'again ' if _is_again(plan, i) else ''}"
    return f"{kind}{view.call.name}{plan[i]}"


def _is_again(plan: Plan, i: int) -> bool:
    """Whether the sentence goes on listing what the one before it lists."""
    return i == 2 and bool(set("hfg") & set(plan[1]) and set("hfg") & set(plan[2]))


def _texts(i: int, plan: Plan, view: View) -> list[str]:
    """Productions for a plan's sentence."""
    who = "pronoun" if 0 < i < 3 else "person"
    spoken = _PRONOUN if who == "pronoun" else _NOUN | _named(view.call)
    texts = []
    for shape, lists in _readings(plan[i], view.groups):
        fields = spoken | {
            "wears": f"<{who} wears>" if plan[i] == "w" else f"<{who} wears also>",
            "q": enumerated(view.call.qualities),
            "her": "<possessive>",
            "Her": "<Possessive>",
            **{name: enumerated(items) for name, items in lists.items()},
        }
        texts += [
            _punctuated(text, lists).format(**fields) for text in _patterns(shape, i, plan, view)
        ]
    return texts


def _patterns(shape: str, i: int, plan: Plan, view: View) -> Iterable[str]:
    if i == 0:
        return _first_patterns(shape, len(plan) == 1, view)
    later = NEXT.get(shape, ())
    return AGAIN.get(shape, later) if _is_again(plan, i) else later


def _named(call: Call) -> dict[str, str]:
    """Fields that call the person."""
    names = ("A", "a", "The", "the", "Seen", "Plain")
    return {name: f"<{call.name}{name}>" for name in names}


def _first_patterns(shape: str, is_only: bool, view: View) -> Iterator[str]:
    frames = (*PRESENTING, *(NOMINAL if is_only else ()))
    if shape in ("", "n") and not view.names_face:
        frames += FACING
    if is_only and shape:
        frames += (BARE,)
    for described in DESCRIBED.get(shape, ()):
        capital = described.replace("{a}", "{A}", 1)
        yield from (f.replace("{np}", described).replace("{NP}", capital) for f in frames)
    for text in FIRST.get(shape, ()):
        if view.call.qualities or "{q}" not in text:
            yield text


def _punctuated(text: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The pattern with a comma before the "and" that follows a list with an "and" of its own."""
    for name, items in lists.items():
        if len(items) > 1:
            text = text.replace(f"{{{name}}} and ", f"{{{name}}}, and ")
    return text


def _readings(sentence: str, groups: Groups) -> Iterator[tuple[str, dict[str, Sequence[str]]]]:
    """Shapes that the sentence's groups may take, each with the lists that fill it."""
    worn = "w" if "w" in sentence else ""
    lists: dict[str, Sequence[str]] = {"w": groups["w"]} if worn else {}
    mood = next((letter for letter in "eo" if letter in sentence), "")
    had = [letter for letter in "hfg" if letter in sentence]
    every = [item for letter in had for item in groups[letter]]
    if not had:
        yield f"{mood}{worn}", lists
        return
    if had == ["h"] and groups.get("k"):
        yield f"k{mood}{worn}", lists | {"k": groups["k"]}
    if len(every) <= MOST_LISTED:
        yield f"n{mood}{worn}", lists | {"n": every}
    elif len(had) < 3:
        cut = len(groups[had[0]]) if len(had) == 2 else len(every) // 2
        yield f"nm{mood}{worn}", lists | {"n": every[:cut], "m": every[cut:]}
