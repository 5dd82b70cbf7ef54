from facecaption_assets.quality.scores.texts import strangers_texts, texts_of
from facecaption_assets.schema import TABLES


def test_texts_are_the_kept_captions_of_kept_faces_by_face_and_source(shard) -> None:
    texts = texts_of(shard()[0])
    assert [(t.face_id[-7:], t.caption_source, t.caption_index) for t in texts] == [
        (face, source, int(source == "synthetic"))
        for face in ("00000-0", "00001-0", "00001-1", "00003-0")
        for source in ("alt_text", "template", "llm", "synthetic")
        if (face, source) != ("00003-0", "alt_text")
    ]


def test_faces_of_one_picture_each_have_its_alt_text(shard) -> None:
    texts = [t.text for t in texts_of(shard()[0]) if t.key.endswith("1") and not t.caption_index]
    assert texts.count("Somebody at the sea, 1") == 2


def test_captions_of_faces_that_are_no_longer_kept_are_no_texts(shard) -> None:
    tables, _ = shard()
    tables["face_crops"] = TABLES["face_crops"].arrow.empty_table()
    assert texts_of(tables) == []


def test_a_stranger_is_of_the_same_source_and_another_picture_and_says_something_else(
    shard,
) -> None:
    texts = texts_of(shard()[0])
    strangers = strangers_texts(texts)
    by_text = {(t.caption_source, t.text): t.key for t in texts}
    for own, other in strangers.items():
        assert by_text[own.caption_source, other] != own.key
    assert {t.caption_source for t in strangers} == {"alt_text", "template", "llm"}
    assert len(strangers) == 3 + 4 + 4


def test_a_text_alone_in_its_source_has_no_stranger(shard) -> None:
    first = texts_of(shard()[0])[:1]
    assert strangers_texts(first) == {}
