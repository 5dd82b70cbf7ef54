"""A web server on loopback that misbehaves on request.

The path says what happens: ``/ok/7.jpg`` sends a picture, ``/pictures/a.jpg`` one that the test
gave, ``/drip`` a byte now and then, and so on. Every request is logged, so that a test can say
what was asked for how often.
"""

import asyncio
import gzip
import io
import ssl
import threading
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import contextmanager

from PIL import Image


def _picture(width: int, height: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height)).save(buffer, kind)
    return buffer.getvalue()


JPEG = _picture(64, 48)

#: 400 million pixels in a few kilobytes. Made beforehand: it takes longer than some deadlines.
PNG_BOMB = _picture(20_000, 20_000, "PNG", "1")

GZIP_BOMB = gzip.compress(bytes(10**7))


def _drawing() -> bytes:
    buffer = io.BytesIO()
    Image.effect_mandelbrot((96, 64), (-2.0, -1.0, 1.0, 1.0), 50).save(buffer, "JPEG")
    return buffer.getvalue()


#: A picture with something on it; the others are of one tone.
DRAWING = _drawing()


def jpeg_of(path: str) -> bytes:
    """The picture at a path below ``/ok``: the same kind for all, other bytes for each."""
    # A comment segment behind the start marker makes the bytes differ.
    comment = path.encode()
    return JPEG[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + JPEG[2:]


def response(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole answer; ``length`` announces another length than the body has."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class FaultServer:
    """The server's state; ``port`` and ``base`` are set when it runs."""

    def __init__(
        self,
        robots: bytes = b"User-agent: *\nDisallow: /forbidden\n",
        pictures: Mapping[str, bytes] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        self.robots = response("200 OK", robots)
        self.pictures = pictures or {}
        self.asked: Counter[str] = Counter()
        self.moments: list[tuple[float, str]] = []
        self.in_flight = self.most_in_flight = 0
        self.connections: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
        self.delay_s = 0.0
        #: Paths that send a picture by now, whatever they say.
        self.mended: set[str] = set()
        self.base = ""
        self.port = 0

    def fixed(self, path: str) -> bytes | None:
        """The answer to a path that is answered at once."""
        if path in self.mended:
            return response("200 OK", jpeg_of(path), "Content-Type: image/jpeg")
        name = path.split("/")[1]
        away = {
            "loop": "Location: /loop",
            "circle": "Location: /circle2",
            "circle2": "Location: /circle",
            "to_ok": "Location: /ok/target.jpg",
            "to_private": f"Location: http://127.0.0.2:{self.port}/ok/private.jpg",
            "to_file": "Location: file:///etc/hostname",
            "nowhere": "X-Nothing: here",
        }
        if name in away:
            return response("302 Found", b"", away[name])
        if name == "pictures":
            return response("200 OK", self.pictures[path.rpartition("/")[2]])
        if name == "chain":
            left = int(path.split("/")[2])
            target = f"/chain/{left - 1}" if left else "/ok/chained.jpg"
            return response("302 Found", b"", f"Location: {target}")
        if name == "busy_once" and self.asked[path] > 1:
            return response("200 OK", JPEG)
        makers = {
            "ok": lambda: response("200 OK", jpeg_of(path), "Content-Type: image/jpeg"),
            "robots.txt": lambda: self.robots,
            "drawing": lambda: response("200 OK", DRAWING, "Content-Type: image/jpeg"),
            "404": lambda: response("404 Not Found"),
            "410": lambda: response("410 Gone"),
            "403": lambda: response("403 Forbidden"),
            "500": lambda: response("500 Oops"),
            "busy": lambda: response("429 Busy", b"", "Retry-After: 0"),
            "busy_once": lambda: response("429 Busy", b"", "Retry-After: 1"),
            "busy_for_hours": lambda: response("429 Busy", b"", "Retry-After: 9999"),
            "truncated": lambda: response("200 OK", JPEG[:200], length=len(JPEG)),
            "cut_picture": lambda: response("200 OK", JPEG[: len(JPEG) // 2]),
            "html": lambda: response("200 OK", b"<html>gone</html>", "Content-Type: image/jpeg"),
            "gif": lambda: response("200 OK", _picture(8, 8, "GIF"), "Content-Type: image/jpeg"),
            "mislabelled": lambda: response("200 OK", JPEG, "Content-Type: text/html"),
            "empty": lambda: response("200 OK"),
            "nothing": lambda: b"HTTP/1.1 204 No Content\r\n\r\n",
            "garbage": lambda: b"\x00\x01\x02 garbage\r\n\r\n",
            "huge": lambda: response("200 OK", length=10**12),
            "gzip_bomb": lambda: response("200 OK", GZIP_BOMB, "Content-Encoding: gzip"),
            "png_bomb": lambda: response("200 OK", PNG_BOMB),
            "noai": lambda: response("200 OK", JPEG, "X-Robots-Tag: noai, noimageai"),
            "other_bot": lambda: response("200 OK", JPEG, "X-Robots-Tag: otherbot: noindex"),
            "forbidden": lambda: response("200 OK", JPEG),
        }
        return makers[name]() if name in makers else None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        self.connections.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                self._note(path)
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    keep = await self._answer(path, writer)
                finally:
                    self.in_flight -= 1
                if not keep:
                    break
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()

    def _note(self, path: str) -> None:
        self.asked[path] += 1
        self.moments.append((asyncio.get_running_loop().time(), path))

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        answer = self.fixed(path)
        if answer is not None:
            writer.write(answer)
            await writer.drain()
            return not path.startswith(("/truncated", "/huge", "/garbage"))
        async for chunk in _slowly(path):
            writer.write(chunk)
            await writer.drain()
        return False

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Listen; ``0.0.0.0`` answers to every loopback address."""
        server = await asyncio.start_server(self.handle, host, port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self.base = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        return server


async def _slowly(path: str) -> AsyncIterator[bytes]:
    """What is sent, never to an end, for paths that are not answered at once."""
    if path == "/drip":
        yield response("200 OK", length=10**6)
        while True:
            yield b"x"
            await asyncio.sleep(0.05)
    if path == "/endless":
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield bytes(65536)
    if path == "/silent":
        await asyncio.sleep(60)


@contextmanager
def running(server: FaultServer, host: str = "127.0.0.1"):
    """Run the server in a thread of its own."""
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(server.serve(host))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def stop() -> None:
        listening.close()
        # Connections that were accepted just now get their tasks in the turns that follow.
        await asyncio.sleep(0.01)
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # What a client never read keeps a connection open beyond its task.
        for connection in list(server.connections):
            connection.transport.abort()
        # Transports close in the turns of the loop that follow.
        await asyncio.sleep(0.01)

    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
