"""Settings of the stage that has CLIPs score the captions."""

from dataclasses import dataclass
from typing import Final

from facecaption_assets.setting_checks import require_one_of, require_within

#: Settings as messages name them.
COSINE_SETTING: Final = "ScoreSettings.cosine_model"
CLIP_S_SETTING: Final = "ScoreSettings.clip_s_model"
PRECISION_SETTING: Final = "ScoreSettings.precision"

_PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """Which CLIPs score the captions, and how they are run.

    The two scores are of two models in the literature, and are kept apart: captions are ranked by
    the cosine of ViT-L/14, and compared with published CLIP-S by that of ViT-B/32, for which the
    caption is introduced by a few words.

    Attributes:
        cosine_model: CLIP or SigLIP whose cosine ranks captions: a folder, or a name on the model
            hub with ``@revision``, of transformers or of open_clip. Empty: no cosines.
        clip_s_model: CLIP whose cosine becomes CLIP-S, likewise. Empty: no CLIP-S.
        clip_s_prefix: What stands before a caption for CLIP-S; with the space behind it.
        batch_size: Most pictures or texts per model call; it is halved where memory does not
            suffice.
        precision: Number format: ``float32``, ``bfloat16``, ``float16``, or ``auto``: float16 on
            a GPU, else float32, as bfloat16 rounds cosines eight times as coarsely.
    """

    cosine_model: str = ""
    clip_s_model: str = ""
    clip_s_prefix: str = "A photo depicts "
    batch_size: int = 64
    precision: str = "auto"

    def __post_init__(self) -> None:
        require_within(self, batch_size=(1, 4096))
        require_one_of("precision", [self.precision], _PRECISIONS)
