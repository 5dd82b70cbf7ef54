"""Which of several judged answers to take, and which rejected one is worth repairing.

Cheap and deterministic. Nothing here knows what good English is: every accepted answer says the
same facts, so the one is taken that repeats itself least and the template least.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from facecaption_assets.rewriting.verification import Verdict

#: Raise it with every change that can alter which answer is taken, or is repaired.
CHOOSING_VERSION: Final = 1

#: Kinds of reasons of texts that are no captions at all; of others, some words are wrong.
_NO_CAPTION: Final = frozenset(
    {
        *("refusal", "contact_or_link", "instruction", "prompt_echo", "not_english", "character"),
        *("markup", "too_short", "too_long"),
    }
)

_WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True)
class Candidate:
    """A tidied answer, and what the verifier says of it."""

    text: str
    verdict: Verdict

    @property
    def reason(self) -> str:
        """Why it was rejected; empty if it was not."""
        return self.verdict.reason or ""


def best_accepted(candidates: Sequence[Candidate], draft: str) -> Candidate:
    """The candidate with the fewest repeated word pairs; among equals, the farthest from the draft.

    Far from the draft is one of whose word pairs the smallest share is the draft's. Among equals
    still, the first.

    Args:
        candidates: Accepted answers, at least one.
        draft: What they reword.
    """
    known = set(_pairs(draft))

    def demerits(candidate: Candidate) -> tuple[int, float]:
        pairs = _pairs(candidate.text)
        repeated = len(pairs) - len(set(pairs))
        return repeated, sum(pair in known for pair in pairs) / max(len(pairs), 1)

    return min(candidates, key=demerits)


def most_repairable(candidates: Sequence[Candidate]) -> Candidate | None:
    """The first rejected answer that is a caption with wrong words, else the first of any text.

    Args:
        candidates: Rejected answers, in the order in which they came.

    Returns:
        None where no answer holds a text.
    """
    worded = [candidate for candidate in candidates if candidate.text]
    return min(worded, key=_is_no_caption, default=None)


def _is_no_caption(candidate: Candidate) -> bool:
    return candidate.reason.partition(":")[0] in _NO_CAPTION


def _pairs(text: str) -> list[tuple[str, str]]:
    words = _WORD.findall(text.lower())
    return list(pairwise(words))
