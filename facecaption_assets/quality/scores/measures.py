"""The two scores of a caption: the cosine that ranks, and CLIP-S; each of a model of its own.

Which rows a score stands in belongs to ``scoring``.

Sources: CLIP (https://arxiv.org/abs/2103.00020); CLIPScore (https://arxiv.org/abs/2104.08718),
whose authors' code puts "A photo depicts " before a caption.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.hub_models import model_name
from facecaption_assets.memory import BatchLimit, OutOfMemory, is_out_of_memory
from facecaption_assets.quality.scores.encoders import Encoder, load_encoder
from facecaption_assets.quality.scores.settings import (
    CLIP_S_SETTING,
    COSINE_SETTING,
    ScoreSettings,
)

if TYPE_CHECKING:
    import torch

#: Weight of CLIP-S, its authors'.
CLIP_S_WEIGHT: Final = 2.5

_Item = TypeVar("_Item")

Prepared = Mapping[str, "torch.Tensor"]


def clip_s(cosine: float) -> float:
    """CLIP-S of a cosine, in [0, 2.5]."""
    return CLIP_S_WEIGHT * max(cosine, 0.0)


def plain_cosine(cosine: float) -> float:
    """The cosine itself, in [-1, 1]."""
    return cosine


@dataclass(frozen=True)
class ReadTexts:
    """Texts as a model understood them.

    Attributes:
        directions: Unit vector of each text.
        truncated: Whether the model saw only the beginning of it.
        faults: What the model died of, by text; such a text has no direction.
    """

    directions: Mapping[str, "torch.Tensor"]
    truncated: Mapping[str, bool]
    faults: Mapping[str, str]


class Measure:
    """One score and the model that it is of; asks for fewer at a time once memory ran out.

    Args:
        name: ``cosine`` or ``clip_s``, as columns are named.
        model: The model's name, for the table.
        encoder: The model.
        of_cosine: The score of a cosine.
        prefix: What stands before each text.
        batch_size: Most pictures or texts in one call, to begin with.
    """

    def __init__(
        self,
        name: str,
        model: str,
        encoder: Encoder,
        of_cosine: Callable[[float], float] = plain_cosine,
        prefix: str = "",
        batch_size: int = 64,
    ) -> None:
        self.name = name
        self.model = model
        self.of_cosine = of_cosine
        self._encoder = encoder
        self._prefix = prefix
        self._pictures = BatchLimit(batch_size)
        self._texts = BatchLimit(batch_size)

    def prepare(self, pixels: NDArray[np.uint8]) -> Prepared:
        """An RGB picture (H, W, 3) as ``see`` takes it; safe to call in threads."""
        return self._encoder.prepare(pixels)

    def see(self, pictures: Sequence[Prepared]) -> list["torch.Tensor | str"]:
        """Unit vector of each picture, or what the model died of.

        Raises:
            OutOfMemory: If memory does not suffice for a single picture.
        """

        def embed(some: Sequence[Prepared]) -> list["torch.Tensor"]:
            return list(self._encoder.prepared_directions(some))

        return _each(self.model, pictures, lambda some: self._pictures.run(some, embed))

    def read(self, texts: Sequence[str]) -> ReadTexts:
        """Directions of different texts.

        Raises:
            OutOfMemory: If memory does not suffice for a single text.
        """

        def embed(some: Sequence[str]) -> list[tuple["torch.Tensor", bool]]:
            told = [self._prefix + text for text in some]
            directions = self._encoder.text_directions(told)
            return list(zip(directions, self._encoder.too_long(told), strict=True))

        answers = _each(self.model, texts, lambda some: self._texts.run(some, embed))
        given = dict(zip(texts, answers, strict=True))
        return ReadTexts(
            directions={t: a[0] for t, a in given.items() if not isinstance(a, str)},
            truncated={t: a[1] for t, a in given.items() if not isinstance(a, str)},
            faults={t: a for t, a in given.items() if isinstance(a, str)},
        )


_Answer = TypeVar("_Answer")


def _each(
    name: str, items: Sequence[_Item], call: Callable[[Sequence[_Item]], list[_Answer]]
) -> list[_Answer | str]:
    """The answer for each item, or what the model died of; one bad item spoils no other."""
    try:
        return list(call(items))
    except Exception as error:  # Whatever it is, it is the item's row that must tell.
        if is_out_of_memory(error):
            raise OutOfMemory(f"{name} ran out of memory: {error}") from None
        if len(items) == 1:
            return [f"{name}: {type(error).__name__}: {error}"]
        half = len(items) // 2
        return [*_each(name, items[:half], call), *_each(name, items[half:], call)]


def load_measures(settings: ScoreSettings, device: str | None = None) -> tuple[Measure, ...]:
    """The scores that the settings name models for; none where they name none.

    Args:
        settings: The models, and how they are run.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If a model cannot be had or used.
    """
    asked = (
        ("cosine", settings.cosine_model, COSINE_SETTING, plain_cosine, ""),
        ("clip_s", settings.clip_s_model, CLIP_S_SETTING, clip_s, settings.clip_s_prefix),
    )
    return tuple(
        Measure(
            name,
            model_name(model),
            load_encoder(model, setting, settings.precision, device),
            of_cosine,
            prefix,
            settings.batch_size,
        )
        for name, model, setting, of_cosine, prefix in asked
        if model
    )
