import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.generation import generate_caption
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.rewriting.evidence_words import FRAMES, THINGS, TRAITS
from facecaption_assets.rewriting.tokens import MARKS
from facecaption_assets.rewriting.verification import tidy, verify
from facecaption_assets.rewriting.vocabulary import NEUTRAL, PARTICIPLES, PEOPLE, THING_VERBS
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

WOMAN = Subject(male=False)
NAMED = ("Bangs", "Brown_Hair", "Smiling", "Wavy_Hair", "Young")
GOOD = "A young woman with wavy brown hair and bangs is smiling."


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "The young woman's hair is wavy and brown, with bangs. She smiles.",
        "Smiling, this young lady has brown, wavy hair and bangs.",
        "This is a youthful woman with bangs and hair that is brown and wavy. She smiles.",
        "With a smile on her face, the young woman features wavy, brown hair with bangs.",
    ],
)
def test_every_faithful_wording_is_accepted(text: str) -> None:
    assert verify(text, NAMED, WOMAN).reason is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A young woman with wavy brown hair and bangs.", "missing_attribute:Smiling"),
        ("A young woman with wavy hair and bangs is smiling.", "missing_attribute:Brown_Hair"),
        (f"{GOOD} She wears eyeglasses.", "added_attribute:Eyeglasses"),
        (f"{GOOD} She has a sharp jawline.", "unlicensed_word:sharp"),
        (f"{GOOD} Her jawline is on show.", "unlicensed_word:jawline"),
        (f"{GOOD} She has brown eyes.", "unlicensed_word:brown"),
        (f"{GOOD} Her name is Anna.", "unlicensed_word:name"),
        ("A young woman with long wavy brown hair and bangs smiles.", "unlicensed_word:long"),
        (f"{GOOD} She is not wearing a hat.", "negation:not"),
        (f"{GOOD} She doesn't wear a hat.", "negation:doesn't"),
        (f"{GOOD} She has no beard.", "negation:no"),
        ("The young woman appears to have wavy brown hair, bangs, a smile.", "hedging:appears"),
        (f"{GOOD} He has wavy hair.", "wrong_pronoun:he"),
        (f"{GOOD} Their hair is brown.", "wrong_pronoun:their"),
        ("A young man with wavy brown hair and bangs is smiling.", "wrong_subject:man"),
        ("A young girl with wavy brown hair and bangs is smiling.", "wrong_subject:girl"),
        ("A young person with wavy brown hair and bangs is smiling.", "missing_subject:woman"),
        ("Two young women with wavy brown hair and bangs smile.", "wrong_subject:women"),
        (f"{GOOD} She is 25 years old.", "age:25"),
        (f"{GOOD} She is in her twenties.", "age:twenties"),
        (f"{GOOD} Her hair is brown.", "repeated_attribute:Brown_Hair"),
        (f"{GOOD} {GOOD}", "repeated_attribute:Smiling"),
        ("The the young woman with wavy brown hair and bangs smiles.", "repeated_word:the"),
        ("Smiling woman.", "too_short"),
        (f"{GOOD} She is with a person.", "stray_mention:person"),
        (f"{GOOD} " + "She is with her. " * 20, "too_long"),
        (f"{GOOD} She has the", "incomplete:the"),
        (f"**{GOOD}**", "markup:'*'"),
        (f"{GOOD}\n{GOOD}", "markup:'\\n'"),
        (f"Caption: {GOOD}", "prompt_echo:caption"),
        (f"Sure! {GOOD}", "prompt_echo:sure"),
        ("I'm sorry, but I can't describe people.", "refusal"),
        (f"{GOOD} Call 555 0199.", "contact_or_link:555 019"),
        (f"{GOOD} See www.faces.example.", "contact_or_link:www."),
        (f"{GOOD} Follow @anna.", "contact_or_link:@a"),
        ("La mujer joven de pelo casta\u00f1o sonr\u00ede.", "not_english:U+00F1"),
        (f"{GOOD}\u202e", "character:U+202E"),
        ("An young woman with wavy brown hair and bangs is smiling.", "ungrammatical:An young"),
        ("A young woman with wavy brown hair and bangs is smiling. she is.", "ungrammatical:she"),
        ("A young woman with wavy brown hair and bangs , smiling.", "ungrammatical:,"),
    ],
)
def test_each_fault_has_its_reason(text: str, reason: str) -> None:
    verdict = verify(text, NAMED, WOMAN)
    assert (verdict.accepted, verdict.reason) == (False, reason)


def test_male_is_told_by_the_noun_or_the_pronoun() -> None:
    required, subject = ("Male", "Smiling"), Subject(male=True)
    assert verify("The man is smiling.", required, subject).accepted
    assert verify("This gentleman has a smile.", required, subject).accepted
    assert verify("The person is smiling.", required, subject).reason == "missing_subject:man"


@pytest.mark.parametrize(
    ("text", "attribute", "mention"),
    [
        ("A man is with a person who is smiling.", "Smiling", "person"),
        ("The picture shows a man and a person wearing glasses.", "Eyeglasses", "person"),
        ("A man and a guy are smiling.", "Smiling", "guy"),
        ("The man has a photo of a face with a mustache.", "Mustache", "photo"),
    ],
)
def test_a_second_person_or_picture_is_refused(text: str, attribute: str, mention: str) -> None:
    verdict = verify(text, ("Male", attribute), Subject(male=True))
    assert verdict.reason == f"stray_mention:{mention}"


def test_three_words_are_a_caption() -> None:
    assert verify("The woman smiles.", ("Smiling",), WOMAN).accepted


def test_a_child_must_be_called_one() -> None:
    subject = Subject(male=True, child=True)
    assert verify("The boy is smiling.", ("Male", "Smiling"), subject).accepted
    verdict = verify("The person smiles with his face.", ("Male", "Smiling"), subject)
    assert verdict.reason == "missing_subject:boy"


def test_agreement_with_they_is_checked() -> None:
    good = "The person has wavy hair. They are smiling."
    bad = "The person has wavy hair. They is smiling."
    assert verify(good, ("Wavy_Hair", "Smiling"), Subject()).accepted
    assert verify(bad, ("Wavy_Hair", "Smiling"), Subject()).reason == "ungrammatical:They is"


def test_a_noun_is_licensed_by_its_attribute_only() -> None:
    man = Subject(male=True)
    assert verify("The man is bald on his head.", ("Male", "Bald"), man).accepted
    verdict = verify("The man smiles with his head.", ("Male", "Smiling"), man)
    assert verdict.reason == "unlicensed_word:head"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("  The man smiles.\n", "The man smiles."),
        ('"The man smiles."', "The man smiles."),
        ("\u201cThe man\u2019s smile.\u201d", "The man's smile."),
        ('"', '"'),
        ("", ""),
    ],
)
def test_wrapping_is_taken_off(answer: str, text: str) -> None:
    assert tidy(answer) == text


@given(
    states=st.lists(
        st.sampled_from([True, False, None]),
        min_size=len(ATTRIBUTE_COLUMNS),
        max_size=len(ATTRIBUTE_COLUMNS),
    ),
    age=st.sampled_from([None, 5.0, 40.0]),
    index=st.integers(0, 99),
    outspoken=st.booleans(),
)
@settings(max_examples=100, deadline=None, database=None)
def test_every_template_caption_is_accepted(
    states: list[bool | None], age: float | None, index: int, outspoken: bool
) -> None:
    face = {
        **dict(zip(ATTRIBUTE_COLUMNS, states, strict=True)),
        "age_years": age,
        "face_id": "s-00000-0",
    }
    unspoken = () if outspoken else CaptionSettings().unspoken
    caption = generate_caption(face, index, CaptionSettings(unspoken=unspoken))
    if caption is not None:
        assert verify(caption.text, caption.attributes, subject_of(face), 99).reason is None


_WORDS = sorted(
    {*NEUTRAL, *PEOPLE, *THING_VERBS, *PARTICIPLES, *MARKS}
    | {word for table in (THINGS, TRAITS) for texts in table.values() for word in texts}
    | {word for frame in FRAMES for word in (*frame.nouns, *frame.compounds)}
    | {word for frame in FRAMES for texts in frame.adjectives.values() for word in texts}
)


@given(st.lists(st.sampled_from(_WORDS), max_size=30).map(" ".join))
@settings(max_examples=300, deadline=None, database=None)
def test_no_salad_of_known_words_crashes_the_verifier(text: str) -> None:
    verify(text, NAMED, WOMAN)


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None, database=None)
def test_no_text_crashes_the_verifier(text: str) -> None:
    verify(tidy(text), NAMED, WOMAN)
