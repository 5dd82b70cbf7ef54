"""The image encoder: CLIP's vision transformer, with its last norm on every token.

CLIP normalises only the class token's output; cross-attention reads all tokens, so all go through
the same final layer norm. With CLIP's weights that is CLIP's own norm. The authors norm all tokens
as well, but with a new layer: theirs bears CLIP's misspelt name of another layer, so CLIP's weights
do not reach it.

Modules bear the names that transformers gives CLIP's, so that weights map name to name. Written
here because those names are part of a saved checkpoint, and transformers changes its own.

Source: CLIP (https://arxiv.org/abs/2103.00020).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flip_training.model.attention import attend, run_layer
from flip_training.model.model_config import VisionConfig

#: Slope of the sigmoid in CLIP's approximation of GELU, ``x * sigmoid(1.702 x)``.
_QUICK_GELU = 1.702
_EPS = 1e-5
_STD = 0.02


class _Embeddings(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.empty(config.width))
        self.patch_embedding = nn.Conv2d(
            3, config.width, config.patch_size, config.patch_size, bias=False
        )
        self.position_embedding = nn.Embedding(config.tokens, config.width)
        nn.init.normal_(self.class_embedding, std=config.width**-0.5)
        nn.init.normal_(self.patch_embedding.weight, std=_STD)
        nn.init.normal_(self.position_embedding.weight, std=_STD)

    def forward(self, pixel_values: Tensor) -> Tensor:
        patches = self.patch_embedding(pixel_values).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(patches.shape[0], 1, -1)
        states: Tensor = torch.cat([first, patches], dim=1) + self.position_embedding.weight
        return states


class _SelfAttention(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (
            nn.Linear(config.width, config.width) for _ in range(4)
        )
        std = config.width**-0.5
        for linear in (self.q_proj, self.k_proj, self.v_proj):
            _init_linear(linear, std * (2 * config.layers) ** -0.5)
        _init_linear(self.out_proj, std)

    def forward(self, states: Tensor, source: Tensor) -> Tensor:
        query, key, value = self.q_proj(states), self.k_proj(source), self.v_proj(source)
        mixed: Tensor = self.out_proj(attend(query, key, value, self.heads))
        return mixed


class _FeedForward(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.is_quick = config.activation == "quick_gelu"
        self.fc1 = nn.Linear(config.width, 4 * config.width)
        self.fc2 = nn.Linear(4 * config.width, config.width)
        _init_linear(self.fc1, (2 * config.width) ** -0.5)
        _init_linear(self.fc2, (2 * config.layers * config.width) ** -0.5)

    def forward(self, states: Tensor) -> Tensor:
        wide = self.fc1(states)
        narrow: Tensor = self.fc2(_quick_gelu(wide) if self.is_quick else F.gelu(wide))
        return narrow


class _Layer(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(config.width, eps=_EPS)
        self.self_attn = _SelfAttention(config)
        self.layer_norm2 = nn.LayerNorm(config.width, eps=_EPS)
        self.mlp = _FeedForward(config)

    def forward(self, states: Tensor, wanted: int | None = None) -> Tensor:
        normed = self.layer_norm1(states)
        states = states[:, :wanted] + self.self_attn(normed[:, :wanted], normed)
        return states + self.mlp(self.layer_norm2(states))  # type: ignore[no-any-return]


class _Encoder(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.recompute = False

    def forward(self, states: Tensor, wanted: int | None) -> Tensor:
        for layer in self.layers[:-1]:
            states = run_layer(layer, self.recompute, states)
        return run_layer(self.layers[-1], self.recompute, states, wanted)


class VisualEncoder(nn.Module):
    """Pictures to token states."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.image_size = config.image_size
        self.embeddings = _Embeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.width, eps=_EPS)  # CLIP's own spelling
        self.encoder = _Encoder(config)
        self.post_layernorm = nn.LayerNorm(config.width, eps=_EPS)

    def forward(self, pixel_values: Tensor, wanted: int | None = None) -> Tensor:
        """Normalised pictures (B, 3, H, W) to states (B, P + 1, W), the class token first.

        Args:
            pixel_values: The pictures.
            wanted: How many tokens' states are wanted, from the first; None for all. The last
                layer computes no others.

        Raises:
            ValueError: If the pictures are not of the size that the model is for.
        """
        if pixel_values.shape[1:] != (3, self.image_size, self.image_size):
            expected = f"(B, 3, {self.image_size}, {self.image_size})"
            raise ValueError(f"pixel_values must be {expected}, got {tuple(pixel_values.shape)}")
        states = self.encoder(self.pre_layrnorm(self.embeddings(pixel_values)), wanted)
        return self.post_layernorm(states)  # type: ignore[no-any-return]

    def set_gradient_checkpointing(self, enabled: bool) -> None:
        """Whether layers are computed again in the backward pass instead of kept."""
        self.encoder.recompute = enabled


def _quick_gelu(wide: Tensor) -> Tensor:
    """``x * sigmoid(1.702 x)``, in place: this is the widest tensor of a layer."""
    return F.silu(wide.mul_(_QUICK_GELU)).div_(_QUICK_GELU)


def _init_linear(linear: nn.Linear, std: float) -> None:
    nn.init.normal_(linear.weight, std=std)
    nn.init.zeros_(linear.bias)
