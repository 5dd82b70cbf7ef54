import pytest

from facecaption_assets.captions.tellings import ROLES, TOPICS_TOLD, role_order, tellings


@pytest.mark.parametrize("topic", TOPICS_TOLD)
def test_every_way_tells_exactly_the_attributes_in_the_order_of_roles(topic: str) -> None:
    names = frozenset(TOPICS_TOLD[topic])
    for way in tellings(topic, names, "her").items:
        assert sorted(n for thing in way for n in thing.names) == sorted(names)
        assert list(way) == sorted(way, key=role_order)
        assert all(thing.role in ROLES for thing in way)


def test_hair_is_had_or_is_so() -> None:
    ways = tellings("hair", frozenset({"Wavy_Hair", "Brown_Hair", "Bangs"}), "her").items
    worded = {tuple(t.wordings.items[0] for t in way) for way in ways}
    assert worded == {
        ("wavy brown hair", "bangs"),
        ("bangs", "wavy brown hair"),
        ("wavy and brown", "bangs"),
    }


def test_a_possessive_is_the_subjects() -> None:
    (way,) = tellings("eyes", frozenset({"Bags_Under_Eyes"}), "their").items
    assert "bags under their eyes" in way[0].wordings.items
