import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.mentions import find_stray_mention
from facecaption_assets.rewriting.reading import find_evidence
from facecaption_assets.rewriting.tokens import tokenize

MAN = Subject(male=True)


@pytest.mark.parametrize(
    ("text", "noun"),
    [
        ("A man is with a person who is smiling.", "person"),
        ("The man is with the person who is smiling.", "person"),
        ("The picture shows a man and a person wearing glasses.", "person"),
        ("A man and a guy are smiling.", "guy"),
        ("The man and his guy are smiling.", "guy"),
        ("The man has black hair. A person is smiling.", "person"),
        ("He is smiling with a person.", "person"),
        ("The man has a photo of a face with a mustache.", "photo"),
        ("The man is smiling. The picture shows a mustache.", "picture"),
        ("The man smiles at this portrait.", "portrait"),
    ],
)
def test_a_second_person_or_picture_is_found(text: str, noun: str) -> None:
    assert find_stray_mention(find_evidence(tokenize(text)), MAN) == noun


@pytest.mark.parametrize(
    "text",
    [
        "A man is smiling. The man has a mustache.",
        "A man is smiling. Wearing a hat, the smiling young man has black hair.",
        "A brown-haired man is smiling. The brown-haired man wears a hat.",
        "The man's hair is black. This man's mouth is slightly open.",
        "The male person has black hair. He is smiling.",
        "This picture is a portrait of a man with a mustache.",
        "In this photo, the man is smiling.",
        "The man in the photo is smiling. He wears a hat in this picture.",
        "The man is smiling. The picture is blurry.",
        "With his mouth slightly open, a man wears a hat.",
        "",
    ],
)
def test_one_person_in_one_picture_is_fine(text: str) -> None:
    assert find_stray_mention(find_evidence(tokenize(text)), MAN) is None
