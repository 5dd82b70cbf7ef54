"""Settings of the quality stage."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """What the report shows.

    Attributes:
        gallery_faces: Most faces in the gallery, drawn evenly from all shards.
        thumbnail_px: Side of a gallery thumbnail, px.
    """

    gallery_faces: int = 400
    thumbnail_px: int = 160
