"""Which topics of ``wordings`` are told in one sentence: data only.

To change how captions are built, change a plan or add one. How a sentence is put is in ``frames``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Plan:
    """How the topics fall into sentences.

    Attributes:
        topics: Topics, with "/" between sentences. Where a sentence gets too long, it is cut in
            this order; in a list, topics come in any order.
        most: Most things that one sentence tells.
        weight: Relative to the other plans.
    """

    topics: str
    most: int
    weight: float = 1.0

    @cached_property
    def sentences(self) -> tuple[tuple[str, ...], ...]:
        """The topics of each sentence."""
        return tuple(tuple(sentence.split()) for sentence in self.topics.split("/"))


#: The hair first, as a rule, then the face, then what it does and wears.
PLANS: Final = (
    Plan("hair beard / eyes shape skin / expression / makeup accessories / picture", 4, 4),
    Plan("hair eyes / beard shape skin / expression makeup accessories / picture", 3, 3),
    Plan("hair beard eyes shape skin / expression accessories makeup / picture", 4, 4),
    Plan("hair eyes skin shape beard / makeup accessories expression / picture", 4, 4),
    Plan("hair skin / shape eyes beard expression / accessories makeup / picture", 3, 3),
    Plan("hair accessories / expression / eyes shape skin beard / makeup / picture", 4, 2),
    Plan("hair expression accessories / beard skin shape eyes / makeup / picture", 3, 3),
    Plan("hair beard eyes skin shape expression accessories makeup / picture", 5, 3),
    Plan("hair shape / skin eyes beard / makeup accessories expression / picture", 3, 3),
    Plan("eyes shape skin / hair beard / accessories makeup expression / picture", 3, 2),
    Plan("accessories makeup hair / eyes skin shape beard / expression / picture", 3, 2),
    Plan("expression / hair / eyes beard skin shape / accessories makeup / picture", 4, 2),
    Plan("expression accessories makeup / hair skin / shape eyes beard / picture", 4, 2),
)
