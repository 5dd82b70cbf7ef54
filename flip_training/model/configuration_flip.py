"""FLIP's configuration as transformers reads it; travels with an exported model."""

from typing import Any

from transformers import PretrainedConfig


class FLIPConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """Wraps the settings of a FLIP.

    Attributes:
        flip: ``ModelConfig.to_dict()``.
    """

    model_type = "flip"

    def __init__(self, flip: dict[str, Any] | None = None, **options: Any) -> None:
        self.flip = flip or {}
        super().__init__(**options)
