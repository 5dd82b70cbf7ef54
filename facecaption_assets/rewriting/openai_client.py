"""The client for OpenAI's interface, as vLLM, llama.cpp and others speak it.

Timeouts and repetitions live here, over the library's aiohttp transport; what follows from which
fault is told in ``faults``, which endpoint is asked in ``endpoints``.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from facecaption_assets.rewriting.answers import read_completion
from facecaption_assets.rewriting.backoff import Backoff
from facecaption_assets.rewriting.client import (
    Completion,
    EndpointUnavailable,
    Payload,
    RequestRefused,
)
from facecaption_assets.rewriting.endpoints import Endpoint, EndpointPool, Turn
from facecaption_assets.rewriting.faults import Fault, Outcome, fault_of
from facecaption_assets.rewriting.patience import Patience

if TYPE_CHECKING:
    from openai import AsyncOpenAI, RequestOptions

#: Times that a failed request is repeated.
MAX_RETRIES: Final = 6

#: What the library would tell every endpoint about this machine; a request is cheaper without.
_UNSENT: Final = tuple(
    f"X-Stainless-{name}"
    for name in (
        *("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async"),
        *("Retry-Count", "Read-Timeout"),
    )
)

#: Longest wait for a connection, seconds.
CONNECT_TIMEOUT_S: Final = 10.0


#: Shorter ones are no secrets: hiding them would take words out of messages.
_SHORTEST_KEY: Final = 5


class OpenAIChatClient:
    """A client of one or several endpoints that serve the same model.

    Attributes:
        base_urls: Endpoints up to and including ``/v1``.
        model: Name that requests ask for.
        timeout_s: Longest wait for one whole answer, seconds.
        connect_timeout_s: Longest wait for a connection, seconds.
        max_retries: Times that a failed request is repeated.
        most_in_flight: Connections that may be open to each endpoint.
    """

    def __init__(
        self,
        base_urls: str | Sequence[str],
        model: str,
        api_key: str,
        timeout_s: float,
        max_retries: int = MAX_RETRIES,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        most_in_flight: int = 1_000,
        backoff: Backoff | None = None,
    ) -> None:
        self.base_urls = (base_urls,) if isinstance(base_urls, str) else tuple(base_urls)
        self.model = model
        self.timeout_s = timeout_s
        self.connect_timeout_s = min(connect_timeout_s, timeout_s)
        self.max_retries = max_retries
        self.most_in_flight = most_in_flight
        self._api_key = api_key
        self._backoff = backoff or Backoff()
        self._pool = EndpointPool(self.base_urls, max_retries + 2, self._backoff)
        self._chance = random.Random()
        self._clients: dict[str, AsyncOpenAI] = {}

    async def complete(self, payload: Payload) -> Completion:
        """Answer one request, repeating it while endpoints are busy or briefly away.

        Raises:
            EndpointUnavailable: If every endpoint is away or busy after the last repetition, or
                one does not know us or the model.
            RequestRefused: If this request alone cannot be answered.
        """
        patience, avoided = Patience(self.max_retries, self._backoff, self._pool.answers), None
        while True:
            turn = await self._turn(avoided)
            patience.tries += 1
            result = await self._try(turn, payload, patience.tries)
            if isinstance(result, Completion):
                return result
            now = time.monotonic()
            failures = patience.note(result, self._pool.answers, now)
            if patience.is_over(now):
                raise self._give_up(turn.endpoint, result, patience.tries)
            avoided = turn.endpoint
            # What one endpoint asks for does not hold back those that are free.
            asked_for = None if self._pool.has_other(avoided, now) else result.retry_after_s
            await asyncio.sleep(self._backoff.wait_s(failures, asked_for, self._chance))

    async def aclose(self) -> None:
        """Drop the connections of the running event loop; a later request opens new ones."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    async def _turn(self, avoided: Endpoint | None) -> Turn:
        while True:
            if self._pool.is_down:
                worst = max(self._pool.endpoints, key=lambda endpoint: endpoint.failures)
                reason = worst.last_fault.message if worst.last_fault else ""
                raise EndpointUnavailable(self._explain(", ".join(self.base_urls), reason))
            now = time.monotonic()
            if turn := self._pool.take(now, avoided):
                return turn
            await asyncio.sleep(self._pool.wait_s(now))

    async def _try(self, turn: Turn, payload: Payload, tries: int) -> Completion | Fault:
        """One try: the answer, or the fault if another try may help."""
        try:
            answer = await self._ask(turn.endpoint, payload)
        except Exception as error:
            fault = fault_of(error)
        else:
            self._pool.note_answer(turn)
            return Completion(
                answer.text, answer.prompt_tokens, answer.completion_tokens, answer.model, tries
            )
        finally:
            self._pool.give_back(turn)
        if fault.outcome is Outcome.REFUSED:
            self._pool.note_answer(turn)
            raise RequestRefused(self._conceal(fault.message), tries)
        if fault.outcome is Outcome.MISCONFIGURED:
            raise EndpointUnavailable(self._explain(turn.endpoint.base_url, fault.message))
        note = self._pool.note_busy if fault.outcome is Outcome.BUSY else self._pool.note_failure
        note(turn, fault, time.monotonic())
        return fault

    async def _ask(self, endpoint: Endpoint, payload: Payload) -> Completion:
        client = self._clients.get(endpoint.base_url)
        if client is None:
            client = self._clients[endpoint.base_url] = self._open(endpoint.base_url)
        # The library's own timeouts bound single waits; a body that drips would never end.
        async with asyncio.timeout(self.timeout_s):
            # A whole address is not taken apart and put together for each request.
            address = f"{endpoint.base_url.rstrip('/')}/chat/completions"
            body = await client.post(address, cast_to=bytes, body=payload, options=_options())
        return read_completion(body)

    def _open(self, base_url: str) -> "AsyncOpenAI":
        import httpx2
        from openai import AsyncOpenAI, DefaultAioHttpClient

        from facecaption_assets.rewriting.bounded_body import bound_body

        timeout = httpx2.Timeout(self.timeout_s, connect=self.connect_timeout_s)
        return AsyncOpenAI(
            base_url=base_url,
            api_key=self._api_key,
            timeout=timeout,
            max_retries=0,
            http_client=DefaultAioHttpClient(
                timeout=timeout,
                limits=httpx2.Limits(max_connections=self.most_in_flight),
                follow_redirects=False,
                event_hooks={"response": [bound_body]},
            ),
        )

    def _give_up(
        self, endpoint: Endpoint, fault: Fault, tries: int
    ) -> EndpointUnavailable | RequestRefused:
        nobody_there = fault.outcome is Outcome.UNREACHABLE and self._pool.is_failing
        if fault.outcome is Outcome.BUSY or nobody_there or self._pool.is_resting:
            return EndpointUnavailable(self._explain(endpoint.base_url, fault.message))
        return RequestRefused(self._conceal(f"{fault.message} ({tries} tries)"), tries)

    def _explain(self, address: str, message: str) -> str:
        return self._conceal(
            f"the endpoint of RewriteSettings.base_url, {address}, did not answer: {message} "
            f"(RewriteSettings.model {self.model!r}, timeout_s {self.timeout_s:g}, "
            f"{self.max_retries} retries). What was answered is cached; run the shard again."
        )

    def _conceal(self, message: str) -> str:
        """The message without the key, should an endpoint repeat it, whole or cut off."""
        key = self._api_key
        if len(key) < _SHORTEST_KEY:
            return message
        for length in range(_SHORTEST_KEY, len(key)):
            message = message.replace(f"{key[:length]}…", "***…")
        return message.replace(key, "***")


@cache
def _options() -> "RequestOptions":
    """What is said with every request beside its body."""
    from openai import Omit

    return {"headers": {"Accept-Encoding": "identity", **dict.fromkeys(_UNSENT, Omit())}}
