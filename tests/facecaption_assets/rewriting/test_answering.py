import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from facecaption_assets.rewriting.answering import Answering, BudgetSpent
from facecaption_assets.rewriting.cache import RequestCache, request_key
from facecaption_assets.rewriting.client import Completion, Payload, RequestRefused
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.usage import Usage


@dataclass
class Talker:
    """Answers everything with 100 tokens, at the second try."""

    model: str = "talker"
    asked: list[Payload] = field(default_factory=list)

    async def complete(self, payload: Payload) -> Completion:
        self.asked.append(payload)
        await asyncio.sleep(0)
        if payload["seed"] == 99:
            raise RequestRefused("bad grammar", tries=3)
        return Completion("Yes.", 80, 20, self.model, tries=2)

    async def aclose(self) -> None:
        pass


@dataclass
class Run:
    """Asks for seeds in a folder's cache, and keeps what came of them."""

    folder: Path
    settings: RewriteSettings = field(default_factory=RewriteSettings)
    talker: Talker = field(default_factory=Talker)
    usage: Usage = field(default_factory=Usage)

    def ask(self, *seeds: int, at_once: bool = False) -> list[Any]:
        async def run(answering: Answering) -> list[Any]:
            questions = [answering.answer({"seed": seed}) for seed in seeds]
            if at_once:
                return list(await asyncio.gather(*questions, return_exceptions=True))
            return [(await asyncio.gather(q, return_exceptions=True))[0] for q in questions]

        with RequestCache(self.folder) as cache:
            return asyncio.run(run(Answering(self.talker, cache, self.settings, self.usage)))


def test_an_answer_is_durable_before_anybody_sees_it(tmp_path: Path) -> None:
    async def run() -> None:
        with RequestCache(tmp_path) as cache, RequestCache(tmp_path) as other:
            answering = Answering(Talker(), cache, RewriteSettings(), Usage())
            answer = await answering.answer({"seed": 1})
            assert other.lookup(request_key({"seed": 1})) == answer

    asyncio.run(run())


def test_what_is_remembered_is_not_asked_and_costs_nothing(tmp_path: Path) -> None:
    Run(tmp_path).ask(1, 2, 3)
    again = Run(tmp_path, RewriteSettings(budget_tokens=1))
    assert [answer.text for answer in again.ask(1, 2, 3)] == ["Yes."] * 3
    assert again.talker.asked == []
    numbers = again.usage.numbers(again.settings)
    assert numbers["llm_cached_share"] == 1 and numbers["llm_cached_tokens"] == 300
    assert numbers["llm_requests"] == numbers["llm_prompt_tokens"] == 0


def test_a_run_stops_at_its_budget_of_tokens_and_the_next_goes_on(tmp_path: Path) -> None:
    settings = RewriteSettings(budget_tokens=250)
    first = Run(tmp_path, settings)
    results = first.ask(1, 2, 3, 4, 5)
    assert [type(r) for r in results] == [Completion] * 3 + [BudgetSpent] * 2
    assert len(first.talker.asked) == 3
    message = str(results[-1])
    assert "RewriteSettings.budget_tokens is 250" in message and "300 tokens" in message
    assert "run the shard again" in message
    second = Run(tmp_path, settings)
    assert [type(r) for r in second.ask(1, 2, 3, 4, 5)] == [Completion] * 5
    assert len(second.talker.asked) == 2


def test_a_large_budget_is_told_in_full(tmp_path: Path) -> None:
    run = Run(tmp_path, RewriteSettings(budget_tokens=5_000_000))
    run.usage.prompt_tokens = 5_000_000
    (error,) = run.ask(1)
    assert "RewriteSettings.budget_tokens is 5,000,000 for each run" in str(error)


def test_a_budget_in_money_follows_the_prices(tmp_path: Path) -> None:
    settings = RewriteSettings(
        budget_usd=0.0005,
        usd_per_million_prompt_tokens=1.0,
        usd_per_million_completion_tokens=5.0,
    )
    run = Run(tmp_path, settings)
    results = run.ask(1, 2, 3, 4)
    # 80 and 100 millionths a request.
    assert [type(r) for r in results] == [Completion] * 3 + [BudgetSpent]
    assert "RewriteSettings.budget_usd is 0.0005" in str(results[-1])
    assert run.usage.numbers(settings)["llm_cost_usd"] == 0.00054


def test_what_is_in_flight_when_the_budget_is_spent_comes_in(tmp_path: Path) -> None:
    run = Run(tmp_path, RewriteSettings(budget_tokens=100))
    results = run.ask(1, 2, 3, at_once=True)
    assert [type(r) for r in results] == [Completion] * 3
    assert run.usage.tokens == 300


def test_requests_retries_and_refusals_are_counted(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.ask(1, 2, 99, 1)
    numbers = run.usage.numbers(run.settings)
    assert (numbers["llm_requests"], numbers["llm_retries"]) == (3, 4)
    assert (numbers["llm_prompt_tokens"], numbers["llm_completion_tokens"]) == (160, 40)
    assert (numbers["llm_cached_requests"], numbers["llm_cached_share"]) == (1, 0.25)
    assert numbers["llm_requests_per_second"] > 0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"budget_usd": 1.0}, "usd_per_million_prompt_tokens"),
        ({"budget_usd": float("nan")}, "budget_usd is nan"),
        ({"budget_tokens": -1}, "budget_tokens is -1"),
        ({"max_retries": -1}, "max_retries is -1"),
        ({"connect_timeout_s": 0.0}, "connect_timeout_s is 0"),
    ],
)
def test_a_bound_that_cannot_be_meant_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        RewriteSettings(**values)


def test_addresses_are_listed_with_commas() -> None:
    settings = RewriteSettings(base_url="http://a/v1, http://b/v1,")
    assert settings.base_urls == ("http://a/v1", "http://b/v1")
    assert RewriteSettings().base_urls == ()
