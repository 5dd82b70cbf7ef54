"""How natural captions call the person, and the verbs and phrases that agree with it.

Rules only; which sentences use them is the business of ``plans`` and ``sentences``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from facecaption_assets.captions.pcfg import Production
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.plans import MOUTHS, PICTURES, SEEN, SHOWN

Rules = dict[str, tuple[Production, ...]]


@dataclass(frozen=True)
class Call:
    """How the person is called: the noun and its adjectives, in their order.

    Attributes:
        subject: Who is spoken of.
        smile: "smiling", or nothing.
        qualities: Adjectives that may also be told as a property, "young" last.
        hair: "black-haired" or such, or nothing.
    """

    subject: Subject
    smile: str = ""
    qualities: tuple[str, ...] = ()
    hair: str = ""

    @property
    def name(self) -> str:
        """Beginning of the symbols of its rules."""
        return "".join(f"{word} " for word in (self.smile, self.hair) if word)

    @property
    def person(self) -> str:
        """The noun with all its adjectives."""
        others = ", ".join(word for word in self.qualities if word != "young")
        young = "young" if "young" in self.qualities else ""
        smile = f"{self.smile}," if self.smile and others else self.smile
        return _spaced(smile, others, young, self.hair, self.subject.noun)

    @property
    def plain(self) -> str:
        """The noun with the adjectives that cannot be told as a property."""
        return _spaced(self.smile, self.hair, self.subject.noun)


def naming_rules(call: Call) -> Rules:
    """How a first sentence calls the person; the symbols begin with the call's name."""
    article = _article(call.person)
    rules = {
        "A": _rule(f"{article.capitalize()} {call.person}"),
        "a": _rule(f"{article} {call.person}"),
        "The": _rule(f"The {call.person}", f"This {call.person}"),
        "the": _rule(f"the {call.person}"),
        "Seen": _rule(*(text.format(call.person) for text in SEEN)),
        "Plain": _rule(*(text.format(call.plain) for text in SEEN)),
    }
    return {f"{call.name}{symbol}": productions for symbol, productions in rules.items()}


def agreeing_rules(
    subject: Subject, *, is_smiling: bool, has_open_mouth: bool, is_sporting: bool
) -> Rules:
    """Pronouns, verbs and words for the picture.

    Args:
        subject: Who is spoken of.
        is_smiling: Whether the verbs of smiling are needed.
        has_open_mouth: Whether the mouth is open; a smile then says so.
        is_sporting: Whether what is worn can be said to be sported.
    """
    possessive = subject.possessive
    they = subject.pronoun == "they"
    be, s = ("are", "") if they else ("is", "s")
    rules = {
        "picture": _rule(*PICTURES),
        "a picture": _rule(*(f"{_article(word)} {word}" for word in PICTURES)),
        "A picture": _rule(*(f"{_article(word).capitalize()} {word}" for word in PICTURES)),
        "shown": _rule(*SHOWN),
        "noun": _rule(subject.noun),
        "possessive": _rule(possessive),
        "Possessive": _rule(possessive.capitalize()),
        "She": _rule(subject.pronoun.capitalize()),
        "she": _rule(subject.pronoun),
        "has": _rule("have" if they else "has"),
        "is": _rule(be),
        "person wears": _rule("wears", "is wearing", *["sports"] * is_sporting),
        "person wears also": _rule("wears", "is wearing"),
        "pronoun wears": _rule(f"wear{s}", f"{be} wearing", *[f"sport{s}"] * is_sporting),
        "pronoun wears also": _rule(f"wear{s}", f"{be} wearing"),
    }
    if has_open_mouth:
        rules |= _mouth_rules(possessive)
    if is_smiling:
        end = " with <mouth>" if has_open_mouth else ""
        rules |= {
            "smiling": _rule(f"smiling{end}"),
            "Smiling": _rule(f"Smiling{end}"),
            **_smiles("person", ("smiles", "is smiling"), end),
            **_smiles("pronoun", (f"smile{s}", f"{be} smiling"), end),
        }
    return rules


def _article(text: str) -> str:
    return "an" if text[0] in "aeiou" else "a"


def _spaced(*words: str) -> str:
    return " ".join(filter(None, words))


def _mouth_rules(possessive: str) -> Rules:
    parts = [mouth.split(" ", 1) for mouth in MOUTHS]
    told = [f"{part} {'are' if part == 'lips' else 'is'} {how}" for part, how in parts]
    return {
        "mouth": _rule(*(f"{possessive} {mouth}" for mouth in MOUTHS)),
        "Mouth": _rule(*(f"{possessive.capitalize()} {mouth}" for mouth in MOUTHS), "With <mouth>"),
        "lips": _rule(*(f"{possessive} {text}" for text in told)),
        "Lips": _rule(*(f"{possessive.capitalize()} {text}" for text in told)),
    }


def _smiles(subject: str, verbs: Sequence[str], end: str) -> Rules:
    """The verbs of smiling, and those that may end a sentence."""
    beams = [verb + end for verb in verbs]
    if end:
        beams += [f"{verb}, <mouth>" for verb in verbs]
    return {
        f"{subject} smiles": _rule(*(verb + end for verb in verbs)),
        f"{subject} beams": _rule(*beams),
    }


def _rule(*texts: str) -> tuple[Production, ...]:
    return tuple(map(Production, texts))
