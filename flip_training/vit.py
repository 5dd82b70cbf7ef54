"""The image encoder: transformers' CLIP vision transformer, with a norm on every token.

CLIP normalises only the class token's output; cross-attention reads all tokens, so all go through
the same final layer norm. With CLIP's weights that is CLIP's own norm. The authors norm all tokens
as well, but with a new layer: theirs bears CLIP's misspelt name of another layer, so CLIP's weights
do not reach it.
"""

from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from flip_training.config import VisionConfig


class VisualEncoder(nn.Module):
    """Pictures to token states."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.clip = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=config.width,
                intermediate_size=4 * config.width,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                image_size=config.image_size,
                patch_size=config.patch_size,
            )
        )

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Normalised pictures (B, 3, H, W) to states (B, P + 1, W), the class token first."""
        states = self.clip(pixel_values=pixel_values).last_hidden_state
        return self.clip.post_layernorm(states)  # type: ignore[no-any-return]

    def load_clip(self, name_or_folder: str) -> None:
        """Take the weights of a CLIP of the same shape from the hub or a folder.

        Raises:
            ValueError: If its shape is another.
        """
        weights = CLIPVisionModel.from_pretrained(name_or_folder).state_dict()
        try:
            self.clip.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(f"vision.weights {name_or_folder!r} do not fit: {error}") from error
