"""The modules that hold the stages' assets and checks, in the order in which data flows."""

from types import ModuleType
from typing import Final

from facecaption_assets.defs import (
    attribute_evaluation,
    attributes,
    captions,
    dataset_gates,
    duplicates,
    faces,
    image_scores,
    image_text_scores,
    laion,
    people,
    quality,
    rewriting,
    shards,
    synthetic_captions,
)

STAGES: Final[tuple[ModuleType, ...]] = (
    laion,
    shards,
    faces,
    image_scores,
    attributes,
    attribute_evaluation,
    captions,
    synthetic_captions,
    rewriting,
    image_text_scores,
    duplicates,
    quality,
    people,
    dataset_gates,
)
