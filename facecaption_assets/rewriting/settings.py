"""Settings of the stage that has a language model rewrite template captions."""

from dataclasses import dataclass
from math import inf

from facecaption_assets.setting_checks import require_within


@dataclass(frozen=True, kw_only=True)
class RewriteSettings:
    """Which endpoint rewrites captions, and within which bounds.

    Attributes:
        base_url: OpenAI-compatible endpoint, such as ``http://127.0.0.1:8000/v1``, or several of
            the same model, with commas between; empty means the embedded server, which runs
            ``local_model`` on loopback for the time of the stage. One key for all endpoints is
            read from the environment variable ``FACECAPTION_LLM_API_KEY``.
        model: Model name that is asked for.
        local_model: Name in the model store of the embedded server's weights (GGUF).
        local_threads: CPU threads of the embedded server. More than one only pays on idle cores:
            on two that were busy, two threads took three times as long as one.
        constrained: Send a grammar of licensed phrases with each request, so that the model
            chooses among true wordings only. For models too small to be faithful by themselves;
            llama.cpp's ``grammar`` field.
        temperature: Sampling temperature.
        max_tokens: Most tokens of an answer.
        max_words: Longest caption that is accepted, words.
        attempts: Requests per caption before the template caption is kept.
        concurrency: Requests in flight, to all endpoints together.
        timeout_s: Longest wait for one whole answer, seconds.
        connect_timeout_s: Longest wait for a connection, seconds.
        max_retries: Times that a failed request is sent again.
        budget_tokens: Tokens, prompts and answers together, after which a run sends no further
            request; 0 is no bound. A run is one shard's: a backfill may spend as much on each.
            What the cache remembers costs nothing; what is in flight when the bound is reached
            still comes in. Answers that never arrive whole are not counted, though a provider may.
        budget_usd: The same in USD, at the prices below.
        usd_per_million_prompt_tokens: Price of prompts, USD per million tokens.
        usd_per_million_completion_tokens: Price of answers, USD per million tokens.
    """

    base_url: str = ""
    model: str = "smollm2-135m-instruct"
    local_model: str = "smollm2-135m-instruct"
    local_threads: int = 1
    constrained: bool = True
    temperature: float = 0.8
    max_tokens: int = 96
    max_words: int = 60
    attempts: int = 3
    concurrency: int = 4
    timeout_s: float = 60.0
    connect_timeout_s: float = 10.0
    max_retries: int = 6
    budget_tokens: int = 0
    budget_usd: float = 0.0
    usd_per_million_prompt_tokens: float = 0.0
    usd_per_million_completion_tokens: float = 0.0

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The endpoints' addresses; none means the embedded server."""
        return tuple(filter(None, (url.strip() for url in self.base_url.split(","))))

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
            connect_timeout_s=(0.1, 86_400),
            max_retries=(0, 100),
            budget_tokens=(0, inf),
            budget_usd=(0, inf),
            usd_per_million_prompt_tokens=(0, inf),
            usd_per_million_completion_tokens=(0, inf),
        )
        prices = self.usd_per_million_prompt_tokens + self.usd_per_million_completion_tokens
        if self.budget_usd and not prices:
            raise ValueError(
                f"budget_usd is {self.budget_usd:g}, but no price is set; set "
                "usd_per_million_prompt_tokens and usd_per_million_completion_tokens"
            )
