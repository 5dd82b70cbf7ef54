"""Settings of the stage that turns sources into image shards."""

from dataclasses import dataclass
from math import inf

from facecaption_assets.setting_checks import require_within


@dataclass(frozen=True, kw_only=True)
class ShardSettings:
    """How pictures are planned and stored.

    Attributes:
        rows_per_shard: Most pictures in one shard of a source that does not say otherwise;
            1-10000.
        max_pixels: Largest picture that is kept, px; checked in the header before any pixel is
            decoded.
        max_bytes: Largest file that is read.
        min_success_share: Share of planned pictures, in [0, 1], below which the shard's gate
            fails. Low by default: link rot and stray files are normal, a shard of nothing is not.
    """

    rows_per_shard: int = 10_000
    max_pixels: int = 100_000_000
    max_bytes: int = 100_000_000
    min_success_share: float = 0.1

    def __post_init__(self) -> None:
        require_within(
            self,
            rows_per_shard=(1, 10_000),
            max_pixels=(1, inf),
            max_bytes=(1, inf),
            min_success_share=(0, 1),
        )
