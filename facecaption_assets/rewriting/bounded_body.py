"""An HTTP answer of which no more is read than it may be long.

Imported where a client is opened: it loads the HTTP library.
"""

from collections.abc import AsyncIterator

import httpx2

from facecaption_assets.rewriting.answers import MAX_BODY_BYTES, MalformedAnswer


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for chunk in self._stream:
            length += len(chunk)
            if length > MAX_BODY_BYTES:
                raise MalformedAnswer(f"it is longer than {MAX_BODY_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def bound_body(response: httpx2.Response) -> None:
    """Bound the body of an answer whose head has come; an event hook of the HTTP client.

    Reading it raises ``MalformedAnswer`` where the body is too long, or was compressed although
    nothing of the kind was asked for: little can become much when it is unpacked.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        await response.aclose()
        raise MalformedAnswer(f"it is compressed: {response.headers['content-encoding']}")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)
