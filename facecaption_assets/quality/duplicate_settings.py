"""Settings of the search for duplicate faces."""

from dataclasses import dataclass, fields

from facecaption_assets.setting_checks import require_within

#: Settings that decide how long the search takes, not what it finds.
_IDLE = frozenset({"memory_mb", "threads"})


@dataclass(frozen=True, kw_only=True)
class DuplicateSettings:
    """When two faces are one face in two copies of one picture.

    All of the limits must hold. The defaults were set on copies of the sample (encoded anew,
    resized, brighter, darker, grey), of whose faces 96 to 100 percent are found, and on faces of
    one person that differ by their expression, none of which are taken for copies. A copy of which
    3 percent was cut off at each edge is not recognised.

    Attributes:
        picture_bits: Bits in which the short hashes of the pictures may differ, of 64. Every pair
            within it is found; the search takes longer the larger it is.
        long_bits: Bits in which the long hashes of the pictures may differ, of 256.
        crop_bits: Bits in which the hashes of the crops may differ, of 64.
        min_overlap: Least intersection over union of the boxes, as shares of their pictures.
        memory_mb: Memory that the search may take before it goes to disk, MB.
        threads: Threads of the search.
    """

    picture_bits: int = 4
    long_bits: int = 20
    crop_bits: int = 12
    min_overlap: float = 0.5
    memory_mb: int = 1024
    threads: int = 2

    def __post_init__(self) -> None:
        require_within(
            self,
            picture_bits=(0, 8),
            long_bits=(0, 64),
            crop_bits=(0, 64),
            min_overlap=(0, 1),
            memory_mb=(256, 1_000_000),
            threads=(1, 1024),
        )

    @property
    def decisive(self) -> tuple[tuple[str, object], ...]:
        """The settings that decide what is found, by name."""
        return tuple((f.name, getattr(self, f.name)) for f in fields(self) if f.name not in _IDLE)
