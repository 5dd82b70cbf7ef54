import pytest

from facecaption_assets.rewriting.reading import find_evidence
from facecaption_assets.rewriting.tokens import tokenize


def read(text: str) -> tuple[list[str], list[str]]:
    """Names in the order of their places, and the words that are left over."""
    found = find_evidence(tokenize(text))
    names = [name for name, _ in sorted(found.named, key=lambda item: item[1])]
    pairs = zip(found.tokens, found.taken, strict=True)
    return names, [token for token, taken in pairs if not taken]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("wavy, brown hair", ["Wavy_Hair", "Brown_Hair"]),
        ("her hair, which is wavy and brown", ["Wavy_Hair", "Brown_Hair"]),
        ("the hair of the young woman is brown", ["Young", "Brown_Hair"]),
        ("her hair is a shade of brown", ["Brown_Hair"]),
        ("her brown waves", ["Wavy_Hair", "Brown_Hair"]),
        ("a wavy-haired man", ["Wavy_Hair"]),
        ("big and full lips", ["Big_Lips"]),
        ("her mouth slightly open", ["Mouth_Slightly_Open"]),
        ("the woman with a hat is bald", ["Wearing_Hat", "Bald"]),
        ("wearing a hat, the woman is smiling", ["Wearing_Hat", "Smiling"]),
        ("a young, bespectacled man", ["Young", "Eyeglasses"]),
        ("her face is youthful", ["Young"]),
        ("the young blonde smiles", ["Young", "Blond_Hair", "Smiling"]),
        ("gray hair and a mustache", ["Gray_Hair", "Mustache"]),
        ("there is black and wavy hair", ["Black_Hair", "Wavy_Hair"]),
    ],
)
def test_what_is_said_is_read(text: str, names: list[str]) -> None:
    assert sorted(read(text)[0]) == sorted(names)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("brown eyes and hair", {"brown", "eyes", "hair"}),
        ("her hair and eyes are brown", {"brown", "hair", "eyes"}),
        ("her eyes and hair are brown", {"brown", "hair", "eyes"}),
        ("a black hat", {"black"}),
        ("her hair, black hat", {"black", "hair"}),
        ("a gray mustache", {"gray"}),
        ("her hat is wavy", {"wavy"}),
        ("her hat is black and brown hair", {"black"}),
        ("a narrow nose", {"narrow", "nose"}),
        ("an arched nose", {"arched", "nose"}),
        ("big eyes", {"big", "eyes"}),
        ("a young hat", {"young"}),
        ("a woman has young, brown hair", {"young"}),
        ("her hat is young", {"young"}),
        ("a woman with a hat that is young", {"young"}),
        ("she smiles, and her hat is bald", {"bald"}),
        ("smiling eyes", {"smiling", "eyes"}),
        ("an attractive smile", {"attractive"}),
        ("blonde bangs", {"blonde"}),
        ("a black man", {"black"}),
        ("straight-faced", {"straight", "faced"}),
    ],
)
def test_an_adjective_without_its_noun_is_left_over(text: str, left: set[str]) -> None:
    assert left <= set(read(text)[1])
