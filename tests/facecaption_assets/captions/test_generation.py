import pyarrow as pa
import pytest

from facecaption_assets.captions.generation import (
    caption_faces,
    generate_caption,
    stage_identity,
)
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_ATTRIBUTES, TEMPLATE_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut


def face(
    face_id: str, *positive: str, status: str = "labelled", **values: object
) -> dict[str, object]:
    return {
        "face_id": face_id,
        "key": face_id.rpartition("-")[0],
        "split_group": face_id,
        "status": status,
        "num_positive": len(positive),
        "resolved_conflicts": [],
        **{name: name in positive or None for name in ATTRIBUTE_COLUMNS},
        **values,
    }


def table(*faces: dict[str, object]) -> pa.Table:
    return FACE_ATTRIBUTES.from_rows(list(faces))


WOMAN = face("s-00000-0", "Wavy_Hair", "Brown_Hair", "Bangs", "Smiling", Male=False)
MAN = face("s-00001-0", "Male", "Young", "Eyeglasses", "No_Beard", age_years=25.0)


#: Drawn with the grammar of version 3.
GOLDEN = [
    "The smiling woman has bangs, along with brown wavy hair.",
    "The woman has wavy brown hair, together with bangs. She is also smiling.",
    "This young man is clean-shaven and is wearing eyeglasses.",
    "In the photograph, the clean-shaven young man is wearing eyeglasses.",
]


def test_captions_of_known_faces_stay_as_they_are() -> None:
    """A change here needs another GRAMMAR_VERSION."""
    texts = [
        caption.text
        for row in (WOMAN, MAN)
        for index in (0, 1)
        if (caption := generate_caption(row, index, CaptionSettings()))
    ]
    assert texts == GOLDEN


def test_labelled_faces_times_captions_per_face_is_the_number_of_rows() -> None:
    faces = table(WOMAN, face("s-00002-0", status="too_few_labels"), MAN, face("s-00003-0"))
    captions = caption_faces(faces, CaptionSettings(captions_per_face=3), OptOut.none())
    assert captions.schema.equals(TEMPLATE_CAPTIONS.arrow)
    assert captions.num_rows == 3 * 3
    assert captions["face_id"].to_pylist()[::3] == ["s-00000-0", "s-00001-0", "s-00003-0"]
    assert captions["caption_index"].to_pylist() == [0, 1, 2] * 3


def test_the_listed_attributes_are_positive_and_speakable() -> None:
    (row,) = caption_faces(table(MAN), CaptionSettings(), OptOut.none()).to_pylist()
    assert row["attributes"] == ["Eyeglasses", "Male", "No_Beard", "Young"]
    assert row["status"] == "captioned" and "young man" in row["caption"]


@pytest.mark.parametrize("positive", [(), ("Male",), ("Male", "Young"), ("Attractive",)])
def test_a_face_that_nothing_describes_has_no_caption(positive: tuple[str, ...]) -> None:
    (row,) = caption_faces(
        table(face("s-00000-0", *positive)), CaptionSettings(), OptOut.none()
    ).to_pylist()
    assert (row["status"], row["caption"], row["attributes"]) == ("no_attributes", None, [])


@pytest.mark.parametrize("entry", ["s-00000", "s-00000-0"])
def test_an_opted_out_face_keeps_its_row_and_loses_its_caption(entry: str) -> None:
    captions = caption_faces(table(WOMAN, MAN), CaptionSettings(), OptOut(frozenset({entry})))
    assert captions["status"].to_pylist() == ["opted_out", "captioned"]
    assert captions["caption"].to_pylist()[0] is None


def test_the_table_is_the_same_every_time() -> None:
    first, second = (
        caption_faces(table(WOMAN, MAN), CaptionSettings(captions_per_face=4), OptOut.none())
        for _ in range(2)
    )
    assert first.equals(second)


def test_a_childs_caption_says_girl_and_never_the_age() -> None:
    caption = generate_caption(WOMAN | {"age_years": 6.0}, 0, CaptionSettings())
    assert caption is not None
    assert "girl" in caption.text and "woman" not in caption.text
    assert not any(character.isdigit() for character in caption.text)


def test_at_most_max_attributes_are_named() -> None:
    everything = face("s-00000-0", *ATTRIBUTE_COLUMNS)
    caption = generate_caption(everything, 0, CaptionSettings(max_attributes=4))
    assert caption is not None
    assert len(caption.attributes) == 4 and "Male" in caption.attributes


def test_the_captions_of_a_face_differ_as_long_as_the_grammar_can() -> None:
    captions = caption_faces(table(WOMAN), CaptionSettings(captions_per_face=40), OptOut.none())
    texts = captions["caption"].to_pylist()
    assert len(set(texts)) == 40
    assert texts[3] == getattr(generate_caption(WOMAN, 3, CaptionSettings()), "text", None)


def test_sampled_captions_of_a_face_tell_different_things() -> None:
    settings = CaptionSettings(captions_per_face=20, attributes="sampled")
    rows = caption_faces(table(WOMAN), settings, OptOut.none()).to_pylist()
    told = {tuple(row["attributes"]) for row in rows}
    assert {len(names) for names in told} == {2, 3, 4}


def test_a_way_of_choosing_that_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="attributes is 'some'"):
        CaptionSettings(attributes="some")


def test_the_identity_changes_with_the_settings() -> None:
    assert stage_identity(CaptionSettings()) == stage_identity(CaptionSettings())
    assert stage_identity(CaptionSettings()) != stage_identity(CaptionSettings(max_attributes=5))


def test_no_faces_give_an_empty_table() -> None:
    captions = caption_faces(FACE_ATTRIBUTES.arrow.empty_table(), CaptionSettings(), OptOut.none())
    assert captions.num_rows == 0 and captions.schema.equals(TEMPLATE_CAPTIONS.arrow)
