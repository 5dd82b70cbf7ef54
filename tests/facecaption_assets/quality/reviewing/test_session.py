"""The page's session, driven key by key in Node; what it shows was looked at in a browser."""

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest

from facecaption_assets.quality.reviewing.answers import read_answers

NODE: Final = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js to run the page's script")

SESSION: Final = files("facecaption_assets.quality") / "templates" / "review_session.js"
CONTENT: Final = {
    "schema": 1,
    "review": "llm-3-0",
    "somethingElse": "something_else",
    "items": [
        {"id": "one", "named": ["Smiling"], "mayBeWrong": ["Male", "Smiling"]},
        {"id": "two", "named": [], "mayBeWrong": []},
        {"id": "three", "named": ["Bangs"], "mayBeWrong": ["Bangs"]},
    ],
}
DRIVER: Final = """
const { content, saved, steps } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const session = new Session(content, saved), said = [];
session.reviewer ||= "otter";
for (const [name, ...given] of steps) said.push(session[name](...given) ?? null);
console.log(JSON.stringify({
  said, saved: session.saved(), exported: session.exported(), place: session.place,
  question: session.question, done: session.numDone,
}));
"""


def drive(*steps: list[Any], saved: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a session says after steps: a method's name and what it is given."""
    assert NODE is not None
    script = SESSION.read_text(encoding="utf-8") + DRIVER
    given = json.dumps({"content": CONTENT, "saved": saved, "steps": list(steps)})
    run = subprocess.run([NODE, "-e", script], input=given, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def press(keys: str, saved: dict[str, Any] | None = None) -> dict[str, Any]:
    """Press keys; > and < are the arrows, ^ is up."""
    names = {">": "ArrowRight", "<": "ArrowLeft", "^": "ArrowUp"}
    return drive(*(["press", names.get(key, key)] for key in keys), saved=saved)


def test_four_keys_judge_a_caption() -> None:
    after = press("4g5>")
    assert after["exported"]["answers"] == [
        {
            "item": "one",
            "naturalness": 4,
            "grammatical": True,
            "relevance": 5,
            "wrong": [],
            "missing": [],
        }
    ]
    assert (after["place"], after["question"], after["done"]) == (1, 0, 1)


def test_letters_mark_what_is_wrong_and_unmark_it() -> None:
    assert press("ac4b1o>")["exported"]["answers"][0]["wrong"] == [
        *("Male", "Smiling", "something_else")
    ]
    assert press("aca4b1>")["exported"]["answers"][0]["wrong"] == ["Smiling"]


def test_what_is_missing_is_not_wrong_as_well() -> None:
    after = drive(["mark", "missing", "Male"], ["mark", "wrong", "Male"])
    assert after["saved"]["answers"]["one"]["missing"] == []
    assert after["saved"]["answers"]["one"]["wrong"] == ["Male"]


def test_a_caption_that_was_passed_over_stays_open() -> None:
    after = press("4g>>2b2>")
    assert [answer["item"] for answer in after["exported"]["answers"]] == ["three"]
    assert (after["place"], after["done"]) == (0, 1)  # Behind the last one come the open ones.


def test_going_back_shows_and_changes_an_earlier_answer() -> None:
    after = press("4g5><^^^1")
    assert after["saved"]["answers"]["one"]["naturalness"] == 1
    assert after["done"] == 1


@pytest.mark.parametrize(
    ("keys", "undone"), [("4", "u"), ("4g5>", "uuuu"), ("a", "u"), ("4g5>3", "uuuuu")]
)
def test_undoing_every_step_leaves_nothing(keys: str, undone: str) -> None:
    after = press(keys + undone)
    assert after["saved"]["answers"] == {}
    assert after["place"] == 0


def test_undo_takes_back_the_last_step_only() -> None:
    after = press("4g5>u")
    assert (after["place"], after["done"]) == (0, 0)
    assert after["saved"]["answers"]["one"]["relevance"] == 5


@pytest.mark.parametrize("key", ["6", "0", "q", "Tab", "Shift", "5g"])
def test_other_keys_change_nothing(key: str) -> None:
    after = drive(["press", key])
    assert after["said"] == [False]
    assert after["saved"]["answers"] == {}


def test_a_session_goes_on_where_it_was_left() -> None:
    before = press("4g5>3b")
    after = press("2>", saved=before["saved"])
    assert (after["place"], after["done"]) == (2, 2)
    assert after["exported"]["reviewer"] == "otter"


def test_a_session_goes_on_when_its_caption_has_left_the_page() -> None:
    saved = {"reviewer": "otter", "item": "gone", "answers": {"gone": {"done": True}}}
    after = press("", saved=saved)
    assert (after["place"], after["done"]) == (0, 0)
    assert after["exported"]["answers"] == []


def test_an_exported_file_is_taken_up_where_there_are_no_answers() -> None:
    exported = press("4g5>1b1>")["exported"]
    after = drive(["press", "2"], ["press", "g"], ["press", "2"], ["next"], ["import", exported])
    assert after["said"][-1] == "Answers taken from the file: 1."
    first, second = after["exported"]["answers"]
    assert (first["naturalness"], second["naturalness"]) == (2, 1)
    assert after["place"] == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"review": "llm-9-9"}, "This file is of another review."),
        ({"schema_version": 2}, "This file is of another review."),
        ({"reviewer": "heron"}, "This file is by heron; you are otter."),
        ({"answers": "none"}, "Answers taken from the file: 0."),
        ({"answers": [{"item": "one"}, {}]}, "Answers taken from the file: 0."),
    ],
)
def test_other_files_are_not_taken(change: dict[str, Any], said: str) -> None:
    after = drive(["import", press("4g5>")["exported"] | change])
    assert after["said"] == [said]
    assert after["done"] == 0
    assert drive(["import", None])["said"] == ["This file is of another review."]


def test_what_is_exported_can_be_scored(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(press("a4g5>1b1>")["exported"]))
    [file] = read_answers([path])
    assert (file.review, file.reviewer) == ("llm-3-0", "otter")
    assert file.answers["one"].wrong == {"Male"}
    assert not file.answers["two"].grammatical
