import asyncio

import pytest

from facecaption_assets.rewriting.client import Completion, Payload, RequestRefused
from facecaption_assets.rewriting.sharing import AskOnce


class Cached:
    """Answers after a while, and at once what it has answered before."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.sent: list[Payload] = []
        self.answers: dict[str, Completion] = {}

    async def __call__(self, payload: Payload) -> Completion:
        key = str(payload)
        if key not in self.answers:
            self.sent.append(payload)
            await asyncio.sleep(0.01)
            if len(self.sent) <= self.failures:
                raise RequestRefused("malformed")
            self.answers[key] = Completion(f"answer to {key}", 1, 1, "m")
        return self.answers[key]


def ask(cached: Cached, payloads: list[Payload]) -> list[Completion | BaseException]:
    async def all_at_once() -> list[Completion | BaseException]:
        once = AskOnce(cached)
        asked = (once(payload) for payload in payloads)
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_at_once())


def test_equal_requests_in_flight_are_sent_once() -> None:
    cached = Cached()
    answers = ask(cached, [{"seed": 1}] * 5 + [{"seed": 2}])
    assert cached.sent == [{"seed": 1}, {"seed": 2}]
    assert answers[:5] == [answers[0]] * 5 and answers[5] != answers[0]


def test_different_requests_do_not_wait_for_each_other() -> None:
    async def arrive_together(payload: Payload) -> Completion:
        async with asyncio.timeout(1):
            await barrier.wait()
        return Completion("", 1, 1, "m")

    async def both() -> None:
        once = AskOnce(arrive_together)
        await asyncio.gather(once({"seed": 1}), once({"seed": 2}))

    barrier = asyncio.Barrier(2)
    asyncio.run(both())


@pytest.mark.parametrize("failures", [1, 2])
def test_where_one_fails_the_next_tries(failures: int) -> None:
    cached = Cached(failures)
    answers = ask(cached, [{"seed": 1}] * 4)
    assert sum(isinstance(answer, RequestRefused) for answer in answers) == failures
    assert len(cached.sent) == failures + 1
