"""What answers have cost, paid now or remembered: counting, and the numbers that are shown."""

import time
from dataclasses import dataclass, field

from facecaption_assets.rewriting.client import Completion
from facecaption_assets.rewriting.settings import RewriteSettings


@dataclass
class Usage:
    """Counts of one run of the stage.

    Attributes:
        answered: Requests that the endpoint answered in this run.
        refused: Requests that it refused.
        retries: Times that one of them was sent again.
        prompt_tokens: Tokens of answered requests.
        completion_tokens: Tokens of their answers.
        remembered: Requests that the cache answered.
        remembered_tokens: Prompt and completion tokens that these cost when they were asked.
        began_at: When the stage began, by the monotonic clock; requests/s count from there.
        ended_at: When the latest answer was counted.
    """

    answered: int = 0
    refused: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    remembered: int = 0
    remembered_tokens: int = 0
    began_at: float = field(default_factory=time.monotonic)
    ended_at: float = field(default_factory=time.monotonic)

    @property
    def requests(self) -> int:
        """Requests of this run, whoever answered them."""
        return self.answered + self.refused + self.remembered

    @property
    def tokens(self) -> int:
        """Tokens that this run has to pay for."""
        return self.prompt_tokens + self.completion_tokens

    def cost_usd(self, settings: RewriteSettings) -> float:
        """What this run has to pay at the prices in the settings, USD."""
        prompts = self.prompt_tokens * settings.usd_per_million_prompt_tokens
        completions = self.completion_tokens * settings.usd_per_million_completion_tokens
        return (prompts + completions) / 1e6

    def count_answer(self, answer: Completion) -> None:
        """An answer of the endpoint."""
        self.answered += 1
        self.retries += answer.tries - 1
        self.prompt_tokens += answer.prompt_tokens
        self.completion_tokens += answer.completion_tokens
        self.ended_at = time.monotonic()

    def count_remembered(self, answer: Completion) -> None:
        """An answer out of the cache."""
        self.remembered += 1
        self.remembered_tokens += answer.prompt_tokens + answer.completion_tokens
        self.ended_at = time.monotonic()

    def count_refusal(self, tries: int) -> None:
        """A request that the endpoint did not answer."""
        self.refused += 1
        self.retries += tries - 1
        self.ended_at = time.monotonic()

    def numbers(self, settings: RewriteSettings) -> dict[str, int | float]:
        """The counts by the names under which they are shown and plotted."""
        asked = self.answered + self.refused
        seconds = max(self.ended_at - self.began_at, 1e-9)
        return {
            "llm_requests": asked,
            "llm_retries": self.retries,
            "llm_requests_per_second": round(asked / seconds, 3),
            "llm_prompt_tokens": self.prompt_tokens,
            "llm_completion_tokens": self.completion_tokens,
            "llm_cost_usd": round(self.cost_usd(settings), 6),
            "llm_cached_requests": self.remembered,
            "llm_cached_tokens": self.remembered_tokens,
            "llm_cached_share": round(self.remembered / max(self.requests, 1), 4),
        }
