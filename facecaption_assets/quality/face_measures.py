"""Numbers of a face that pages sort, filter and list faces by.

How they are spread over the dataset belongs to ``image_scoring.histograms``; how they come about
to the stages.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Worst(StrEnum):
    """Which end of a measure is the bad one, as SQL orders it."""

    LOWEST = "ASC"
    HIGHEST = "DESC"


@dataclass(frozen=True)
class FaceMeasure:
    """A number of a face.

    Attributes:
        name: As pages say it.
        expression: SQL over a row of ``crop``, from ``face_crops``, and those of ``scores`` and
            ``texts`` of the same face, from the tables of scores, which may be absent.
        digits: Decimals that are shown.
        worst: Which end is the bad one; None where neither is.
        complaint: What is said of faces at that end.
    """

    name: str
    expression: str
    digits: int
    worst: Worst | None = None
    complaint: str = ""


FACE_MEASURES: Final = (
    FaceMeasure("detector's score", "crop.det_score", 3, Worst.LOWEST, "Least sure to be a face"),
    FaceMeasure("shorter side, px", "crop.side_px", 0, Worst.LOWEST, "Smallest"),
    FaceMeasure("sharpness", "crop.sharpness", 0, Worst.LOWEST, "Least sharp"),
    FaceMeasure("BRISQUE", "scores.brisque", 1, Worst.HIGHEST, "Most distorted by BRISQUE"),
    FaceMeasure("CLIP-IQA", "scores.clip_iqa", 3, Worst.LOWEST, "Worst by CLIP-IQA"),
    FaceMeasure(
        "cosine of its final caption", "texts.cosine", 3, Worst.LOWEST, "Least like their caption"
    ),
    FaceMeasure("share of picture", "crop.image_share", 3),
    FaceMeasure("yaw, degrees", "crop.yaw_deg", 0),
    FaceMeasure("brightness", "crop.brightness", 2),
)

#: Where ``FaceMeasure.expression`` can be asked.
MEASURED_FACES: Final = """
    face_crops AS crop LEFT JOIN image_scores AS scores USING (face_id)
    LEFT JOIN (
        SELECT face_id, min(crop_cosine) AS cosine FROM image_text_scores
        WHERE caption_source = 'llm' GROUP BY face_id
    ) AS texts USING (face_id)
"""
