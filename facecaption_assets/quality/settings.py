"""Settings of the quality stage."""

from dataclasses import dataclass

from facecaption_assets.setting_checks import require_within


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """What the report shows.

    Attributes:
        gallery_faces: Most faces in the gallery, drawn evenly from all shards.
        thumbnail_px: Side of a gallery thumbnail, px.
    """

    gallery_faces: int = 400
    thumbnail_px: int = 160

    def __post_init__(self) -> None:
        require_within(self, gallery_faces=(0, 100_000), thumbnail_px=(16, 1024))
