import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facecaption_assets.faces.placing import AnotherPicture, Size, place, placement
from facecaption_assets.shards.downloading.resizing import resized
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.images import decode_rgb, read_header

CODED = Size(120, 80)
#: A red block in the coded picture: left, top, right, bottom.
BLOCK = (16, 8, 40, 24)

sides = st.integers(50, 5000)


def coded_jpeg(orientation: int = 1) -> bytes:
    pixels = np.zeros((CODED.height, CODED.width, 3), np.uint8)
    left, top, right, bottom = BLOCK
    pixels[top:bottom, left:right, 0] = 255
    exif = Image.Exif()
    exif[274] = orientation
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling="4:4:4", exif=exif)
    return buffer.getvalue()


def block_in(image: np.ndarray) -> list[int]:
    """Where the red block is; borders are white."""
    rows, columns = np.nonzero((image[:, :, 0] > 128) & (image[:, :, 1] < 128))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def placed_block(seen: Size, orientation: int, image: np.ndarray, upright: Size) -> list[float]:
    stored = Size(image.shape[1], image.shape[0])
    corners = np.array(BLOCK, np.float64).reshape(2, 2) * np.array(seen) / np.array(CODED)
    moved = place(placement(seen, upright, orientation, stored), corners)
    return np.sort(moved, axis=0).ravel().tolist()


@pytest.mark.parametrize("scale", [1, 0.5, 3])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_of_the_coded_picture_is_found_again_in_the_upright_one(
    orientation: int, scale: float
) -> None:
    data = coded_jpeg(orientation)
    header = read_header(data, max_pixels=10**6)
    image = decode_rgb(data)
    upright = Size(header.width, header.height)
    seen = Size(int(CODED.width * scale), int(CODED.height * scale))
    found = placed_block(seen, header.exif_orientation, image, upright)
    assert found == pytest.approx(block_in(image))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_size_that_only_the_upright_picture_has_is_one_of_the_upright_picture(
    orientation: int,
) -> None:
    upright = Size(80, 120)
    matrix = placement(Size(160, 240), upright, orientation, upright)
    np.testing.assert_allclose(place(matrix, np.array([(20.0, 40.0)])), [(10, 20)])


@pytest.mark.parametrize(
    ("mode", "side"), [("keep_ratio", 40), ("border", 60), ("border", 200), ("keep_ratio", 200)]
)
def test_a_box_is_found_again_in_what_the_resize_modes_store(mode: str, side: int) -> None:
    smaller, *_ = resized(coded_jpeg(), DownloadSettings(resize=mode, resize_to_px=side))
    image = decode_rgb(smaller)
    found = placed_block(CODED, 1, image, CODED)
    assert found == pytest.approx(block_in(image), abs=1)


@given(seen=st.builds(Size, sides, sides), scale=st.floats(0.1, 4))
def test_there_and_back_is_the_same_place(seen: Size, scale: float) -> None:
    other = Size(max(1, round(seen.width * scale)), max(1, round(seen.height * scale)))
    points = np.array([(0, 0), (seen.width, seen.height), (seen.width / 3, seen.height / 7)])
    try:
        there, back = placement(seen, other, 1, other), placement(other, seen, 1, seen)
    except AnotherPicture:
        assert min(other) < 60  # Rounded sides of a thumbnail may distort it.
        return
    np.testing.assert_allclose(place(back, place(there, points)), points, atol=1e-6)
    np.testing.assert_allclose(place(there, points)[:2], [(0, 0), other], atol=1e-6)


@pytest.mark.parametrize(
    ("seen", "upright"),
    [
        (Size(640, 480), Size(480, 480)),
        (Size(640, 480), Size(480, 640)),
        (Size(640, 480), Size(640, 495)),
        (Size(0, 480), Size(640, 480)),
        (Size(640, 480), Size(1, 1)),
    ],
)
def test_a_picture_of_another_shape_is_another_one(seen: Size, upright: Size) -> None:
    with pytest.raises(AnotherPicture, match=f"LAION saw {seen} px, the picture .* {upright} px"):
        placement(seen, upright, 1, upright)


def test_a_thumbnail_with_rounded_sides_is_the_same_picture() -> None:
    placement(Size(1000, 667), Size(100, 67), 1, Size(100, 67))
