"""Captions beside lists of positive attributes, wherever they come from: whom they may speak of.

Such a list knows no unknowns and no ages. "Male" given, the caption is of a man or boy, "he". Male
absent, it is of a woman or girl, "she", or of a person, "they": as it speaks, but consistently.
"""

from collections.abc import Collection, Set
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.tokens import tokenize
from facecaption_assets.rewriting.verification import Verdict, tidy, verify
from facecaption_assets.rewriting.vocabulary import HAIR_NOUNS, NOUNS, PRONOUNS

#: Longest caption that is accepted, words: above the tail of FaceCaption-15M's.
MAX_WORDS: Final = 80

#: "Clean-shaven" is told of men only.
_OF_MEN: Final = "No_Beard"

_FEMALE: Final = PRONOUNS["she"] | NOUNS["woman"] | NOUNS["girl"] | HAIR_NOUNS


def judge(caption: str, attributes: Collection[str], max_words: int = MAX_WORDS) -> Verdict:
    """Whether the caption names exactly the attributes.

    Args:
        caption: The caption; quotation marks around it do not count.
        attributes: CelebA names of the positive attributes. "Young" must be worded: "girl" and
            "boy" do not say it. "No_Beard" must be worded of men, and must not be of others.
        max_words: Longest caption that is accepted, words.

    Returns:
        The verdict; the reasons are those of ``verify``.
    """
    text = tidy(caption)
    subject = _subject(set(tokenize(text[: max_words * 20])), "Male" in attributes)
    required = set(attributes) if subject.male else set(attributes) - {_OF_MEN}
    return verify(text, required, subject, max_words)


def _subject(words: Set[str], male: bool) -> Subject:
    if male:
        return Subject(male=True, child=bool(NOUNS["boy"] & words))
    is_female = _FEMALE & words or not words & (NOUNS["person"] | PRONOUNS["they"])
    return Subject(male=False, child=bool(NOUNS["girl"] & words)) if is_female else Subject()
