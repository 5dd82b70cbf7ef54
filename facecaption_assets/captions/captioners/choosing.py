"""Drawn texts → candidates: screened, scored by CLIP, and the best of them chosen.

Source of best-of-n by CLIP: LAION-COCO (https://laion.ai/blog/laion-coco).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.captions.captioners.captioner import Captioner, Sitting
from facecaption_assets.captions.captioners.screening import clean, why_refused
from facecaption_assets.memory import BatchLimit


class Ranker(Protocol):
    """Says how well texts fit pictures; ``clip.Clip`` does."""

    def cosines(
        self, pictures: Sequence[NDArray[np.uint8]], texts: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Cosine of each picture with each of its own texts."""
        ...


@dataclass(frozen=True)
class Candidate:
    """What became of one drawn text.

    Attributes:
        text: The cleaned text; None where it was refused.
        refusal: Why, as in ``screening``, or ``repeats_another``; None where it was not.
        cosine: Of the crop and the text, in [-1, 1]; None without a ranker.
        is_chosen: Whether the caption is kept.
    """

    text: str | None
    refusal: str | None = None
    cosine: float | None = None
    is_chosen: bool = False


class BestOf:
    """Draws captions and chooses among them; shows itself fewer faces where memory runs out.

    Args:
        captioner: Who draws.
        ranker: Who scores; None where every caption is kept.
        chosen: Captions of a face that are kept.
        batch_size: Most faces in one call, to begin with.
    """

    def __init__(
        self, captioner: Captioner, ranker: Ranker | None, chosen: int, batch_size: int
    ) -> None:
        self.name = captioner.name
        self._captioner = captioner
        self._ranker = ranker
        self._chosen = chosen
        self._limit = BatchLimit(batch_size)

    def candidates(self, sittings: Sequence[Sitting]) -> list[list[Candidate]]:
        """One candidate per draw, by face and in order.

        Raises:
            OutOfMemory: If memory does not suffice for a single face.
        """
        return self._limit.run(sittings, self._caption)

    def _caption(self, sittings: Sequence[Sitting]) -> list[list[Candidate]]:
        drawn = self._captioner.caption(sittings)
        screened = [screen(texts) for texts in drawn]
        if self._ranker is not None:
            screened = _scored(self._ranker, sittings, screened)
        return [choose(candidates, self._chosen) for candidates in screened]


def screen(texts: Sequence[str]) -> list[Candidate]:
    """Candidates of one face, without scores; of equal texts, the first stays."""
    seen: set[str] = set()
    candidates = []
    for text in map(clean, texts):
        refusal = why_refused(text) or ("repeats_another" if text in seen else None)
        candidates.append(Candidate(None if refusal else text, refusal))
        seen.add(text)
    return candidates


def _scored(
    ranker: Ranker, sittings: Sequence[Sitting], screened: Sequence[Sequence[Candidate]]
) -> list[list[Candidate]]:
    texts = [[c.text for c in candidates if c.text is not None] for candidates in screened]
    cosines = ranker.cosines([sitting.pixels for sitting in sittings], texts)
    scored = []
    for candidates, own in zip(screened, cosines, strict=True):
        remaining = iter(own)
        scored.append([replace(c, cosine=next(remaining)) if c.text else c for c in candidates])
    return scored


def choose(candidates: Sequence[Candidate], chosen: int) -> list[Candidate]:
    """The candidates with the best of them marked; of equals, the one drawn first.

    Args:
        candidates: Of one face; those that were refused are never chosen.
        chosen: Most that are.
    """
    able = [index for index, candidate in enumerate(candidates) if candidate.text]
    best = sorted(able, key=lambda index: -(candidates[index].cosine or 0.0))[:chosen]
    return [
        replace(candidate, is_chosen=True) if index in best else candidate
        for index, candidate in enumerate(candidates)
    ]
