"""Perplexity of captions under a small language model: how expected their words are, in order.

Low is fluent, or trite; compare sources under the same model only. Each caption is read once: what
the model says of it is kept by the caption's hash. How the model is run belongs to
``language_model``.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from math import exp
from pathlib import Path
from statistics import median
from typing import Final, Protocol

from tqdm import tqdm

_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS likelihoods (key TEXT PRIMARY KEY, log_likelihood REAL NOT NULL, "
    "tokens INTEGER NOT NULL) WITHOUT ROWID"
)

#: Name of the cache's file in its folder.
_FILE_NAME: Final = "likelihoods.sqlite3"

#: Longest wait for another process's write, seconds.
_BUSY_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True)
class Likelihood:
    """What a language model says of a text.

    Attributes:
        log_likelihood: Sum over the judged tokens of the natural logarithm of each one's
            probability after those before it; 0 or less.
        tokens: Tokens judged: all that were read but the first, which has nothing before it.
    """

    log_likelihood: float
    tokens: int


class LanguageModel(Protocol):
    """Judges texts."""

    @property
    def name(self) -> str:
        """What decides the answers: the weights and how they are asked."""

    def read(self, text: str) -> Likelihood:
        """What the model says of a text."""


@dataclass(frozen=True)
class Perplexity:
    """Perplexity of a sample of captions.

    Attributes:
        model: Which language model judged.
        captions: Captions judged; those of a single token cannot be.
        tokens: Tokens judged.
        of_all: exp of the negative mean log-likelihood per token over all captions.
        median: Median of the captions' own perplexities.
    """

    model: str
    captions: int
    tokens: int
    of_all: float
    median: float


def measure_perplexity(
    captions: Iterable[str], model: LanguageModel, cache: Path
) -> Perplexity | None:
    """Perplexity of captions; None where none of them can be judged.

    Args:
        captions: The texts.
        model: Who reads what has not been read before.
        cache: Local folder that keeps what was read, by hash: no text is stored.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    with closing(sqlite3.connect(cache / _FILE_NAME, timeout=_BUSY_TIMEOUT_S)) as memory:
        memory.execute(_CREATE)
        for text in tqdm(list(captions), desc="perplexity", disable=None, leave=False):
            found.append(_recall(memory, model, text))
    judged = [likelihood for likelihood in found if likelihood.tokens]
    if not judged:
        return None
    tokens = sum(likelihood.tokens for likelihood in judged)
    return Perplexity(
        model=model.name,
        captions=len(judged),
        tokens=tokens,
        of_all=exp(-sum(likelihood.log_likelihood for likelihood in judged) / tokens),
        median=median(exp(-each.log_likelihood / each.tokens) for each in judged),
    )


def _recall(memory: sqlite3.Connection, model: LanguageModel, text: str) -> Likelihood:
    key = hashlib.sha256(f"{model.name}\0{text}".encode()).hexdigest()
    known = memory.execute(
        "SELECT log_likelihood, tokens FROM likelihoods WHERE key = ?", [key]
    ).fetchone()
    if known is not None:
        return Likelihood(*known)
    likelihood = model.read(text)
    memory.execute(
        "INSERT OR IGNORE INTO likelihoods VALUES (?, ?, ?)",
        [key, likelihood.log_likelihood, likelihood.tokens],
    )
    memory.commit()
    return likelihood
