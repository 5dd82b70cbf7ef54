"""Equal requests at the same time are asked once.

Needed only where faces share answers: otherwise no two requests of a run are equal.
"""

import asyncio
from collections import Counter

from facecaption_assets.rewriting.cache import request_key
from facecaption_assets.rewriting.client import Completion, Payload
from facecaption_assets.rewriting.one_caption import Ask


class AskOnce:
    """Lets one of several equal requests through at a time.

    Those that wait are let through afterwards and find its answer in the cache; where it failed,
    the next one tries.

    Attributes:
        ask: Answers a request, from the cache where it can.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    async def __call__(self, payload: Payload) -> Completion:
        """Answer the request when no equal one is under way."""
        key = request_key(payload)
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._waiting[key] += 1
        try:
            async with lock:
                return await self.ask(payload)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]
