from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.quality.readback import captions_name_attributes, captions_verified
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, TABLES
from facecaption_assets.shards.opt_out import OptOut

GOOD = "A woman with wavy hair is smiling."


def face(number: int, **states: object) -> dict[str, object]:
    key = f"s-00000-{number:05d}"
    return {
        **{"face_id": f"{key}-0", "key": key, "split_group": key, "status": "labelled"},
        **{"num_positive": 2, "resolved_conflicts": []},
        **dict.fromkeys(ATTRIBUTE_COLUMNS),
        **{"Male": False, "Smiling": True, "Wavy_Hair": True},
        **states,
    }


def attributes(**states: object) -> pa.Table:
    return TABLES["face_attributes"].from_rows([face(0, **states), face(1)])


def templates(**changes: object) -> pa.Table:
    table = caption_faces(attributes(), CaptionSettings(), OptOut.none())
    rows = table.to_pylist()
    return TABLES["template_captions"].from_rows([rows[0] | changes, *rows[1:]])


def rewrites(**changes: object) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {
            **{name: row[name] for name in ("face_id", "key", "split_group", "caption_index")},
            **{"status": "accepted", "caption": GOOD, "template_caption": row["caption"]},
            **{"attributes": row["attributes"], "num_attempts": 1, "style": "normal"},
            **{"prompt_tokens": 1, "completion_tokens": 1},
        }
        for row in templates().to_pylist()
    ]
    return TABLES["llm_captions"].from_rows([rows[0] | changes, *rows[1:]])


def test_what_the_stages_write_passes() -> None:
    outcome = captions_name_attributes(templates(), attributes())
    assert outcome.passed, outcome.reason
    assert outcome.numbers == {"captions": 2, "wrong": 0}
    outcome = captions_verified(rewrites(), attributes(), 60)
    assert outcome.passed, outcome.reason


def test_rows_without_a_caption_and_empty_tables_pass() -> None:
    opted_out = {"status": "opted_out", "caption": None, "attributes": []}
    assert captions_name_attributes(templates(**opted_out), attributes()).passed
    assert captions_verified(rewrites(**opted_out), attributes(), 60).passed
    empty = {name: table.arrow.empty_table() for name, table in TABLES.items()}
    assert captions_name_attributes(empty["template_captions"], attributes()).passed
    assert captions_verified(empty["llm_captions"], empty["face_attributes"], 60).passed


@pytest.mark.parametrize(
    ("changes", "states", "said"),
    [
        ({"caption": "A woman smiles."}, {}, "not_worded_by_the_grammar: 'A woman smiles.'"),
        ({"caption": "The woman is smiling."}, {}, "names_other_attributes"),
        ({"attributes": ["Smiling"]}, {}, "names_other_attributes"),
        ({}, {"Wavy_Hair": None}, "not_positive:Wavy_Hair"),
        ({}, {"Male": None}, "sex_is_not_known"),
        ({}, {"Male": True}, "sex_is_not_known"),
        ({"face_id": "s-00000-00009-0"}, {}, "no labels"),
    ],
)
def test_a_template_that_says_something_else_is_quoted(
    changes: dict[str, object], states: dict[str, object], said: str
) -> None:
    outcome = captions_name_attributes(templates(**changes), attributes(**states))
    assert not outcome.passed
    assert outcome.reason.startswith("1 of 2 captions do not say what their labels say: s-00000-")
    assert said in outcome.reason


def test_a_caption_without_a_sex_is_fine_where_it_is_unknown() -> None:
    unknown = attributes(Male=None)
    made = caption_faces(unknown, CaptionSettings(), OptOut.none())
    assert captions_name_attributes(made, unknown).passed


@pytest.mark.parametrize(
    ("changes", "states", "said"),
    [
        ({"caption": f"{GOOD} She wears a hat."}, {}, "added_attribute:Wearing_Hat"),
        ({"caption": "A woman with wavy hair and a person smile."}, {}, "stray_mention:person"),
        ({"caption": None}, {}, "too_short"),
        ({}, {"Male": None}, "sex_is_not_known"),
        ({"status": "fell_back"}, {}, "not_the_template"),
        ({"status": "repaired", "caption": "A man smiles."}, {}, "wrong_subject:man"),
        ({"caption": "The woman with wavy hair " + "is there and " * 12 + "smiles."}, {}, "too_lo"),
    ],
)
def test_a_rewrite_that_says_something_else_is_quoted(
    changes: dict[str, object], states: dict[str, object], said: str
) -> None:
    outcome = captions_verified(rewrites(**changes), attributes(**states), 20)
    assert not outcome.passed
    assert said in outcome.reason


@pytest.mark.parametrize("status", ["accepted", "repaired", "fell_back"])
def test_a_rewrite_of_another_face_is_quoted_though_it_says_what_its_row_does(status: str) -> None:
    caption = rewrites().to_pylist()[0]["template_caption"]
    changes = {"status": status, "caption": caption}
    assert captions_verified(rewrites(**changes), attributes(), 60).passed
    outcome = captions_verified(rewrites(**changes), attributes(Wavy_Hair=False), 60)
    assert not outcome.passed and "not_positive:Wavy_Hair" in outcome.reason


def test_a_rewrite_is_held_to_the_length_of_its_style() -> None:
    long = "The woman with wavy hair " + "is there and " * 4 + "is smiling."
    assert captions_verified(rewrites(caption=long), attributes(), 60).passed
    outcome = captions_verified(rewrites(caption=long, style="short"), attributes(), 60)
    assert not outcome.passed and "too_long" in outcome.reason


def test_a_rewrite_may_be_as_long_as_the_settings_say() -> None:
    long = "The woman with wavy hair " + "is there and " * 20 + "is smiling."
    assert not captions_verified(rewrites(caption=long), attributes(), 60).passed
    assert captions_verified(rewrites(caption=long), attributes(), 80).passed
