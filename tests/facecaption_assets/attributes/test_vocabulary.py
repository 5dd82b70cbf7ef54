from facecaption_assets.attributes.vocabulary import ATTRIBUTES, DEFINITIONS, GROUPS


def test_every_attribute_is_defined_once_in_celebas_order() -> None:
    assert tuple(DEFINITIONS) == ATTRIBUTES
    assert [definition.index for definition in DEFINITIONS.values()] == list(range(40))


def test_groups_share_out_all_attributes() -> None:
    assert {name: len(members) for name, members in GROUPS.items()} == {
        "elementary": 6,
        "hairstyle": 9,
        "facial_features": 13,
        "beard": 5,
        "accessories": 7,
    }
    assert sorted(name for members in GROUPS.values() for name in members) == sorted(ATTRIBUTES)


def test_definitions_say_what_both_states_mean_in_one_line() -> None:
    for definition in DEFINITIONS.values():
        assert definition.positive.endswith("."), definition.name
        assert definition.negative.endswith("."), definition.name
        assert max(len(definition.positive), len(definition.negative)) < 80, definition.name


def test_what_may_hurt_is_marked() -> None:
    demeaning = {name for name, definition in DEFINITIONS.items() if definition.is_demeaning}
    assert {"Attractive", "Chubby", "Big_Nose", "Double_Chin", "Bald"} <= demeaning
    assert "Smiling" not in demeaning
