"""Settings of the stage that has a language model rewrite template captions."""

from dataclasses import dataclass
from math import inf

from facecaption_assets.rewriting.dialects import CONSTRAINTS
from facecaption_assets.setting_checks import require_one_of, require_within


@dataclass(frozen=True, kw_only=True)
class RewriteSettings:
    """Which endpoint rewrites captions, and within which bounds.

    Attributes:
        base_url: OpenAI-compatible endpoint, such as ``http://127.0.0.1:8000/v1``; empty means
            the embedded server, which runs ``local_model`` on loopback for the time of the stage.
            The key is read from the environment variable ``FACECAPTION_LLM_API_KEY``.
        model: Model name that is asked for.
        local_model: Name in the model store of the embedded server's weights (GGUF).
        local_threads: CPU threads of the embedded server. More than one only pays on idle cores:
            on two that were busy, two threads took three times as long as one.
        constraint: Send a grammar of licensed phrases with each request, so that the model
            chooses among true wordings only; for models too small to be faithful by themselves.
            ``gbnf`` sends it as llama.cpp's server takes it, ``structured_outputs`` as vLLM does
            from 0.12 on, ``none`` sends none. An endpoint of the other kind ignores the field.
        temperature: Sampling temperature.
        max_tokens: Most tokens of an answer.
        max_words: Longest caption that is accepted, words.
        attempts: Requests per caption before the template caption is kept.
        concurrency: Requests in flight.
        timeout_s: Longest wait for one answer, seconds.
    """

    base_url: str = ""
    model: str = "smollm2-135m-instruct"
    local_model: str = "smollm2-135m-instruct"
    local_threads: int = 1
    constraint: str = "gbnf"
    temperature: float = 0.8
    max_tokens: int = 96
    max_words: int = 60
    attempts: int = 3
    concurrency: int = 4
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        require_within(
            self,
            local_threads=(1, 1024),
            temperature=(0, 2),
            max_tokens=(1, inf),
            max_words=(1, inf),
            attempts=(1, 100),
            concurrency=(1, 10_000),
            timeout_s=(0.1, 86_400),
        )
        require_one_of("constraint", (self.constraint,), CONSTRAINTS)
