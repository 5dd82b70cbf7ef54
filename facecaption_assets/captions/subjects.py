"""Who a caption speaks of: noun, pronoun and agreement.

"He" and "she" are said only where the sex is known; otherwise "the person" and "they". An age is
never told as a number: it only turns "man" and "woman" into "boy", "girl" and "child".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

#: Below this estimated age a face is a child's, years.
CHILD_BELOW_YEARS: Final = 13.0

#: (male, child) to noun.
NOUNS: Final[dict[tuple[bool | None, bool], str]] = {
    (True, False): "man",
    (False, False): "woman",
    (None, False): "person",
    (True, True): "boy",
    (False, True): "girl",
    (None, True): "child",
}


@dataclass(frozen=True)
class Subject:
    """The person of a caption.

    Attributes:
        male: True, False, or None where it is unknown or shall not be told.
        child: Whether the estimated age is below 13 years; False where no age was estimated.
    """

    male: bool | None = None
    child: bool = False

    @property
    def noun(self) -> str:
        """``man``, ``woman``, ``person``, ``boy``, ``girl`` or ``child``."""
        return NOUNS[self.male, self.child]

    @property
    def pronoun(self) -> str:
        """``he``, ``she`` or ``they``."""
        return {True: "he", False: "she", None: "they"}[self.male]

    @property
    def possessive(self) -> str:
        """``his``, ``her`` or ``their``."""
        return {True: "his", False: "her", None: "their"}[self.male]

    @property
    def is_man(self) -> bool:
        """Whether the subject is known to be an adult man."""
        return self.male is True and not self.child


def subject_of(face: Mapping[str, object], unspoken: Collection[str] = ()) -> Subject:
    """The subject of a row of ``face_attributes``.

    Where ``Male`` is unspoken, the sex is treated as unknown.
    """
    male = face.get("Male")
    age = face.get("age_years")
    return Subject(
        male=male if isinstance(male, bool) and "Male" not in unspoken else None,
        child=isinstance(age, int | float) and age < CHILD_BELOW_YEARS,
    )
