"""A quick chat endpoint on loopback that answers every request with its draft, after a while.

``python -m tests.chat_endpoint LATENCY_MS`` prints its base URL and runs until it is killed. It
counts requests: ``GET /count`` gives how often each was sent, by its key in the cache, as JSON.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import ClassVar, Final

from facecaption_assets.rewriting.cache import request_key

_ANSWER: Final = (
    b'{"id":"1","object":"chat.completion","created":0,"model":"echo","choices":[{"index":0,'
    b'"finish_reason":"stop","message":{"role":"assistant","content":"%b"}}],'
    b'"usage":{"prompt_tokens":320,"completion_tokens":24,"total_tokens":344}}'
)


def _reply(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


class ChatProtocol(asyncio.Protocol):
    """One connection; a request is answered ``latency_s`` after it has come."""

    latency_s = 0.02
    asked: ClassVar[Counter[bytes]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n") + 4) >= 4:
            head = self.buffer[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r")[0] or 0)
            if len(self.buffer) < end + length:
                return
            body, self.buffer = self.buffer[end : end + length], self.buffer[end + length :]
            if head.startswith(b"get"):
                count = {request_key(json.loads(asked)): n for asked, n in self.asked.items()}
                self.transport.write(_reply(json.dumps(count).encode()))
                continue
            self.asked[body] += 1
            # The draft as it stands in the JSON: its escapes fit the answer's.
            draft = body.rpartition(b"Draft: ")[2].partition(b"\\n")[0]
            asyncio.get_running_loop().call_later(self.latency_s, self._answer, draft)

    def _answer(self, draft: bytes) -> None:
        self.transport.write(_reply(_ANSWER % draft))


async def main(latency_ms: float) -> None:
    """Serve until killed."""
    ChatProtocol.latency_s = latency_ms / 1000
    loop = asyncio.get_running_loop()
    server = await loop.create_server(ChatProtocol, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
