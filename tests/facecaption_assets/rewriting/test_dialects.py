import random
import re
from typing import Any

import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.constrained import licensed_grammar
from facecaption_assets.rewriting.dialects import CONSTRAINTS, constraint_fields
from facecaption_assets.rewriting.gbnf import to_gbnf
from facecaption_assets.rewriting.settings import RewriteSettings

NAMED = frozenset({"Wavy_Hair", "Smiling", "Mouth_Slightly_Open", "Eyeglasses"})
TEMPLATE = "The woman has wavy hair."


def fields(constraint: str, seed: int = 1, style: str = "normal") -> dict[str, Any]:
    return constraint_fields(constraint, NAMED, Subject(male=False), TEMPLATE, seed, style)


def test_each_dialect_has_its_field() -> None:
    grammar = fields("gbnf")["grammar"]
    assert grammar.startswith("root ::= ")
    assert fields("gbnf") == {"grammar": grammar}
    assert fields("structured_outputs") == {"structured_outputs": {"grammar": grammar}}
    assert fields("none") == {}


def test_the_seed_and_the_style_decide_the_grammar() -> None:
    assert fields("gbnf") == fields("gbnf")
    assert fields("gbnf") != fields("gbnf", seed=2)
    assert fields("gbnf") != fields("gbnf", style="short")


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_dialect_is_a_setting(constraint: str) -> None:
    assert RewriteSettings(constraint=constraint).constraint == constraint


@pytest.mark.parametrize("constraint", ["", "GBNF", "guided_grammar"])
def test_an_unknown_dialect_is_refused(constraint: str) -> None:
    with pytest.raises(ValueError, match=f"constraint is '{constraint}'; allowed is none or gbnf"):
        RewriteSettings(constraint=constraint)


@pytest.mark.slow  # importing xgrammar imports torch
@pytest.mark.parametrize("style", ["short", "normal", "detailed"])
def test_xgrammar_reads_the_grammar_as_it_is_meant(style: str) -> None:
    """vLLM reads grammars with xgrammar, which is not installed here unless by hand."""
    xgrammar = pytest.importorskip("xgrammar")
    vocabulary = [chr(code) for code in range(128)] + ["<end>"]
    tokens = xgrammar.TokenizerInfo(vocabulary, stop_token_ids=[128])
    whole = licensed_grammar(NAMED, Subject(male=False), style)
    compiled = xgrammar.GrammarCompiler(tokens).compile_grammar(to_gbnf(whole))

    def is_accepted(text: str) -> bool:
        matcher = xgrammar.GrammarMatcher(compiled)
        return all(matcher.accept_token(ord(letter)) for letter in text) and bool(
            matcher.accept_token(128)
        )

    for seed in range(100):
        text = whole.sample(random.Random(seed))
        assert is_accepted(text), text
        for wrong in (text[:-1], f"{text} She is kind.", re.sub("wavy", "curly", text)):
            assert not is_accepted(wrong), wrong
