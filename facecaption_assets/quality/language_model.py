"""A language model on loopback that is made to say given texts, for their likelihood.

llama.cpp's server does not tell how likely a prompt is, only how likely what it writes. So a
grammar that allows nothing but the text's own tokens makes it write the text; the probabilities
that it reports are those before the grammar takes effect. What follows from them belongs to
``perplexity``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from facecaption_assets.models import ModelStore
from facecaption_assets.quality.perplexity import Likelihood
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.rewriting.local_server import serve_locally

#: Tokens of a text that are read; what is behind them is not.
MOST_TOKENS: Final = 256

#: Longest wait for one text, seconds.
_TIMEOUT_S: Final = 600.0

_SETTING: Final = "perplexity_model"


class LanguageModelError(RuntimeError):
    """The language model's server answered what cannot be used."""


class ServedModel:
    """A language model behind llama.cpp's server.

    Attributes:
        name: Name and hash of the weights.
    """

    def __init__(self, name: str, address: str) -> None:
        import requests

        self.name = name
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy would not find this machine's loopback

    def read(self, text: str) -> Likelihood:
        """Likelihood of a text, of whose tokens at most ``MOST_TOKENS`` are read.

        Raises:
            LanguageModelError: If the server fails, or writes something else.
        """
        answer = self._ask("/tokenize", {"content": text, "add_special": False})
        first, *rest = answer["tokens"][:MOST_TOKENS] or [0]
        if not rest:
            return Likelihood(0.0, 0)
        written = self._ask(
            "/completion",
            {
                "prompt": [first],
                "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in rest),
                "n_predict": len(rest),
                "n_probs": 1,
                "temperature": 0,
                "cache_prompt": False,
            },
        )["completion_probabilities"]
        if [token["id"] for token in written] != rest:
            raise LanguageModelError(f"{self.name} wrote other tokens than those it was given")
        return Likelihood(sum(token["logprob"] for token in written), len(rest))

    def _ask(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        response = self._session.post(self._address + path, json=content, timeout=_TIMEOUT_S)
        if not response.ok:
            raise LanguageModelError(f"{self.name}: {path} answered {response.status_code}")
        answer: dict[str, Any] = response.json()
        return answer


@contextmanager
def open_language_model(settings: TextSettings, store: ModelStore) -> Iterator[ServedModel]:
    """The model of ``perplexity_model``, served until the context ends.

    Raises:
        ModelUnavailable: If its weights cannot be had.
        RuntimeError: If they cannot be loaded.
    """
    weights = store.path(settings.perplexity_model, _SETTING)
    name = (
        f"{Path(settings.perplexity_model).name}@{store.identity(settings.perplexity_model)[:12]}"
    )
    with serve_locally(weights, name, settings.threads) as base_url:
        yield ServedModel(name, base_url.removesuffix("/v1"))
