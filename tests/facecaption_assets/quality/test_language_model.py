import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from facecaption_assets.models import ModelStore
from facecaption_assets.quality.language_model import (
    MOST_TOKENS,
    LanguageModelError,
    ServedModel,
    open_language_model,
)
from facecaption_assets.quality.text_settings import TextSettings

CAPTION = "A young woman with wavy brown hair smiles. She wears earrings and lipstick."

#: Log-probabilities of CAPTION's tokens from the second on, by transformers 5.23 on the same
#: weights in float32 (llama.cpp rounds activations to 8 bits), after the first token alone.
REFERENCE = -73.576


class ScriptedServer:
    """Answers as llama.cpp's server does, from a script; remembers the requests."""

    trust_env = True

    def __init__(self, tokens: list[int], written: list[int], ok: bool = True) -> None:
        self.tokens = tokens
        self.written = written
        self.ok = ok
        self.requests: list[tuple[str, dict]] = []

    def post(self, address: str, json: dict, timeout: float) -> SimpleNamespace:
        self.requests.append((address, json))
        if address.endswith("/tokenize"):
            answer: dict = {"tokens": self.tokens}
        else:
            answer = {
                "completion_probabilities": [{"id": i, "logprob": -0.5} for i in self.written]
            }
        return SimpleNamespace(ok=self.ok, status_code=500, json=lambda: answer)


def served(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> ServedModel:
    monkeypatch.setattr("requests.Session", lambda: server)
    return ServedModel("a model", "http://server")


def test_the_model_is_made_to_write_the_texts_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ScriptedServer([5, 7, 9], [7, 9])
    likelihood = served(monkeypatch, server).read("a text")
    assert (likelihood.log_likelihood, likelihood.tokens) == (-1.0, 2)
    asked = server.requests[1][1]
    assert (asked["prompt"], asked["n_predict"]) == ([5], 2)
    assert asked["grammar"] == "root ::= <[7]> <[9]>"
    assert server.trust_env is False


@pytest.mark.parametrize("tokens", [[], [5]])
def test_a_text_of_one_token_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, tokens: list[int]
) -> None:
    server = ScriptedServer(tokens, [])
    assert served(monkeypatch, server).read("a").tokens == 0
    assert len(server.requests) == 1


def test_a_long_text_is_read_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = list(range(1000))
    server = ScriptedServer(tokens, tokens[1:MOST_TOKENS])
    assert served(monkeypatch, server).read("a long text").tokens == MOST_TOKENS - 1


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (ScriptedServer([5, 7, 9], [7, 8]), "other tokens"),
        (ScriptedServer([5, 7, 9], [7, 9], ok=False), "answered 500"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, message: str
) -> None:
    with pytest.raises(LanguageModelError, match=message):
        served(monkeypatch, server).read("a text")


@pytest.mark.slow
def test_likelihood_is_that_of_the_same_weights_in_transformers() -> None:
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    with open_language_model(TextSettings(threads=1), store) as model:
        likelihood = model.read(CAPTION)
        shuffled = model.read(" ".join(sorted(CAPTION.split())))
    assert likelihood.tokens == 18
    assert likelihood.log_likelihood == pytest.approx(REFERENCE, rel=0.02)
    assert shuffled.log_likelihood < 1.3 * likelihood.log_likelihood
    assert model.name.startswith("smollm2-135m-instruct@")
