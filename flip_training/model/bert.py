"""The text encoder: BERT that can attend to a picture.

Each block has cross-attention between self-attention and feed-forward layer, used with a picture
and skipped without one; captions are read in both directions either way. Modules bear BERT's own
names, so that its weights, BLIP's and the authors' map name to name. Written here because
transformers' ``BlipTextModel`` has no fused attention, and its ``BertModel`` attends backwards only
once it has cross-attention.

Source: BERT (https://arxiv.org/abs/1810.04805), with BLIP's (https://arxiv.org/abs/2201.12086)
cross-attention. Like BLIP's, it has no token types.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flip_training.model.attention import attend, run_layer
from flip_training.model.model_config import ModelConfig, TextConfig

_EPS = 1e-12


class _Embeddings(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.width, padding_idx=0)
        self.position_embeddings = nn.Embedding(config.positions, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, input_ids: Tensor) -> Tensor:
        positions = self.position_embeddings.weight[: input_ids.shape[1]]
        states: Tensor = self.dropout(self.LayerNorm(self.word_embeddings(input_ids) + positions))
        return states


class _Projections(nn.Module):
    """Queries of the caption, keys and values of what it attends to."""

    def __init__(self, config: TextConfig, source_width: int) -> None:
        super().__init__()
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(source_width, config.width)
        self.value = nn.Linear(source_width, config.width)


class _Output(nn.Module):
    """Back to the width of a token, added to what it came from, and normed."""

    def __init__(self, config: TextConfig, source_width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(source_width, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, states: Tensor, residual: Tensor) -> Tensor:
        normed: Tensor = self.LayerNorm(self.dropout(self.dense(states)) + residual)
        return normed


class _Packing:
    """Tokens of a padded batch (B, L, W) as one row each, (N, W), so that padding costs nothing.

    What stays padded, three-dimensional, goes through unchanged. Counting the tokens makes a GPU
    wait once per batch; a graph that is traced has no room for it and keeps the padding.
    """

    def __init__(self, attention_mask: Tensor) -> None:
        self.shape = attention_mask.shape
        is_traced = torch.compiler.is_compiling()
        self.kept = None if is_traced else attention_mask.flatten().nonzero()[:, 0]

    def pack(self, states: Tensor) -> Tensor:
        """(B, L, W) to (N, W)."""
        if self.kept is None:
            return states
        return states.flatten(0, 1).index_select(0, self.kept)

    def spread(self, rows: Tensor) -> Tensor:
        """(N, W) to (B, L, W), padding being 0."""
        if self.kept is None or rows.ndim == 3:
            return rows
        empty = rows.new_zeros(self.shape.numel(), rows.shape[1])
        return empty.index_copy(0, self.kept, rows).view(*self.shape, rows.shape[1])


class _Attention(nn.Module):
    def __init__(self, config: TextConfig, source_width: int) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.self = _Projections(config, source_width)
        self.output = _Output(config, config.width)

    def forward(
        self,
        states: Tensor,
        source: Tensor,
        packing: _Packing,
        mask: Tensor | None = None,
        index: Tensor | None = None,
    ) -> Tensor:
        query, key, value = (
            packing.spread(tokens)
            for tokens in (self.self.query(states), self.self.key(source), self.self.value(source))
        )
        if index is not None:
            key, value = key[index], value[index]
        mixed = attend(query, key, value, self.heads, mask, self.dropout if self.training else 0.0)
        mixed = packing.pack(mixed) if states.ndim == 2 else mixed
        return self.output(mixed, states)  # type: ignore[no-any-return]


class _Intermediate(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.width, 4 * config.width)

    def forward(self, states: Tensor) -> Tensor:
        return F.gelu(self.dense(states))


class _Layer(nn.Module):
    def __init__(self, config: TextConfig, image_width: int) -> None:
        super().__init__()
        self.attention = _Attention(config, config.width)
        self.crossattention = _Attention(config, image_width)
        self.intermediate = _Intermediate(config)
        self.output = _Output(config, 4 * config.width)

    def forward(
        self,
        states: Tensor,
        source: Tensor,
        packing: _Packing,
        mask: Tensor,
        image_embeds: Tensor | None,
        image_index: Tensor | None,
    ) -> Tensor:
        states = self.attention(states, source, packing, mask)
        if image_embeds is not None:
            states = self.crossattention(states, image_embeds, packing, index=image_index)
        return self.output(self.intermediate(states), states)  # type: ignore[no-any-return]


class _Encoder(nn.Module):
    def __init__(self, config: TextConfig, image_width: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config, image_width) for _ in range(config.layers))
        self.recompute = False

    def forward(
        self,
        states: Tensor,
        attention_mask: Tensor,
        image_embeds: Tensor | None,
        image_index: Tensor | None,
        wanted: int | None,
    ) -> Tensor:
        mask = attention_mask[:, None, None, :] > 0
        packing = _Packing(attention_mask)
        context = (packing, mask, image_embeds, image_index)
        states = packing.pack(states)
        for layer in self.layer[:-1]:
            states = run_layer(layer, self.recompute, states, states, *context)
        states = packing.spread(states)
        return run_layer(self.layer[-1], self.recompute, states[:, :wanted], states, *context)


class TextEncoder(nn.Module):
    """Captions, alone or with a picture's token states, to token states."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config.text)
        self.encoder = _Encoder(config.text, config.vision.width)
        self.apply(partial(_init_weights, std=config.text.init_std))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        image_embeds: Tensor | None = None,
        image_index: Tensor | None = None,
        wanted: int | None = None,
    ) -> Tensor:
        """Token ids and mask (B, L) to states (B, L, W), or of the first few tokens only.

        Args:
            input_ids: Token ids; no caption is longer than the position table.
            attention_mask: 1 where there is a token, 0 where there is padding, whose states mean
                nothing.
            image_embeds: States of pictures, (I, P + 1, V); None to read the captions alone.
            image_index: Which picture each caption is read with, (B,); None where there is one
                for each, in order. Each layer projects a picture once, however many captions
                are read with it.
            wanted: How many tokens' states are wanted, from the first; None for all. The last
                layer computes no others.
        """
        states = self.embeddings(input_ids)
        found: Tensor = self.encoder(states, attention_mask, image_embeds, image_index, wanted)
        return found

    def set_gradient_checkpointing(self, enabled: bool) -> None:
        """Whether layers are computed again in the backward pass instead of kept."""
        self.encoder.recompute = enabled


def _init_weights(module: nn.Module, std: float) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=std)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        nn.init.zeros_(module.weight[module.padding_idx])
