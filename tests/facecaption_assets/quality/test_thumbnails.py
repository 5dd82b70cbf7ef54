import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from upath import UPath

from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.gallery import Card, draw_cards
from facecaption_assets.quality.thumbnails import publish_thumbnails, shrink, thumbnail_name
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage


@pytest.fixture
def storage(build_home: Callable[..., Storage]) -> Storage:
    return build_home(shards=2, pictures=8)


@pytest.fixture
def cards(storage: Storage) -> list[Card]:
    with open_tables(storage) as connection:
        return draw_cards(connection, OptOut.none(), 100)


def names(folder: UPath) -> set[str]:
    return {path.name for path in folder.glob("*")}


def test_every_card_has_a_thumbnail(storage: Storage, cards: list[Card]) -> None:
    folder = storage.reports / "thumbnails"
    publish_thumbnails(storage, folder, cards, 64)
    assert names(folder) == {thumbnail_name(card, 64) for card in cards}
    for path in folder.glob("*"):
        assert Image.open(io.BytesIO(path.read_bytes())).size == (64, 64)


def test_a_thumbnail_is_made_once(storage: Storage, cards: list[Card]) -> None:
    folder = storage.reports / "thumbnails"
    publish_thumbnails(storage, folder, cards, 64)
    storage.tar_path("face_crops", "drawn-00000").unlink()
    storage.tar_path("face_crops", "drawn-00001").unlink()
    publish_thumbnails(storage, folder, cards, 64)
    assert len(names(folder)) == len(cards)


def test_a_thumbnail_that_no_card_shows_is_removed(storage: Storage, cards: list[Card]) -> None:
    folder = storage.reports / "thumbnails"
    publish_thumbnails(storage, folder, cards, 64)
    publish_thumbnails(storage, folder, cards[1:], 64)
    assert thumbnail_name(cards[0], 64) not in names(folder)
    assert len(names(folder)) == len(cards) - 1


def test_another_size_is_another_thumbnail(storage: Storage, cards: list[Card]) -> None:
    folder = storage.reports / "thumbnails"
    publish_thumbnails(storage, folder, cards, 64)
    publish_thumbnails(storage, folder, cards, 32)
    assert names(folder) == {thumbnail_name(card, 32) for card in cards}


@pytest.mark.parametrize(("size", "expected"), [((300, 150), (60, 30)), ((40, 20), (40, 20))])
def test_shrinking_keeps_the_shape_and_never_enlarges(
    size: tuple[int, int], expected: tuple[int, int], tmp_path: Path
) -> None:
    Image.new("RGB", size, "teal").save(tmp_path / "picture.png")
    small = Image.open(io.BytesIO(shrink((tmp_path / "picture.png").read_bytes(), 60)))
    assert (small.format, small.size) == ("JPEG", expected)
