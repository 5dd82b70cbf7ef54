import json
from pathlib import Path
from typing import Any

import pytest

from facecaption_assets.quality.reviewing.answers import AnswersError, read_answers

ANSWER = {
    "item": "abc",
    "naturalness": 4,
    "grammatical": True,
    "relevance": 3,
    "wrong": ["Smiling", "something_else"],
    "missing": ["Bangs"],
}
FILE = {"schema_version": 1, "review": "llm-5-0", "reviewer": "otter", "answers": [ANSWER]}


def write(tmp_path: Path, name: str = "otter.json", **changes: Any) -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(FILE | changes))
    return path


def test_answers_are_read(tmp_path: Path) -> None:
    [file] = read_answers([write(tmp_path)])
    answer = file.answers["abc"]
    assert (file.review, file.reviewer) == ("llm-5-0", "otter")
    assert (answer.is_natural, answer.is_relevant, answer.grammatical) == (True, False, True)
    assert answer.wrong == {"Smiling", "something_else"}
    assert answer.missing == {"Bangs"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version is 2, not 1"),
        ({"schema_version": True}, "schema_version is True; a whole number is needed"),
        ({"reviewer": "Jane Doe"}, "reviewer is 'Jane Doe'; letters, digits, - and _"),
        ({"review": None}, "review is None; a text is needed"),
        ({"answers": {}}, "answers is {}; a list is needed"),
        ({"answers": [3]}, r"answers\[0\] is not a JSON object"),
        ({"answers": [ANSWER, ANSWER]}, r"answers\[1\].item 'abc' is there twice"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(AnswersError, match=message) as error:
        read_answers([path])
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"naturalness": 6}, "naturalness is 6; allowed is 1 to 5"),
        ({"relevance": 3.5}, "relevance is 3.5; a whole number is needed"),
        ({"grammatical": 1}, "grammatical is 1; true or false is needed"),
        ({"wrong": ["Smile"]}, "wrong is 'Smile'; allowed are CelebA's 40 attributes"),
        ({"wrong": [["Smiling"]]}, "wrong is "),
        ({"missing": ["something_else"]}, "missing is 'something_else'"),
    ],
)
def test_a_wrong_answer_is_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = write(tmp_path, answers=[ANSWER | {"item": "first"}, ANSWER | changes])
    with pytest.raises(AnswersError) as error:
        read_answers([path])
    assert f"{path}: answers[1].{message}" in str(error.value)


def test_a_field_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = {name: value for name, value in ANSWER.items() if name != "missing"}
    with pytest.raises(AnswersError, match=r"answers\[0\].missing is missing"):
        read_answers([write(tmp_path, answers=[answer])])


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]"])
def test_a_file_that_holds_no_answers_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(AnswersError, match=str(path)):
        read_answers([path])


def test_files_of_different_reviews_do_not_go_together(tmp_path: Path) -> None:
    paths = [write(tmp_path), write(tmp_path, "heron.json", reviewer="heron", review="llm-9-0")]
    with pytest.raises(AnswersError, match=r"heron.json is of review llm-9-0, .* of llm-5-0"):
        read_answers(paths)


def test_a_reviewer_has_one_file(tmp_path: Path) -> None:
    paths = [write(tmp_path), write(tmp_path, "again.json")]
    with pytest.raises(AnswersError, match=r"otter has more than one file: .*otter.*again"):
        read_answers(paths)


def test_no_file_is_no_review() -> None:
    with pytest.raises(AnswersError, match="no files"):
        read_answers([])
