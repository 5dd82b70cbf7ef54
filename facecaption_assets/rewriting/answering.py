"""A request → its answer: the remembered one, else the endpoint's, within the budget.

Every answer that was paid for is durable before anybody sees it.
"""

import asyncio

from facecaption_assets.rewriting.cache import RequestCache, request_key
from facecaption_assets.rewriting.client import (
    ChatClient,
    Completion,
    EndpointUnavailable,
    Payload,
    RequestRefused,
)
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.usage import Usage


class BudgetSpent(RuntimeError):
    """The run has cost as much as it may; what was answered is cached."""


class Answering:
    """Answers requests of one run.

    Attributes:
        client: Whom to ask.
        cache: Open cache of answers.
        settings: Bounds on what a run may cost. Only what the endpoint answers in this run counts;
            requests in flight when a bound is reached still come in, and count.
        usage: What was answered so far; added to.
    """

    def __init__(
        self, client: ChatClient, cache: RequestCache, settings: RewriteSettings, usage: Usage
    ) -> None:
        self.client = client
        self.cache = cache
        self.settings = settings
        self.usage = usage

    async def answer(self, payload: Payload) -> Completion:
        """Answer one request.

        Raises:
            BudgetSpent: If it would have to be asked, and nothing more may be.
            CacheUnusable: If answers cannot be kept.
            EndpointUnavailable: If no request can succeed.
            RequestRefused: If this one cannot.
        """
        key = request_key(payload)
        stored = self.cache.lookup(key)
        if stored is not None:
            self.usage.count_remembered(stored)
            return stored
        self._require_budget()
        try:
            answer = await self.client.complete(payload)
        except RequestRefused as refusal:
            self.usage.count_refusal(refusal.tries)
            raise
        except EndpointUnavailable as error:
            known = self.usage.answered + self.usage.remembered
            raise EndpointUnavailable(f"{error} Cached of it by now: {known} answers.") from error
        self.usage.count_answer(answer)
        await asyncio.wrap_future(self.cache.store(key, answer))
        return answer

    def _require_budget(self) -> None:
        settings, usage = self.settings, self.usage
        spent = usage.cost_usd(settings)
        if settings.budget_tokens and usage.tokens >= settings.budget_tokens:
            raise self._spent("budget_tokens", settings.budget_tokens, f"{usage.tokens:,} tokens")
        if settings.budget_usd and spent >= settings.budget_usd:
            raise self._spent("budget_usd", settings.budget_usd, f"{spent:.4f} USD")

    def _spent(self, setting: str, bound: float, used: str) -> BudgetSpent:
        return BudgetSpent(
            f"RewriteSettings.{setting} is {bound:,} for each run, and this one has used {used} on "
            f"{self.usage.answered} requests. They are cached: run the shard again to go on with "
            f"a fresh budget, or raise {setting}."
        )
