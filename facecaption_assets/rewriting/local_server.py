"""A small language model on loopback, for the time of a stage.

llama.cpp's server runs in threads of this process and speaks OpenAI's interface, so that the
stage's code is the same as with a real endpoint.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from facecaption_assets.models import ModelUnavailable

#: Tokens that prompt and answer may take together.
CONTEXT_TOKENS: Final = 2048

#: llama.cpp's level for errors only.
_ERRORS_ONLY: Final = 1


@contextmanager
def serve_locally(weights: Path, name: str, threads: int) -> Iterator[str]:
    """Serve a GGUF model on a free port of 127.0.0.1 and yield the endpoint's base URL.

    Args:
        weights: GGUF file of an instruct model; its own chat template is used.
        name: Model name that the server goes by.
        threads: CPU threads for prompts and answers.

    Raises:
        ModelUnavailable: If there are no weights, or llama.cpp cannot load them.
        ValueError: If ``threads`` is below 1.
    """
    import xllamacpp

    if threads < 1:
        raise ValueError(f"local_threads is {threads}; at least 1 is needed")
    if not weights.is_file():
        raise ModelUnavailable(f"the weights of RewriteSettings.local_model are not at {weights}")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {name}
    params.n_ctx = CONTEXT_TOKENS
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks a free one
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.cpuparams.poll = 0  # idle threads sleep: others use the cores too
    params.cpuparams_batch.poll = 0
    params.cache_ram_mib = 0  # the shared prefix stays in the slot; no gigabytes of old prompts
    params.warmup = False
    params.verbosity = _ERRORS_ONLY
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise ModelUnavailable(
            f"llama.cpp cannot load {weights}; RewriteSettings.local_model must be a whole GGUF "
            "file of a model that it knows"
        ) from error
    # One that is stopped before its loop has begun never ends; nobody may have anything to ask.
    server.handle_completions({"prompt": name, "n_predict": 0})
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # the server stops when nothing refers to it
        gc.collect()
