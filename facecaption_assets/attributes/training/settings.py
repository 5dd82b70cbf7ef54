"""Settings of a training of the attribute network; the defaults are the published recipe.

Source: https://github.com/ewrfcas/face_attribute_classification_pytorch (train.py).
"""

from dataclasses import dataclass
from math import inf

from facecaption_assets.setting_checks import require_within


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How the network is trained. Whatever is in here decides the result.

    Attributes:
        epochs: Passes over the training pictures.
        batch_size: Pictures per step.
        image_size: Side of the pictures, px; recorded in the checkpoint.
        learning_rate: Adam's, after the warm-up.
        warmup_steps: Steps over which the rate rises from zero.
        constant_share: Share of all steps after which the rate falls, linearly to zero.
        clip_norm: Largest norm of a step's gradient.
        weighting_steps: Steps between updates of the attributes' weights, and half the number of
            validation losses that an update looks at.
        seed: Of the order of the pictures, the mirrored ones, dropout and the last layer.
    """

    epochs: int = 20
    batch_size: int = 128
    image_size: int = 256
    learning_rate: float = 2e-4
    warmup_steps: int = 200
    constant_share: float = 0.4
    clip_norm: float = 1.0
    weighting_steps: int = 100
    seed: int = 556

    def __post_init__(self) -> None:
        require_within(
            self,
            epochs=(1, 1000),
            batch_size=(1, 4096),
            # Below 64 px the last features are one pixel, which batch norm cannot normalise.
            image_size=(64, 1024),
            learning_rate=(1e-8, 1),
            warmup_steps=(0, inf),
            constant_share=(0, 1),
            clip_norm=(1e-3, inf),
            weighting_steps=(1, inf),
            seed=(0, 2**32 - 1),
        )


def learning_rate(step: int, total_steps: int, settings: TrainingSettings) -> float:
    """Adam's rate in a step, the first being 0: it rises, stays, and falls linearly to zero."""
    if step < settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    falls_from = max(int(settings.constant_share * total_steps), settings.warmup_steps)
    if step < falls_from:
        return settings.learning_rate
    left = max(total_steps - step, 0) / max(total_steps - falls_from, 1)
    return settings.learning_rate * left
