"""FLIP as a model of transformers, for ``AutoModel``; travels with an exported model.

Only the outside: what is computed belongs to ``flip``.
"""

from typing import Any

from torch import Tensor
from transformers import PreTrainedModel

from flip_training.model.configuration_flip import FLIPConfig
from flip_training.model.flip import FLIPModel, FLIPScores
from flip_training.model.model_config import ModelConfig


class FLIPAutoModel(PreTrainedModel):  # type: ignore[no-untyped-call]
    """A FLIP behind transformers' interface; weights are those of ``flip``."""

    config_class = FLIPConfig
    main_input_name = "pixel_values"

    def __init__(self, config: FLIPConfig) -> None:
        super().__init__(config)
        self.flip = FLIPModel(ModelConfig.from_dict(config.flip))
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: Any) -> None:
        """Nothing: every weight of a saved model is in its file."""

    def encode_image(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """As ``FLIPModel.encode_image``."""
        return self.flip.encode_image(pixel_values)

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """As ``FLIPModel.encode_text``."""
        return self.flip.encode_text(input_ids, attention_mask)

    def match(self, image_embeds: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """As ``FLIPModel.match``."""
        return self.flip.match(image_embeds, input_ids, attention_mask)

    def forward(
        self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor
    ) -> FLIPScores:
        """As ``FLIPModel.score``."""
        return self.flip.score(pixel_values, input_ids, attention_mask)
