import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.generation import generate_caption
from facecaption_assets.captions.pcfg import Grammar, Production
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.quality.texts import caption_statistics
from facecaption_assets.rewriting.constrained import licensed_grammar
from facecaption_assets.rewriting.narrowing import narrow_grammar, reworded_grammar, within_words
from facecaption_assets.rewriting.verification import verify
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Shares of the sample's faces that have an attribute; all others have black hair.
SAMPLE_SHARES = {
    "Brown_Hair": 0.15,
    "Male": 0.3,
    "Mouth_Slightly_Open": 0.1,
    "Smiling": 0.2,
    "Young": 0.45,
}


@given(
    positive=st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), min_size=1, max_size=4),
    male=st.sampled_from([True, False, None]),
    index=st.integers(0, 99),
    style=st.sampled_from(["short", "normal", "detailed"]),
)
@settings(max_examples=80, deadline=None, database=None)
def test_no_rewrite_repeats_its_template(
    positive: set[str], male: bool | None, index: int, style: str
) -> None:
    face: dict[str, object] = {name: name in positive for name in ATTRIBUTE_COLUMNS}
    face |= {"Male": male, "age_years": None, "face_id": "s-00000-0"}
    template = generate_caption(face, index, CaptionSettings())
    if template is None:
        return
    whole = licensed_grammar(frozenset(template.attributes), subject_of(face), style)
    reworded = reworded_grammar(whole, template.text)
    assert not reworded.recognises(template.text)
    text = narrow_grammar(reworded, random.Random(index)).sample(random.Random(index))
    assert whole.recognises(text)
    assert verify(text, template.attributes, subject_of(face)).accepted, text


def test_rewrites_say_more_and_more_variously_than_templates() -> None:
    """Of faces as in the sample, of which little can be told."""
    drawn = random.Random(0)
    told: dict[str, list[str]] = {"template": [], "rewrite": []}
    for i in range(200):
        face: dict[str, object] = dict.fromkeys(ATTRIBUTE_COLUMNS, False)
        face |= {name: drawn.random() < share for name, share in SAMPLE_SHARES.items()}
        face |= {"Black_Hair": not face["Brown_Hair"], "age_years": None, "face_id": f"s-{i}-0"}
        template = generate_caption(face, 0, CaptionSettings())
        assert template
        whole = licensed_grammar(frozenset(template.attributes), subject_of(face))
        grammar = narrow_grammar(reworded_grammar(whole, template.text), random.Random(i))
        told["template"].append(template.text)
        told["rewrite"].append(grammar.sample(random.Random(i)))
    template_texts, rewrites = (
        caption_statistics(pa.chunked_array([texts])) for texts in told.values()
    )
    assert rewrites.mean_words > 1.1 * template_texts.mean_words
    assert rewrites.distinct_ngrams[4] > 1.2 * template_texts.distinct_ngrams[4]
    assert rewrites.distinct_captions > template_texts.distinct_captions


def test_a_narrowed_grammar_says_nothing_new_and_differs_from_face_to_face() -> None:
    named = frozenset({"Wavy_Hair", "Eyeglasses", "Smiling", "Oval_Face"})
    whole = licensed_grammar(named, Subject(male=False))
    narrowed = [narrow_grammar(whole, random.Random(seed)) for seed in range(30)]
    texts = {grammar.sample(random.Random(0)) for grammar in narrowed}
    assert all(whole.recognises(text) for text in texts)
    assert len(texts) > 20
    assert narrow_grammar(whole, random.Random(3)) == narrowed[3]


def test_what_weighs_more_is_kept_more_often() -> None:
    rare, *usual = (Production("x", 0.2), Production("y", 2), Production("z", 2))
    drawn = [
        narrow_grammar(Grammar({"caption": (rare, *usual)}), random.Random(seed)).rules["caption"]
        for seed in range(300)
    ]
    assert 10 < sum(rare in kept for kept in drawn) < 90
    assert all(len(kept) == 2 for kept in drawn)


def test_a_narrowed_grammar_has_no_rule_that_nothing_needs() -> None:
    named = frozenset({"Wavy_Hair", "Eyeglasses", "Smiling", "Oval_Face"})
    grammar = narrow_grammar(licensed_grammar(named, Subject(male=False)), random.Random(0))
    used = {part for ps in grammar.rules.values() for p in ps for part, symbol in p.parts if symbol}
    assert used | {"caption"} == set(grammar.rules)


GRAMMAR = Grammar(
    {
        "caption": (Production("<first one>"), Production("<first two> And <more>.")),
        "first one": (Production("A <thing>."), Production("One thing in a picture: <thing>.")),
        "first two": (Production("There is a <thing>."),),
        "more": (Production("more"), Production("a few more things")),
        "thing": (Production("hat"), Production("necktie with dots")),
    }
)


@pytest.mark.parametrize(
    ("most", "openings"),
    [
        (99, {"A", "One", "There"}),
        (11, {"A", "One", "There"}),
        (10, {"A", "One"}),
        (7, {"A"}),
        (1, {"A"}),
    ],
)
def test_what_can_be_too_long_is_left_out(most: int, openings: set[str]) -> None:
    bounded = within_words(GRAMMAR, most)
    found = {bounded.sample(random.Random(seed)) for seed in range(200)}
    assert {text.split()[0] for text in found} == openings
    assert all(len(text.split()) <= max(most, 4) for text in found)
