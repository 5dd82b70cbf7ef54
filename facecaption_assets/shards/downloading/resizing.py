"""The resize modes: originals → smaller JPEGs. Pictures are never enlarged."""

import io

from PIL import Image

from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.images import decode_rgb

_JPEG_QUALITY = 95


def resized(data: bytes, settings: DownloadSettings) -> tuple[bytes, int, int]:
    """The picture under the settings' mode as a JPEG, with its width and height in px.

    Raises:
        ImageDecodeError: If the pixels cannot be decoded.
    """
    image = Image.fromarray(decode_rgb(data))
    side = settings.resize_to_px
    longest = settings.resize == "border"
    reference = max(image.size) if longest else min(image.size)
    if reference > side:
        scale = side / reference
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if longest:
        canvas = Image.new("RGB", (side, side), "white")
        canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = canvas
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue(), image.width, image.height
