"""Settings of the stage that scores crops."""

from dataclasses import dataclass
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_within

#: The setting as messages name it.
CLIP_SETTING: Final = "ImageScoreSettings.clip_model"


@dataclass(frozen=True, kw_only=True)
class ImageScoreSettings:
    """Which crops are scored, by what, and when a shard's scores give cause for alarm.

    Attributes:
        sample: Most faces of a shard that are scored; of more, an even choice by their ids.
        clip_model: CLIP that CLIP-IQA asks: a folder, or a name on the model hub with
            ``@revision``. Empty: CLIP-IQA is off.
        batch_size: Most crops per call of the CLIP; it is halved where memory does not suffice.
        max_median_brisque: A shard is held back where half of its faces score more. Blurred and
            noisy versions of sharp photographs score beyond it.
        drift_warn: A shard warns where its mean BRISQUE differs more from other shards of its
            source, in standard deviations of a face's score; 0.5 is called a middling difference.
    """

    sample: int = 100_000
    clip_model: str = ""
    batch_size: int = 32
    max_median_brisque: float = 65.0
    drift_warn: float = 0.5

    def __post_init__(self) -> None:
        require_within(
            self,
            sample=(1, inf),
            batch_size=(1, 4096),
            max_median_brisque=(0, inf),
            drift_warn=(0, inf),
        )
