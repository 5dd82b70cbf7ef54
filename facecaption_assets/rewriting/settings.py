"""Settings of the stage that has a language model rewrite template captions."""

from dataclasses import dataclass
from math import inf

from facecaption_assets.rewriting.access import require_address
from facecaption_assets.rewriting.dialects import CONSTRAINTS
from facecaption_assets.rewriting.styles import STYLES
from facecaption_assets.setting_checks import require_one_of, require_within


@dataclass(frozen=True, kw_only=True)
class RewriteSettings:
    """Which endpoint rewrites captions, and within which bounds.

    Attributes:
        base_url: OpenAI-compatible endpoint, such as ``http://127.0.0.1:8000/v1``, or several of
            the same model, with commas between; empty means the embedded server, which runs
            ``local_model`` on loopback for the time of the stage. One key for all endpoints is
            read from the environment variable ``FACECAPTION_LLM_API_KEY``.
        model: Model name that ``base_url`` is asked for.
        local_model: Name in the model store of the embedded server's weights (GGUF).
        local_threads: CPU threads of the embedded server. More than one only pays on idle cores:
            on two that were busy, two threads took three times as long as one.
        constraint: Send a grammar of licensed phrases with each request, so that the model
            chooses among true wordings only; for models too small to be faithful by themselves.
            ``gbnf`` sends it as llama.cpp's server takes it, ``structured_outputs`` as vLLM does
            from 0.12 on, ``none`` sends none. An endpoint of the other kind ignores the field.
        temperature: Sampling temperature.
        max_tokens: Most tokens of an answer.
        max_words: Longest caption of the style ``normal`` that is accepted, words. A ``short`` one
            has at most 15, a ``detailed`` one may be half as long again.
        styles: ``short``, ``normal`` or ``detailed``; several take turns over the captions of a
            face: caption i is of style i modulo their number. Facts that do not fit into a short
            caption make it fall back to the template, whatever its length; ``[captions]
            max_attributes`` says how many there are.
        prompts: TOML file of your own prompts; empty for those of the package, ``prompts.toml``,
            which says what may be in it.
        attempts: Requests per caption before it is repaired or the template caption kept.
        best_of: Accepted answers to choose the best from, at most ``attempts``; with 1, no request
            follows the first accepted answer. The best repeats itself least, then the template.
        repair: Where no attempt is accepted, show the model the best rejected answer and the
            reason, once.
        share_answers: Give all faces of the same attributes, subject, caption index and style the
            same answer, over all shards that share a cache: cheaper, and less varied.
        alt_text: ``never``, or ``hint``: show the model the alt-text, cleaned, cut to 200
            characters and quoted. It can only sway the choice among words that the attributes
            license: facts and names from it are rejected like all others. Of little use, and it
            makes requests longer and captions depend on ``face_crops``.
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
    constraint: str = "gbnf"
    temperature: float = 0.8
    max_tokens: int = 160
    max_words: int = 60
    styles: tuple[str, ...] = ("normal",)
    prompts: str = ""
    attempts: int = 3
    best_of: int = 1
    repair: bool = True
    share_answers: bool = False
    alt_text: str = "never"
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
        for address in self.base_urls:
            require_address(address)
        require_one_of("constraint", (self.constraint,), CONSTRAINTS)
        require_one_of("alt_text", (self.alt_text,), ("never", "hint"))
        require_one_of("styles", self.styles, STYLES)
        if not self.styles:
            raise ValueError(f"styles is empty; give at least one of {', '.join(STYLES)}")
        if not 1 <= self.best_of <= self.attempts:
            raise ValueError(
                f"best_of is {self.best_of}; allowed is 1 to attempts, {self.attempts}"
            )
        if self.share_answers and self.alt_text != "never":
            raise ValueError("share_answers needs alt_text = 'never': each face has its own text")
        prices = self.usd_per_million_prompt_tokens + self.usd_per_million_completion_tokens
        if self.budget_usd and not prices:
            raise ValueError(
                f"budget_usd is {self.budget_usd:g}, but no price is set; set "
                "usd_per_million_prompt_tokens and usd_per_million_completion_tokens"
            )
