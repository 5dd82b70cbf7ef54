from typing import Any

import pytest

from facecaption_assets.quality.face_measures import FACE_MEASURES
from facecaption_assets.quality.gallery import CaptionPair, Card
from facecaption_assets.quality.gallery_page import gallery_content, render_gallery

DETECTOR, BRISQUE = (
    [measure.name for measure in FACE_MEASURES].index(name)
    for name in ("detector's score", "BRISQUE")
)


def card(number: int, **changes: Any) -> Card:
    scores: list[float | None] = [None] * len(FACE_MEASURES)
    scores[DETECTOR] = 0.87654321
    fields: dict[str, Any] = {
        "face_id": f"drawn-00000-{number:05d}-0",
        "shard": "drawn-00000",
        "sha256": "ab" * 32,
        "width": 192,
        "height": 128,
        "scores": scores,
        "alt_text": None,
        "status": "labelled",
        "positive": ["Smiling", "Young"],
        "captions": [CaptionPair("A man.", "fell_back", "A man.", "He is 30.", "number:30")],
    }
    return Card(**fields | changes)


def test_places_are_those_of_the_named_lists() -> None:
    others = {"shard": "mine-00001", "positive": ["Male"], "captions": [], "status": "no_labels"}
    content = gallery_content([card(1), card(2, **others)], 160)
    assert content["sources"] == [("drawn", 1), ("mine", 1)]
    assert content["attributes"] == [("Male", 1), ("Smiling", 1), ("Young", 1)]
    assert content["fates"] == [("fell_back", 1), ("fell_back: number", 1), ("no_labels", 1)]
    first, second = content["faces"]
    assert first[:7] == [
        "drawn-00000-00001-0",
        "drawn-00000-00001-0-abababababab-160.jpg",
        192,
        128,
        0,
        [0, 1],
        [1, 2],
    ]
    assert second[4:7] == [1, [2], [0]]


def test_a_text_that_is_not_the_models_is_not_given_as_its_own() -> None:
    kept = CaptionPair("A man.", "accepted", "He smiles.", None, None)
    face = gallery_content([card(1, captions=[*card(1).captions, kept])], 160)["faces"][0]
    assert face[-1] == [
        ["A man.", "fell_back", None, "He is 30.", "number:30"],
        ["A man.", "accepted", "He smiles.", None, None],
    ]


def test_measures_that_are_known_of_no_face_are_left_out() -> None:
    content = gallery_content([card(1), card(2)], 160)
    assert content["measures"] == ["detector's score"]
    assert [face[7] for face in content["faces"]] == [[0.877], [0.877]]
    scored = card(3, scores=[12.34 if at == BRISQUE else None for at in range(len(FACE_MEASURES))])
    content = gallery_content([card(1), scored], 160)
    assert content["measures"] == ["detector's score", "BRISQUE"]
    assert [face[7] for face in content["faces"]] == [[0.877, None], [None, 12.3]]


def test_long_alt_texts_are_cut() -> None:
    face = gallery_content([card(1, alt_text="x" * 1000)], 160)["faces"][0]
    assert len(face[8]) == 300


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!-- <img src=x>"])
def test_text_of_the_data_cannot_end_the_data(text: str) -> None:
    html = render_gallery([card(1, alt_text=text)], 160)
    assert text not in html
    assert html.count("</script>") == 2


def test_ten_thousand_faces_are_a_few_megabytes() -> None:
    html = render_gallery([card(number) for number in range(10_000)], 160)
    assert len(html) < 3_000_000
