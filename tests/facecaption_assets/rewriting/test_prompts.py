from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.prompts import EXAMPLES, chat_messages, facts
from facecaption_assets.rewriting.verification import verify


def test_the_face_comes_last_and_the_prefix_is_always_the_same() -> None:
    first = chat_messages("The man is bald.", ("Bald", "Male"), Subject(male=True))
    second = chat_messages("The woman is smiling.", ("Smiling",), Subject(male=False))
    assert first[:-1] == second[:-1]
    assert [message["role"] for message in first] == ["system", *["user", "assistant"] * 3, "user"]
    assert first[-1]["content"] == "Draft: The man is bald.\nFacts: man; bald"


def test_facts_are_plain() -> None:
    named = frozenset({"Young", "Wavy_Hair", "Bangs", "Bags_Under_Eyes", "Blurry"})
    assert facts(named, Subject(male=False)) == [
        "young woman",
        "wavy hair",
        "bangs",
        "bags under her eyes",
        "the picture is blurry",
    ]


def test_the_example_answers_are_faithful() -> None:
    """What the examples teach, the verifier accepts."""
    expected = (
        (
            ("Wavy_Hair", "Brown_Hair", "Bangs", "Smiling", "Wearing_Earrings", "Young"),
            Subject(False),
        ),
        (
            ("Male", "Gray_Hair", "Mustache", "Sideburns", "Eyeglasses", "Wearing_Necktie"),
            Subject(True),
        ),
        (
            ("Straight_Hair", "Blond_Hair", "Rosy_Cheeks", "Mouth_Slightly_Open"),
            Subject(None, child=True),
        ),
    )
    for (_, answer), (names, subject) in zip(EXAMPLES, expected, strict=True):
        assert verify(answer, names, subject).reason is None
