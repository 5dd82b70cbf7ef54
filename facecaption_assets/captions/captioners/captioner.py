"""What a captioner is: something that draws captions of pictures from given random numbers.

Which networks there are belongs to ``loading``; how a token is drawn to ``sampling``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Draw:
    """One caption that is to be drawn.

    Attributes:
        temperature: Divides the logits: below 1 the likely tokens become likelier.
        chances: Random numbers in [0, 1), one per token; they alone decide.
    """

    temperature: float
    chances: NDArray[np.float64]


@dataclass(frozen=True)
class Sitting:
    """A face and the captions to be drawn of it.

    Attributes:
        face_id: The face.
        pixels: Its crop, (H, W, 3), RGB.
        draws: As many for every face of a call.
    """

    face_id: str
    pixels: NDArray[np.uint8]
    draws: tuple[Draw, ...]


class Captioner(Protocol):
    """Draws captions of pictures."""

    @property
    def name(self) -> str:
        """The model, for the table."""
        ...

    def caption(self, sittings: Sequence[Sitting]) -> list[list[str]]:
        """Text of every draw, as the network gave it, by face and in order.

        A face's texts depend on nothing but its own crop and draws, but for the rounding of the
        network, which may differ between batches of different sizes.
        """
        ...
