from collections import Counter
from collections.abc import Callable

import pytest

from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.face_measures import FACE_MEASURES
from facecaption_assets.quality.gallery import Card, draw_cards
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

Home = Callable[..., Storage]


def draw(storage: Storage, faces: int = 100, opt_out: OptOut | None = None) -> list[Card]:
    with open_tables(storage) as connection:
        return draw_cards(connection, opt_out or OptOut.none(), faces)


def test_a_card_says_all_that_is_known(build_home: Home) -> None:
    cards = {card.face_id: card for card in draw(build_home(shards=1, pictures=8))}
    assert len(cards) == 6
    card = cards["drawn-00000-00005-0"]
    assert card.positive == ["Brown_Hair", "Eyeglasses", "Smiling", "Young"]
    assert (card.shard, card.width, card.status) == ("drawn-00000", 192, "labelled")
    assert card.source == "drawn"
    assert dict(zip((m.name for m in FACE_MEASURES), card.scores, strict=True))[
        "detector's score"
    ] == pytest.approx(0.8)
    [pair] = card.captions
    assert pair.template == "A woman with brown hair."
    assert pair.rewritten == "Smiling gently, the woman has brown hair over the forehead."
    assert (pair.status, pair.reason) == ("accepted", None)


def test_a_card_says_why_the_template_was_kept(build_home: Home) -> None:
    cards = {card.face_id: card for card in draw(build_home(shards=1, pictures=8))}
    [pair] = cards["drawn-00000-00004-0"].captions
    assert (pair.status, pair.reason) == ("fell_back", "missing_attribute:Brown_Hair")
    assert pair.rejected is not None
    assert pair.rewritten == pair.template


def test_fates_are_those_of_the_captions_with_reasons_else_of_the_labels(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    fates = Counter(fate for card in draw(storage) for fate in card.fates)
    assert fates == {
        "accepted": 2,
        "repaired": 1,
        "repaired: too_long": 1,
        "fell_back": 2,
        "fell_back: missing_attribute": 2,
        "too_few_labels": 1,
    }
    storage.table_path("llm_captions", "drawn-00000").unlink()
    storage.table_path("face_attributes", "drawn-00000").unlink()
    assert {fate for card in draw(storage) for fate in card.fates} == {"not_labelled"}


def test_further_faces_are_shown_once(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    ids = [card.face_id for card in draw(storage)]
    with open_tables(storage) as connection:
        cards = draw_cards(connection, OptOut.none(), 1, also=[ids[0], ids[-1]])
    assert {ids[0], ids[-1]} <= {card.face_id for card in cards}
    assert len(cards) == len({card.face_id for card in cards}) <= 3


def test_faces_are_drawn_evenly_from_all_shards(build_home: Home) -> None:
    storage = build_home(shards=3, pictures=24)
    drawn = draw(storage, faces=9)
    assert Counter(card.shard for card in drawn) == dict.fromkeys(
        ("drawn-00000", "drawn-00001", "drawn-00002"), 3
    )
    assert draw(storage, faces=9) == drawn
    fewer = {card.face_id for card in draw(storage, faces=6)}
    assert fewer < {card.face_id for card in drawn}


@pytest.mark.parametrize("by", ["face_id", "key", "url", "sha256 of the picture", "of the crop"])
def test_opted_out_faces_are_not_shown(by: str, build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    key = "drawn-00000-00005"
    raw = {row["key"]: row for row in storage.read_table("raw_shards", "drawn-00000").to_pylist()}
    crops = {r["face_id"]: r for r in storage.read_table("face_crops", "drawn-00000").to_pylist()}
    entry = {
        "face_id": f"{key}-0",
        "key": key,
        "url": raw[key]["url"],
        "sha256 of the picture": raw[key]["sha256"],
        "of the crop": crops[f"{key}-0"]["sha256"],
    }[by]
    shown = {card.face_id for card in draw(storage, opt_out=OptOut.of(entry))}
    assert shown == {card.face_id for card in draw(storage)} - {f"{key}-0"}
