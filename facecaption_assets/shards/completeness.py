"""Whether a picture file ends where its format says, told without decoding pixels.

What becomes of a cut file belongs to ``images``.
"""

from typing import Final

#: PNG's last chunk is always the same: type and checksum of an empty IEND.
_PNG_END: Final = b"IEND\xaeB`\x82"


def is_complete(data: bytes, extension: str) -> bool:
    """Whether a picture's bytes go on to the end of the picture.

    Args:
        data: The picture.
        extension: ``jpg``, ``png`` or ``webp``, told by its content.
    """
    if extension == "png":
        return _PNG_END in data[-64 * 1024 :]
    if extension == "webp":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return _jpeg_is_complete(data)


def _jpeg_is_complete(data: bytes) -> bool:
    """Whether an end-of-image marker follows the first scan.

    Segments are walked up to the scan, because a thumbnail inside EXIF has an end marker of its
    own; within a scan 0xFFD9 cannot occur by chance (ITU-T T.81, F.1.2.3: 0xFF is stuffed).
    """
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xDA:
            return data.rfind(b"\xff\xd9", position) >= 0
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False
