import pytest

from facecaption_assets.captions.phrases import topic_phrases
from facecaption_assets.captions.wordings import TOPICS


def plainest(topic: str, *names: str) -> list[str]:
    return [phrase.wordings[0].text for phrase in topic_phrases(topic, names)]


@pytest.mark.parametrize(
    ("topic", "names", "worded"),
    [
        ("hair", ("Wavy_Hair", "Brown_Hair", "Bangs"), ["wavy brown hair", "bangs"]),
        ("hair", ("Brown_Hair", "Gray_Hair"), ["brown and gray hair"]),
        ("hair", ("Bangs",), ["bangs"]),
        ("hair", ("Straight_Hair", "Receding_Hairline"), ["straight hair", "a receding hairline"]),
        ("eyes", ("Arched_Eyebrows", "Bushy_Eyebrows"), ["bushy arched eyebrows"]),
        (
            "expression",
            ("Smiling", "Mouth_Slightly_Open"),
            ["smiling with <possessive> mouth slightly open"],
        ),
        ("expression", ("Mouth_Slightly_Open",), ["a slightly open mouth"]),
    ],
)
def test_neighbours_merge_into_one_phrase(
    topic: str, names: tuple[str, ...], worded: list[str]
) -> None:
    assert plainest(topic, *names) == worded


def test_phrases_cover_a_topic_exactly() -> None:
    for topic, names in TOPICS.items():
        phrases = topic_phrases(topic, names)
        assert sorted(n for p in phrases for n in p.names) == sorted(names)
