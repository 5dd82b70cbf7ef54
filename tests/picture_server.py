"""A quick web server on loopback: the same picture in many variants, for benchmarks.

``python -m tests.picture_server`` prints its address and runs until it is killed. Any path ending
in a number and ``.jpg`` is a JPEG of 640x480.
"""

import asyncio
import io
import sys

import numpy as np
from PIL import Image

VARIANTS = 64


def _jpeg(seed: int) -> bytes:
    """A picture of soft noise, which compresses like a photo."""
    noise = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


class PictureProtocol(asyncio.Protocol):
    """One connection; requests are answered in turn."""

    answers: tuple[bytes, ...] = ()
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end].lower(), self.buffer[end + 4 :]
            name = head.split(b" ", 2)[1].rpartition(b"/")[2].removesuffix(b".jpg")
            found = name.isdigit()
            self.transport.write(self.answers[int(name) % VARIANTS] if found else self.missing)
            if b"connection: close" in head:
                self.transport.close()


async def main() -> None:
    """Serve until killed."""
    pictures = [_jpeg(seed) for seed in range(VARIANTS)]
    PictureProtocol.answers = tuple(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b"
        % (len(picture), picture)
        for picture in pictures
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(PictureProtocol, "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port} {sum(map(len, pictures)) // VARIANTS}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
