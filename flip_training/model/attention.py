"""Attention between sequences of tokens, and layers that are computed again instead of kept.

What both encoders are built from; no weights here. Shape legend: B batch, Q and K tokens that ask
and that are asked, W width.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    heads: int,
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Multi-head attention through torch's fused kernels: (B, Q, W).

    Args:
        query: (B, Q, W).
        key: (B, K, W).
        value: (B, K, W).
        heads: Heads that the width is cut into.
        mask: True where a token may be attended to, (B, 1, 1, K) or broadcast to it; None for all.
        dropout: Share of the attention weights that is dropped.
    """
    states = F.scaled_dot_product_attention(
        _by_head(query, heads),
        _by_head(key, heads),
        _by_head(value, heads),
        attn_mask=mask,
        dropout_p=dropout,
    )
    return states.transpose(1, 2).flatten(2)


def _by_head(tokens: Tensor, heads: int) -> Tensor:
    """(B, L, W) to (B, heads, L, W / heads)."""
    return tokens.view(*tokens.shape[:2], heads, -1).transpose(1, 2)


def run_layer(layer: Callable[..., Tensor], recompute: bool, *inputs: Any) -> Tensor:
    """A layer's output; its activations are not kept but computed again in the backward pass.

    Args:
        layer: The layer.
        recompute: Whether to save memory in that way; nothing changes where no gradient is needed.
        inputs: Its inputs.
    """
    if recompute and torch.is_grad_enabled():
        return checkpoint(layer, *inputs, use_reentrant=False)
    return layer(*inputs)
