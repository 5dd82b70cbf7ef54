"""Drawing tokens from random numbers that belong to one caption each.

A network's own generator is shared by all rows of a batch: what is drawn of a face would change
with its neighbours, and with every batch that is halved. Here each caption has a row of numbers,
seeded by the face and the caption's index, and each token is looked up with one of them in the
cumulated probabilities. That draws from exactly the distribution of top-K sampling.
"""

import hashlib
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import numpy as np

from facecaption_assets.captions.captioners.captioner import Draw
from facecaption_assets.captions.captioners.settings import CaptionerSettings

if TYPE_CHECKING:
    import torch

#: Raised when the same face and settings would draw other tokens.
SAMPLING_VERSION: Final = 1


def draws_of(face_id: str, settings: CaptionerSettings) -> tuple[Draw, ...]:
    """The captions to be drawn of a face, by temperature; seeded by the face and their index."""
    tokens, samples = settings.max_new_tokens, settings.samples_per_temperature
    return tuple(
        Draw(settings.temperatures[index // samples], _generator(face_id, index).random(tokens))
        for index in range(settings.drawn)
    )


def _generator(face_id: str, index: int) -> np.random.Generator:
    seed = hashlib.sha256(f"{face_id}\0{index}\0{SAMPLING_VERSION}".encode()).digest()
    return np.random.default_rng(int.from_bytes(seed))


class TokenSampler:
    """Draws the tokens of one batch of captions, step by step.

    It is a logits processor of transformers as well: of its answer, every way of choosing a token
    chooses the one that was drawn.

    Args:
        draws: One per row of the batch.
        settings: Top K, and fewest and most tokens.
        end_tokens: Tokens that end a caption, at least one.
    """

    def __init__(
        self, draws: Sequence[Draw], settings: CaptionerSettings, end_tokens: Sequence[int]
    ) -> None:
        import torch

        self._temperatures = torch.tensor([draw.temperature for draw in draws], dtype=torch.float64)
        self._chances = torch.from_numpy(np.stack([draw.chances for draw in draws]))
        self._top_k = settings.top_k
        self._min_new_tokens = settings.min_new_tokens
        self._end_tokens = torch.tensor(list(end_tokens))
        self._drawn: list[torch.Tensor] = []
        self._ended = torch.zeros(len(draws), dtype=torch.bool)

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Logits that leave no choice: 0 for the drawn token of each row, -inf for the others."""
        import torch

        token = self.draw(scores)
        return torch.full_like(scores, -torch.inf).scatter_(1, token[:, None], 0.0)

    def draw(self, logits: "torch.Tensor") -> "torch.Tensor":
        """The next token of every row, (rows,).

        Args:
            logits: (rows, vocabulary).
        """
        import torch

        step = len(self._drawn)
        if step < self._min_new_tokens:
            ends = self._end_tokens.to(logits.device)
            logits = logits.index_fill(1, ends, -torch.inf)
        likeliest, tokens = logits.double().topk(min(self._top_k, logits.shape[-1]), dim=-1)
        temperatures = self._temperatures.to(logits.device)
        cumulated = (likeliest / temperatures[:, None]).softmax(dim=-1).cumsum(dim=-1)
        # Scaled by the last sum, which rounding keeps from being exactly one.
        target = self._chances[:, step].to(logits.device) * cumulated[:, -1]
        place = (cumulated <= target[:, None]).sum(dim=-1).clamp(max=tokens.shape[-1] - 1)
        token = tokens.gather(1, place[:, None])[:, 0]
        self._drawn.append(token.cpu())
        self._ended |= torch.isin(self._drawn[-1], self._end_tokens)
        return token

    @property
    def has_ended(self) -> bool:
        """Whether every caption has come to its end."""
        return bool(self._ended.all())

    def captions(self) -> list[list[int]]:
        """Tokens drawn so far of every row, up to the one that ended it."""
        import torch

        rows: list[list[int]] = torch.stack(self._drawn, dim=1).tolist()
        ends = set(self._end_tokens.tolist())
        return [list(takewhile(lambda token: token not in ends, row)) for row in rows]
