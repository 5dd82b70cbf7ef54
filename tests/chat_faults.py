"""A chat endpoint on loopback that misbehaves on request, built on aiohttp's server.

What happens is told by a function from the request and how many came before it to a fault's name,
or to a status; ``None`` is a good answer. Every request is kept, so that a test can count.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

GOOD: Final = "A woman with wavy hair is smiling and wearing eyeglasses."

Plan = Callable[[dict[str, Any], int], "str | int | None"]


def completion(content: str | None = GOOD, finish_reason: str = "stop", **more: Any) -> Any:
    """The JSON of a chat completion."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    usage = {"prompt_tokens": 300, "completion_tokens": 20, "total_tokens": 320}
    answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "faulty"}
    return answer | {"choices": [choice], "usage": usage} | more


#: Whole answers with status 200, by name.
ANSWERS: Final[dict[str, tuple[str, str]]] = {
    "wrong_json": ("{'choices': nonsense", "application/json"),
    "cut_json": (json.dumps(completion())[:60], "application/json"),
    "not_an_object": ("[1, 2]", "application/json"),
    "empty": ("", "application/json"),
    "html": ("<html><body>Please log in</body></html>", "text/html"),
    "html_as_json": ("<html><body>Please log in</body></html>", "application/json"),
    "other_json": ('{"answer": 42}', "application/json"),
    "empty_choices": (json.dumps(completion(choices=[])), "application/json"),
    "null_choices": (json.dumps(completion(choices=None)), "application/json"),
    "choice_of_nothing": (json.dumps(completion(choices=[None])), "application/json"),
    "number_for_text": (json.dumps(completion(7)), "application/json"),  # type: ignore[arg-type]
    "error_body": ('{"error": {"message": "upstream broke"}}', "application/json"),
    "error_429": ('{"error": {"message": "slow down", "code": 429}}', "application/json"),
    "error_400": ('{"error": {"message": "bad grammar", "code": 400}}', "application/json"),
    "deep": ("[" * 10**6, "application/json"),
    "huge": (" " * (5 * 2**20) + json.dumps(completion()), "application/json"),
    "half_a_character": (json.dumps(completion("A man.\ud83d")), "application/json"),
    "null_content": (json.dumps(completion(None)), "application/json"),
    "no_usage": (json.dumps(completion(usage=None)), "application/json"),
    "cut_off": (json.dumps(completion("A woman with", "length")), "application/json"),
    "filtered": (json.dumps(completion("A wo", "content_filter")), "application/json"),
    "mislabelled": (json.dumps(completion()), "text/plain"),
}


@dataclass
class FaultyChat:
    """What the endpoint does, and what it has seen."""

    plan: Plan
    retry_after: str | None = None
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        payload = await request.json()
        number = len(self.asked)
        self.asked.append(payload)
        self.moments.append(time.monotonic())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._do(self.plan(payload, number), request)
        finally:
            self.in_flight -= 1

    async def _do(self, fault: str | int | None, request: web.Request) -> web.StreamResponse:
        if fault is None:
            return web.json_response(completion())
        if isinstance(fault, int):
            headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
            key = request.headers.get("Authorization", "")
            error = {"message": f"status {fault} for {key}", "code": None}
            return web.json_response({"error": error}, status=fault, headers=headers)
        if fault in ANSWERS:
            text, kind = ANSWERS[fault]
            return web.Response(text=text, content_type=kind)
        return await getattr(self, f"_{fault}")(request)

    async def _no_quota(self, request: web.Request) -> web.StreamResponse:
        error = {"message": "pay first", "code": "insufficient_quota"}
        return web.json_response({"error": error}, status=429)

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=301, headers={"Location": "https://example.com/v1"})

    async def _proxy_page(self, request: web.Request) -> web.StreamResponse:
        page = f"<html>{'Bad gateway ' * 100}</html>"
        return web.Response(status=502, text=page, content_type="text/html")

    async def _compressed(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _garbage(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"\x00\x01 no HTTP at all\r\n\r\n")
        request.transport.close()
        return web.Response()

    async def _disconnect(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        await response.write(b'{"choices": [')
        assert request.transport is not None
        request.transport.abort()
        return response

    async def _silent(self, request: web.Request) -> web.StreamResponse:
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.01)
        return web.Response()

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.json_response(completion())

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        for _ in range(600):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 10_000
        await response.prepare(request)
        return response


@contextmanager
def faulty_chat(plan: Plan, retry_after: str | None = None) -> Iterator[FaultyChat]:
    """Serve on a free port in a thread of its own."""
    chat = FaultyChat(plan, retry_after)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", chat.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        chat.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()
        await done.wait()
        server = runner.server
        assert server is not None
        # What a client never read keeps a connection open beyond its request.
        transports = [connection.transport for connection in server.connections]
        await runner.cleanup()
        for transport in filter(None, transports):
            transport.abort()
        # Transports close in the turns of the loop that follow.
        await asyncio.sleep(0.01)

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield chat
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
