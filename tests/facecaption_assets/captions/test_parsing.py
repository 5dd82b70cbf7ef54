import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.generation import generate_caption
from facecaption_assets.captions.parsing import NotATemplateCaption, parse_caption
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import subject_of
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

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
    assert parsed.subject == subject_of(face)
    assert all(face[name] is True for name in parsed.attributes)
    assert_well_formed(caption.text)


def assert_well_formed(text: str) -> None:
    assert not re.search(r" [,.]|,,|  |, and ,|<|>|\ba [aeiou]|\ban [^aeiou]", text)
    assert re.fullmatch(r"(?:[A-Z][a-z' ,-]+\.)(?: [A-Z][a-z' ,-]+\.)*", text)
    assert not re.search(r"\b(?:no|not|without)\b", text)


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
    ],
)
def test_what_the_grammar_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(NotATemplateCaption):
        parse_caption(text)
