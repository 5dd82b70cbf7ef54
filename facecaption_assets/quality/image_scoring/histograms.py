"""Distributions of what is known of the kept faces' pictures, over the whole dataset.

Counted in DuckDB over the views of ``quality.dataset``; how they are drawn belongs to the report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import duckdb

from facecaption_assets.quality.published import IMAGE_QUALITY_PEAKS, RESOLUTIONS


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Something that is known of a face's picture, and the bins that it is counted in.

    Attributes:
        name: A column of the tables, or ``resolution``.
        unit: Unit of the values, empty for a plain number.
        meaning: What it says, in a few words.
        expression: SQL of it over kept crops ``c`` and their scores ``s``.
        lowest: Lower edge of the first bin.
        width: Width of a bin, in the unit.
        bins: How many.
        published: What the authors tell of data sets, by their name; about.
    """

    name: str
    unit: str
    meaning: str
    expression: str
    lowest: float
    width: float
    bins: int
    published: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Histogram:
    """How often each value of a measure occurs.

    ``faces`` = the sum of ``counts`` + ``below`` + ``above``.

    Attributes:
        measure: What is counted.
        counts: Faces per bin; a bin holds its lower edge, not its upper one.
        below: Faces below the first bin.
        above: Faces beyond the last bin.
        faces: Faces whose value is known.
        unknown: Kept faces whose value is not.
        mean: Mean of the known values; None where there are none, as are the quantiles.
        p05: Value that 5% of the faces lie below.
        median: Value that half of the faces lie below.
        p95: Value that 95% of the faces lie below.
    """

    measure: Measure
    counts: tuple[int, ...]
    below: int
    above: int
    faces: int
    unknown: int
    mean: float | None
    p05: float | None
    median: float | None
    p95: float | None

    @property
    def edges(self) -> tuple[float, ...]:
        """Edges of the bins, one more than there are bins."""
        first, width = self.measure.lowest, self.measure.width
        return tuple(round(first + width * i, 6) for i in range(self.measure.bins + 1))

    @property
    def peak(self) -> float | None:
        """Middle of the fullest bin, the first of equally full ones; None without a face in any."""
        most = max(self.counts)
        if not most:
            return None
        return self.edges[self.counts.index(most)] + self.measure.width / 2


MEASURES: Final[tuple[Measure, ...]] = (
    Measure(
        name="resolution",
        unit="px",
        meaning="geometric mean of the crop's width and height",
        expression="sqrt(c.width::DOUBLE * c.height)",
        lowest=0,
        width=32,
        bins=32,
        published={name: (w * h) ** 0.5 for name, (w, h) in RESOLUTIONS.items()},
    ),
    Measure(
        name="sharpness",
        unit="",
        meaning="variance of the Laplacian of the face at 128 x 128 px; the more, the sharper",
        expression="c.sharpness",
        lowest=0,
        width=100,
        bins=40,
    ),
    Measure(
        name="brisque",
        unit="",
        meaning="BRISQUE of the crop; the less, the better",
        expression="s.brisque",
        lowest=-20,
        width=4,
        bins=30,
        published=IMAGE_QUALITY_PEAKS["brisque"],
    ),
    Measure(
        name="clip_iqa",
        unit="",
        meaning="CLIP-IQA of the crop; the more, the better; scores of other CLIPs differ",
        expression="s.clip_iqa",
        lowest=0,
        width=0.04,
        bins=25,
        published=IMAGE_QUALITY_PEAKS["clip_iqa"],
    ),
    Measure(
        name="image_share",
        unit="",
        meaning="share of the picture that the face's box takes",
        expression="c.image_share",
        lowest=0,
        width=0.04,
        bins=25,
    ),
    Measure(
        name="yaw_deg",
        unit="degrees",
        meaning="rough yaw; positive with the nose to the viewer's right",
        expression="c.yaw_deg",
        lowest=-90,
        width=10,
        bins=18,
    ),
    Measure(
        name="roll_deg",
        unit="degrees",
        meaning="clockwise roll by the eyes, before the crop was turned upright",
        expression="c.roll_deg",
        lowest=-90,
        width=10,
        bins=18,
    ),
)

_KEPT: Final = """
    FROM (FROM face_crops WHERE status = 'kept') AS c
    LEFT JOIN image_scores AS s ON s.face_id = c.face_id
"""


def image_histograms(connection: duckdb.DuckDBPyConnection) -> list[Histogram]:
    """One histogram per entry of MEASURES, in their order, over all kept faces.

    Args:
        connection: Has the views of ``quality.dataset.open_tables``.
    """
    return [_histogram(connection, measure) for measure in MEASURES]


def _histogram(connection: duckdb.DuckDBPyConnection, measure: Measure) -> Histogram:
    values = f"SELECT ({measure.expression})::DOUBLE AS v {_KEPT}"
    summary = f"""
        SELECT count(v), count(*) - count(v), avg(v), quantile_cont(v, [0.05, 0.5, 0.95])
        FROM ({values})
    """
    faces, unknown, mean, quantiles = connection.execute(summary).fetchall()[0]
    # The small addition keeps values on an edge, such as 0.12 of bins 0.04 wide, above it.
    places = f"""
        SELECT greatest(-1, least({measure.bins},
            floor((v - {measure.lowest}) / {measure.width} + 1e-6)))::INTEGER AS bin, count(*)
        FROM ({values}) WHERE v IS NOT NULL GROUP BY bin
    """
    counts: dict[int, int] = dict(connection.execute(places).fetchall())
    p05, median, p95 = quantiles or (None, None, None)
    return Histogram(
        measure=measure,
        counts=tuple(counts.get(place, 0) for place in range(measure.bins)),
        below=counts.get(-1, 0),
        above=counts.get(measure.bins, 0),
        faces=faces,
        unknown=unknown,
        mean=mean,
        p05=p05,
        median=median,
        p95=p95,
    )
