"""Settings of the quality stage."""

import re
from dataclasses import dataclass
from math import inf, pi
from typing import Final

from facecaption_assets.setting_checks import require_attributes, require_within

_FIELD: Final = re.compile(r"([\w -]+(\.[\w -]+)*)?")


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """What the report shows, and when labels give cause for a warning.

    Attributes:
        gallery_faces: Most faces in the gallery, drawn evenly from all shards; the worst ones of
            the report come on top. 0: no face is shown anywhere.
        thumbnail_px: Side of a gallery thumbnail, px.
        min_coverage: A shard warns where fewer of its faces have a state of an attribute that an
            annotator speaks of: one that is silent of nine faces in ten does not work here.
        only_affirmed: Attributes that need not reach it, because an annotator can see them but not
            their absence: an ear may be behind hair, a neck outside the crop.
        drift_warn: A shard warns where a label's share differs more from other shards of its
            source, in Cohen's h; 0.2 is what is called a small difference.
        drift_block: And is held back beyond this; 0.8 is what is called a large one.
        max_label_ratio: A shard warns where faces labelled male have so many times more or fewer
            positive labels than others. On the sample the ratio is 1.3.
        min_parity: A shard or the dataset warns where a stage keeps so much smaller a share of one
            group of people than of another. US courts take less than four fifths for a sign of
            unequal selection (29 CFR 1607.4 D).
        max_group_difference: And where the shares differ more, in Cohen's h, as for drift.
        skin_tone_field: Side-car's field that states a skin tone, nested names joined with dots;
            empty for none. None is read from pixels.
        sharpness_warn: A shard warns where its faces are sharper or more blurred than those of
            other shards of its source, in Cohen's d of the logarithm; 0.8 is what is called a
            large difference.
        sharpness_block: And is held back where they are more blurred by more than this: such faces
            cannot be labelled.
        max_score_drop: A shard is held back where its captions' scores are lower than in other
            shards of its source by more standard deviations (Cohen's d); 0.5 is called middling.
    """

    gallery_faces: int = 400
    thumbnail_px: int = 160
    min_coverage: float = 0.1
    only_affirmed: tuple[str, ...] = ("Wearing_Earrings", "Wearing_Necklace")
    drift_warn: float = 0.2
    drift_block: float = 0.8
    max_label_ratio: float = 2.0
    min_parity: float = 0.8
    max_group_difference: float = 0.2
    skin_tone_field: str = "demographics.skin_tone"
    sharpness_warn: float = 0.8
    sharpness_block: float = 2.0
    max_score_drop: float = 0.5

    def __post_init__(self) -> None:
        require_attributes("only_affirmed", self.only_affirmed)
        require_within(
            self,
            gallery_faces=(0, 100_000),
            thumbnail_px=(16, 1024),
            min_coverage=(0, 1),
            drift_warn=(0, pi),
            drift_block=(0, pi),
            max_label_ratio=(1, inf),
            min_parity=(0, 1),
            max_group_difference=(0, pi),
            sharpness_warn=(0, inf),
            sharpness_block=(0, inf),
            max_score_drop=(0, inf),
        )
        if not _FIELD.fullmatch(self.skin_tone_field):
            raise ValueError(
                f"skin_tone_field = {self.skin_tone_field!r} is not names joined with dots"
            )
