"""Settings of the quality stage."""

from dataclasses import dataclass
from math import inf, pi

from facecaption_assets.setting_checks import require_attributes, require_within


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """What the report shows, and when labels give cause for a warning.

    Attributes:
        gallery_faces: Most faces in the gallery, drawn evenly from all shards.
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
            max_score_drop=(0, inf),
        )
