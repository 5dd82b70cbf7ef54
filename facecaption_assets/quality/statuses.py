"""Statuses and reasons that the stages may give a row: data only.

What a table must look like belongs to ``suites``, whether rows are lost to ``gates``.
"""

from collections.abc import Mapping
from typing import Final

from facecaption_assets.shards.downloading.statuses import DOWNLOAD_STATUSES

#: Every status that a stage may give a row; the good ones first.
STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "shard_plan": ("planned", "opted_out"),
    "raw_shards": (
        "success",
        "missing",
        "empty",
        "not_an_image",
        "unsupported_format",
        "truncated",
        "too_large",
        "opted_out",
        *DOWNLOAD_STATUSES,
    ),
    "face_crops": ("kept", "dropped"),
    "image_scores": ("scored", "not_sampled", "opted_out", "failed_to_score"),
    "face_attributes": ("labelled", "too_few_labels", "opted_out", "failed_to_annotate"),
    "template_captions": ("captioned", "no_attributes", "opted_out"),
    "synthetic_captions": (
        "captioned",
        "outranked",
        "screened",
        "opted_out",
        "failed_to_decode",
        "failed_to_caption",
        "unavailable",
    ),
    "llm_captions": ("accepted", "repaired", "fell_back", "opted_out"),
    "image_text_scores": (
        "scored",
        "opted_out",
        "failed_to_decode",
        "failed_to_score",
        "unavailable",
    ),
}

#: Statuses of ``llm_captions`` whose caption is the model's.
REWRITTEN: Final = ("accepted", "repaired")

DROP_REASONS: Final[tuple[str, ...]] = (
    "no_face",
    "low_confidence",
    "too_small",
    "opted_out",
    "failed_to_decode",
    "not_in_detections",
    "detections_do_not_fit",
)
