import pytest

from facecaption_assets.rewriting.clauses import is_said_of_person, is_said_of_thing
from facecaption_assets.rewriting.reading import find_evidence
from facecaption_assets.rewriting.tokens import tokenize


@pytest.mark.parametrize(
    ("before", "of_person"),
    [
        ("the woman is", True),
        ("a woman with a hat is", True),
        ("wearing a hat, the woman is", True),
        ("a man with a goatee, sideburns, and bags under his eyes is", True),
        ("a woman with a hat who is", True),
        ("the woman's hat is", False),
        ("she smiles and wears it, and her hat is", False),
        ("a woman with a hat that is", False),
        ("the hat, which is", False),
    ],
)
def test_the_subject_of_a_predicate_is_guessed(before: str, of_person: bool) -> None:
    tokens = tokenize(before)
    assert is_said_of_person(find_evidence(tokens), len(tokens)) is of_person


@pytest.mark.parametrize(
    ("before", "of_thing"),
    [
        ("a hat", True),
        ("the woman smiles, and earrings", True),
        ("the woman smiles and her earrings", True),
        ("hair that", True),
        ("a woman with a hat", False),
        ("she", False),
        ("a woman who", False),
    ],
)
def test_the_subject_of_a_verb_is_guessed(before: str, of_thing: bool) -> None:
    tokens = tokenize(before)
    assert is_said_of_thing(find_evidence(tokens), len(tokens)) is of_thing
