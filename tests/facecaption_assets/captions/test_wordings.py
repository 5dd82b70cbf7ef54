from facecaption_assets.captions.phrases import topic_phrases
from facecaption_assets.captions.wordings import APART, TOPICS
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


def test_every_attribute_has_one_place() -> None:
    places = [name for topic in TOPICS.values() for name in topic] + list(APART)
    assert sorted(places) == sorted(ATTRIBUTE_COLUMNS)


def test_every_attribute_of_a_topic_is_worded_alone() -> None:
    for topic, names in TOPICS.items():
        for name in names:
            (phrase,) = topic_phrases(topic, {name})
            assert phrase.names == (name,)
            assert phrase.wordings
