"""A topic's attributes → the ways to tell them, each a few things with a role in the sentence.

Brown hair may be something that she has, or what her hair is; an open mouth something that she has,
or how she smiles. Which role a thing may play in which sentence is said by ``frames``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, groupby, permutations, product
from typing import Final

from facecaption_assets.captions.pcfg import Choices, Production, Source, enumerated
from facecaption_assets.captions.phrases import Phrase, topic_phrases
from facecaption_assets.captions.wordings import (
    HAIR_COLOUR_WORDS,
    HAIR_TEXTURES,
    OPEN_MOUTH,
    TOPICS,
    Verb,
)

#: Topics of the plans, each with its attributes.
TOPICS_TOLD: Final = TOPICS | {"picture": ("Blurry",)}

#: Roles, in the order in which the things of a sentence are kept: what the person is, the hair's
#: adjectives, what the face has, the smile, the open mouth beside it, what is worn, the blur.
ROLES: Final = "pkhsowb"

_TOPIC_OF: Final = {name: topic for topic, names in TOPICS_TOLD.items() for name in names}
_PLACE: Final = {role: i for i, role in enumerate(ROLES)}

#: Role of a phrase by the verb that links it.
_ROLE_OF_VERB: Final = {Verb.IS: "p", Verb.HAS: "h", Verb.WEARS: "w"}

_HAIR_WORDS: Final = HAIR_TEXTURES | HAIR_COLOUR_WORDS

#: Weights of the ways to tell hair: "she has brown hair" and "her hair is brown".
_HAIR_HAD: Final = 3.0
_HAIR_IS: Final = 1.0


@dataclass(frozen=True)
class Thing:
    """One thing that a sentence tells.

    Attributes:
        role: One of ``ROLES``.
        names: The attributes that it names.
        topic: Key of ``TOPICS_TOLD``.
        wordings: Its wordings.
    """

    role: str
    names: frozenset[str]
    topic: str = field(compare=False)
    wordings: Choices[str] = field(compare=False)


#: Things in the order of ``ROLES``: those that together tell a topic, or a sentence.
Telling = tuple[Thing, ...]


@cache
def tellings(topic: str, names: frozenset[str], possessive: str) -> Choices[Telling]:
    """The ways to tell exactly these attributes: in which roles, and in which order within a role.

    Args:
        topic: Key of ``TOPICS_TOLD``.
        names: Some of the topic's attributes, at least one.
        possessive: ``his``, ``her`` or ``their``.
    """
    ordered = []
    for way, weight in _ways(topic, names, possessive):
        runs = [[thing for thing in way if thing.role == role] for role in ROLES]
        orders = list(product(*map(permutations, runs)))
        ordered += [(tuple(chain(*order)), weight / len(orders)) for order in orders]
    return Choices(ordered)


def role_order(thing: Thing) -> int:
    """Sort key: place of the thing's role in ``ROLES``."""
    return _PLACE[thing.role]


def topics_in_any_order(things: Telling, rng: Source) -> Telling:
    """A sentence's things with the topics of each role in a drawn order, each topic's together."""
    if len(things) < 2:
        return things
    drawn = {thing.topic: rng.random() for thing in things}
    return tuple(sorted(things, key=lambda thing: (_PLACE[thing.role], drawn[thing.topic])))


def topics_are_together(things: Telling) -> bool:
    """Whether nothing of another topic stands between two things of a topic and role."""
    runs = [key for key, _ in groupby(things, key=lambda thing: (thing.role, thing.topic))]
    return len(runs) == len(set(runs))


def _ways(
    topic: str, names: frozenset[str], possessive: str
) -> Iterator[tuple[list[Thing], float]]:
    if topic == "picture":
        yield [_thing("b", names, (Production(""),), possessive)], 1.0
    elif topic == "expression":
        yield from _expression(names, possessive)
    elif topic == "hair":
        yield from _hair(names, possessive)
    else:
        yield [_of_phrase(p, possessive) for p in topic_phrases(topic, names)], 1.0


def _expression(names: frozenset[str], possessive: str) -> Iterator[tuple[list[Thing], float]]:
    told = []
    if "Smiling" in names:
        told.append(_thing("s", frozenset({"Smiling"}), (Production(""),), possessive))
    mouth = names - {"Smiling"}
    if mouth:
        yield [*told, _thing("o", mouth, OPEN_MOUTH, possessive)], 1.0
    if mouth and not told:
        yield [_of_phrase(p, possessive) for p in topic_phrases("expression", mouth)], 2.0
    if not mouth:
        yield told, 1.0


def _hair(names: frozenset[str], possessive: str) -> Iterator[tuple[list[Thing], float]]:
    phrases = topic_phrases("hair", names)
    yield [_of_phrase(p, possessive) for p in phrases], _HAIR_HAD
    if words := [_HAIR_WORDS[name] for name in _HAIR_WORDS if name in names]:
        orders = dict.fromkeys((enumerated(words), enumerated(words[::-1])))
        is_so = _thing("k", names.intersection(_HAIR_WORDS), tuple(map(Production, orders)), "")
        rest = [_of_phrase(p, possessive) for p in phrases if not is_so.names.issuperset(p.names)]
        yield [is_so, *rest], _HAIR_IS


def _of_phrase(phrase: Phrase, possessive: str) -> Thing:
    role = _ROLE_OF_VERB[phrase.verb]
    return _thing(role, frozenset(phrase.names), phrase.wordings, possessive)


def _thing(
    role: str, names: frozenset[str], wordings: tuple[Production, ...], possessive: str
) -> Thing:
    worded = ((p.text.replace("<possessive>", possessive), p.weight) for p in wordings)
    return Thing(role, names, _TOPIC_OF[min(names)], Choices(worded))
