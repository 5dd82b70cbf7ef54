"""Which endpoints the settings mean: the user's, or a small model on loopback."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final

from facecaption_assets.captions.grammar import GRAMMAR_VERSION
from facecaption_assets.models import ModelStore
from facecaption_assets.rewriting.access import NO_KEY, api_key
from facecaption_assets.rewriting.choosing import CHOOSING_VERSION
from facecaption_assets.rewriting.client import ChatClient
from facecaption_assets.rewriting.constrained import CONSTRAINT_VERSION
from facecaption_assets.rewriting.local_server import serve_locally
from facecaption_assets.rewriting.openai_client import OpenAIChatClient
from facecaption_assets.rewriting.prompt_files import read_prompts
from facecaption_assets.rewriting.prompts import PROMPT_VERSION
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.verification import VERIFICATION_VERSION

#: Settings that decide how fast captions come and from where, not what they say.
_INDIFFERENT: Final = (
    "base_url",
    "local_threads",
    "concurrency",
    "timeout_s",
    "connect_timeout_s",
    "max_retries",
    "budget_tokens",
    "budget_usd",
    "usd_per_million_prompt_tokens",
    "usd_per_million_completion_tokens",
)


@contextmanager
def open_client(settings: RewriteSettings, store: ModelStore) -> Iterator[ChatClient]:
    """A client of the endpoints in ``base_url``; where that is empty, of an embedded server.

    The embedded server runs until the context ends. Its model goes by the weights' identity, so
    that other weights are not given the answers of the old ones.

    Raises:
        EndpointUnavailable: If the user's key cannot be sent.
        ModelUnavailable: If the weights of the embedded server cannot be had or loaded.
    """
    if settings.base_urls:
        yield _client(settings, settings.base_urls, settings.model, api_key(), settings.timeout_s)
        return
    weights = store.path(settings.local_model, "RewriteSettings.local_model")
    name = _local_name(settings, store)
    # It answers one request at a time: one in flight waits for all that came before it.
    patience_s = settings.timeout_s * settings.concurrency
    with serve_locally(weights, name, settings.local_threads) as base_url:
        yield _client(settings, (base_url,), name, NO_KEY, patience_s)


def _client(
    settings: RewriteSettings, base_urls: Sequence[str], model: str, key: str, timeout_s: float
) -> OpenAIChatClient:
    return OpenAIChatClient(
        base_urls,
        model,
        key,
        timeout_s,
        settings.max_retries,
        settings.connect_timeout_s,
        settings.concurrency,
    )


def stage_identity(settings: RewriteSettings, store: ModelStore) -> str:
    """What the stage's output depends on besides its input, as text: for its code version.

    Needs no network. The address of an endpoint does not count, nor do threads and waits; prompts
    count by their content, wherever the file lies.

    Raises:
        PromptError: If the prompts cannot be used.
    """
    deciding = {k: v for k, v in asdict(settings).items() if k not in _INDIFFERENT}
    deciding |= {
        "model": settings.model if settings.base_urls else _local_name(settings, store),
        "local_model": None,
        "grammar": GRAMMAR_VERSION,
        "prompt": PROMPT_VERSION,
        "prompts": read_prompts(settings.prompts).version,
        "verification": VERIFICATION_VERSION,
        "choosing": CHOOSING_VERSION,
        "constraint": CONSTRAINT_VERSION if settings.constraint != "none" else None,
    }
    return json.dumps(deciding, sort_keys=True)


def _local_name(settings: RewriteSettings, store: ModelStore) -> str:
    stem = settings.local_model.replace("\\", "/").rpartition("/")[2]
    return f"{stem}@{store.identity(settings.local_model)[:12]}"
