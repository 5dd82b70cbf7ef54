import cv2
import numpy as np
import pytest

from facecaption_assets.faces.edges import canny_edges, edge_density


def density(crop: np.ndarray) -> float:
    return edge_density(canny_edges(crop))


def squares(side: int, count: int = 8) -> np.ndarray:
    y, x = np.indices((side, side)) * count // side
    board = ((x + y) % 2 * 255).astype(np.uint8)
    return np.repeat(board[..., None], 3, axis=2)


def test_a_plain_crop_has_no_edges() -> None:
    assert density(np.full((90, 90, 3), 128, np.uint8)) == 0.0


def test_density_is_cannys_share_of_edge_pixels_at_256_px() -> None:
    crop = squares(256)
    expected = (cv2.Canny(crop[..., 0].copy(), 100, 200) > 0).mean()
    assert density(crop) == pytest.approx(expected)


def test_density_does_not_depend_on_the_resolution() -> None:
    assert density(squares(1024)) == pytest.approx(density(squares(256)), rel=0.1)


def test_blur_lowers_the_density() -> None:
    sharp = squares(300, 30)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6), np.uint8)
    assert density(blurred) < density(sharp) / 2


def test_a_crop_of_one_pixel_is_measured() -> None:
    assert density(np.zeros((1, 1, 3), np.uint8)) == 0.0


def test_the_map_of_a_crop_of_any_shape_is_a_square_of_256_px() -> None:
    edges = canny_edges(squares(256)[:, :100])
    assert (edges.shape, edges.dtype) == ((256, 256), np.bool_)
