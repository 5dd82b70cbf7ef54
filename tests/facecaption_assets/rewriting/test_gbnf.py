import re

from facecaption_assets.captions.pcfg import Grammar, Production
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.constrained import licensed_grammar
from facecaption_assets.rewriting.gbnf import to_gbnf


def test_rules_literals_and_references_are_written() -> None:
    grammar = Grammar(
        {
            "caption": (Production("A <thing>."), Production('"<thing>" \\')),
            "thing": (Production("hat", 9), Production("tie")),
        }
    )
    assert to_gbnf(grammar) == (
        'root ::= "A " r1 "." | "\\"" r1 "\\" \\\\"\nr1 ::= "hat" | "tie"\n'
    )


def test_every_referred_rule_is_defined() -> None:
    names = frozenset({"Wavy_Hair", "Smiling", "Mouth_Slightly_Open", "5_o_Clock_Shadow", "Male"})
    text = to_gbnf(licensed_grammar(names, Subject(male=True)))
    defined = {line.split(" ::= ")[0] for line in text.splitlines()}
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    assert set(re.findall(r"\br\d+\b", bare)) <= defined
    assert text.startswith("root ::= ")
