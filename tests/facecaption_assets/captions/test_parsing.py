import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.generation import caption_faces, generate_caption
from facecaption_assets.captions.parsing import (
    NotATemplateCaption,
    ParsedCaption,
    parse_caption,
)
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import subject_of
from facecaption_assets.schema import ATTRIBUTE_COLUMNS
from facecaption_assets.shards.opt_out import OptOut
from tests.label_sets import random_label_sets

FACES = st.builds(
    lambda states, age, number: {
        **dict(zip(ATTRIBUTE_COLUMNS, states, strict=True)),
        "age_years": age,
        "face_id": f"s-{number:05d}-0",
    },
    st.lists(
        st.sampled_from([True, False, None]),
        min_size=len(ATTRIBUTE_COLUMNS),
        max_size=len(ATTRIBUTE_COLUMNS),
    ),
    st.sampled_from([None, 4.0, 30.0]),
    st.integers(0, 99999),
)


@given(face=FACES, most=st.integers(2, 40), index=st.integers(0, 3), outspoken=st.booleans())
@settings(max_examples=300, deadline=None, database=None)
def test_a_caption_parses_to_exactly_its_attributes(
    face: dict[str, object], most: int, index: int, outspoken: bool
) -> None:
    unspoken = () if outspoken else CaptionSettings().unspoken
    stage = CaptionSettings(max_attributes=most, unspoken=unspoken)
    caption = generate_caption(face, index, stage)
    if caption is None:
        return
    parsed = parse_caption(caption.text)
    assert parsed.attributes == set(caption.attributes)
    assert parsed.subject == subject_of(face, unspoken)
    assert all(face[name] is True for name in parsed.attributes)
    assert_well_formed(caption.text)


def assert_well_formed(text: str) -> None:
    assert not re.search(r" [,.]|,,|  |, and ,|<|>|\ba [aeiou]|\ban [^aeiou]", text)
    assert re.fullmatch(r"(?:[A-Z][a-z' ,-]+\.)(?: [A-Z][a-z' ,-]+\.)*", text)
    assert not re.search(r"\b(?:no|not|without)\b", text)


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("unspoken", [CaptionSettings().unspoken, ()], ids=["default", "all"])
def test_random_label_sets_are_recovered_exactly(count: int, unspoken: tuple[str, ...]) -> None:
    faces = random_label_sets(count)
    stage = CaptionSettings(unspoken=unspoken, max_attributes=8 if unspoken else 40)
    captions = caption_faces(faces, stage, OptOut.none()).to_pylist()
    rows = zip(captions, faces.select(["Male", "age_years"]).to_pylist(), strict=True)
    for caption, face in rows:
        if caption["caption"]:
            expected = ParsedCaption(subject_of(face), frozenset(caption["attributes"]))
            assert parse_caption(caption["caption"]) == expected, caption["caption"]


def test_a_doubled_word_is_refused_and_a_lost_one_adds_nothing() -> None:
    faces = random_label_sets(60)
    for row in caption_faces(faces, CaptionSettings(), OptOut.none()).to_pylist():
        words = (row["caption"] or "").split(" ")
        for i in range(len(words)):
            assert_not_read(" ".join([*words[:i], *words[i + 1 :]]), row["attributes"])
            assert_not_read(" ".join([*words[:i], words[i], *words[i:]]), None)


def assert_not_read(text: str, attributes: list[str] | None) -> None:
    """A doubled word is never read; a text that lost a word only as what it still says."""
    try:
        parsed = parse_caption(text)
    except NotATemplateCaption:
        return
    assert attributes is not None
    assert parsed.attributes <= set(attributes) | {"Male"}, text


def test_only_one_sentence_says_also() -> None:
    text = (
        "A woman with gray straight hair smiles. She {} narrow eyes, high cheekbones, and reddish "
        "cheeks. The woman also wears lipstick and a pair of glasses."
    )
    assert len(parse_caption(text.format("has")).attributes) == 8
    with pytest.raises(NotATemplateCaption):
        parse_caption(text.format("also has"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "She is smiling.",
        "The woman is not smiling.",
        "The woman has brown eyes.",
        "The woman has brown hair and brown hair.",
        "The woman is smiling. He wears a hat.",
        "The woman is smiling. The man wears a hat.",
        "The woman is smiling",
        "the woman is smiling.",
        "The woman is smiling. She looks at the camera.",
        "The man is smiling. The young man wears a hat.",
        "The woman smiles. The woman wears a hat.",
        "The woman is smiling and has brown hair and his eyes.",
        "The woman has bags under his eyes.",
        "The person has brown hair. They has bangs.",
        "The woman has bangs, rosy cheeks and brown hair.",
        "A smiling woman smiles.",
        "The  woman is smiling.",
        "The woman , is smiling.",
        "This is a brown-haired woman with wavy hair.",
    ],
)
def test_what_the_grammar_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(NotATemplateCaption):
        parse_caption(text)
