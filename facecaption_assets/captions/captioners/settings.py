"""Settings of the stage that has a network caption the crops."""

from dataclasses import dataclass
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_within

#: Settings as messages name them.
MODEL_SETTING: Final = "CaptionerSettings.model"
CLIP_SETTING: Final = "CaptionerSettings.clip_model"
PRECISION_SETTING: Final = "CaptionerSettings.precision"

_PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class CaptionerSettings:
    """Which captioner looks at a crop, how it draws its captions, and which of them are kept.

    A crop is captioned, not the picture around it: the caption is to describe the face, and what
    else a picture shows often tells who somebody is.

    Attributes:
        model: BLIP, BLIP-2 or CoCa: a folder, or a name on the model hub with ``@revision``. Its
            own configuration says which of them it is. Empty: none, the stage is off.
        clip_model: CLIP that ranks the captions of a crop, likewise; needed where more are drawn
            than kept.
        prompt: Beginning that every caption continues; it is not part of the caption. CoCa takes
            none.
        temperatures: Each draws captions of its own. The papers: 0.75.
        samples_per_temperature: Captions drawn at each temperature.
        captions_per_face: Captions of a face that are kept, the best by cosine.
        top_k: Likeliest tokens that are drawn from.
        min_new_tokens: Fewest tokens of a caption.
        max_new_tokens: Most tokens of a caption; a longer one is cut off.
        batch_size: Most crops per model call; it is halved where memory does not suffice.
        precision: Number format: ``float32``, ``bfloat16``, ``float16``, or ``auto`` for the
            fastest that the device is made for.
    """

    model: str = ""
    clip_model: str = ""
    prompt: str = ""
    temperatures: tuple[float, ...] = (0.75,)
    samples_per_temperature: int = 1
    captions_per_face: int = 1
    top_k: int = 50
    min_new_tokens: int = 5
    max_new_tokens: int = 40
    batch_size: int = 16
    precision: str = "auto"

    @property
    def drawn(self) -> int:
        """Captions drawn of each face."""
        return len(self.temperatures) * self.samples_per_temperature

    def __post_init__(self) -> None:
        require_within(
            self,
            samples_per_temperature=(1, 1000),
            captions_per_face=(1, 1000),
            top_k=(1, inf),
            min_new_tokens=(0, 512),
            max_new_tokens=(1, 512),
            batch_size=(1, 4096),
        )
        if not self.temperatures or not all(0 < each <= 10 for each in self.temperatures):
            raise ValueError(
                f"temperatures is {list(self.temperatures)}; allowed is a list of numbers above 0, "
                "at most 10"
            )
        if self.precision not in _PRECISIONS:
            raise ValueError(
                f"precision is {self.precision!r}; allowed is one of {', '.join(_PRECISIONS)}"
            )
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError(
                f"min_new_tokens is {self.min_new_tokens}; allowed is at most max_new_tokens, "
                f"{self.max_new_tokens}"
            )
        self._require_choice()

    def _require_choice(self) -> None:
        if self.captions_per_face > self.drawn:
            raise ValueError(
                f"captions_per_face is {self.captions_per_face}; allowed is at most the "
                f"{self.drawn} that temperatures and samples_per_temperature draw"
            )
        if self.captions_per_face < self.drawn and not self.clip_model:
            raise ValueError(
                f"clip_model is empty; temperatures and samples_per_temperature draw {self.drawn} "
                f"captions of which captions_per_face keeps {self.captions_per_face}, and a CLIP "
                "has to choose them"
            )
