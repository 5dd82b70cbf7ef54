"""Attributes in the plainest words of the grammar: what prompts say of a face."""

from typing import Final

from facecaption_assets.captions.phrases import topic_phrases
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import TOPICS, Verb
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: What is said of the picture, not of the person.
_BLURRY: Final = "the picture is blurry"


def facts(attributes: frozenset[str], subject: Subject) -> list[str]:
    """The subject and the plainest wording of each attribute."""
    young = "young " if "Young" in attributes else ""
    return [f"{young}{subject.noun}", *_worded(attributes, subject)]


def plain_words(name: str, subject: Subject) -> str:
    """An attribute in plain words; any other text as it is."""
    if name not in ATTRIBUTE_COLUMNS:
        return name
    worded = _worded(frozenset({name}), subject)
    return worded[0] if worded else name.replace("_", " ").lower()


def _worded(attributes: frozenset[str], subject: Subject) -> list[str]:
    phrases = [p for topic in TOPICS for p in topic_phrases(topic, attributes)]
    told = sorted(phrases, key=lambda phrase: phrase.verb is Verb.WEARS)
    worded = [p.wordings[0].text.replace("<possessive>", subject.possessive) for p in told]
    return [*worded, _BLURRY] if "Blurry" in attributes else worded
