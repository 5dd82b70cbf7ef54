import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from facecaption_assets.cli import app

GOOD = {"attributes": ["Young", "Smiling"], "caption": "A young woman smiles."}
Verify = Callable[..., tuple[Result, list[dict[str, object]]]]


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    def run(content: str | bytes, *options: str) -> tuple[Result, list[dict[str, object]]]:
        file = tmp_path / "captions.jsonl"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        result = CliRunner().invoke(app, ["verify-captions", str(file), *options])
        return result, [json.loads(line) for line in result.stdout.splitlines()]

    return run


def test_each_line_comes_back_with_its_verdict_in_order(verify: Verify) -> None:
    bad = {**GOOD, "caption": "A young woman.", "id": 7}
    result, rows = verify(f"{json.dumps(GOOD)}\n{json.dumps(bad)}\n")
    assert rows == [
        {**GOOD, "accepted": True, "reason": None},
        {**bad, "accepted": False, "reason": "missing_attribute:Smiling"},
    ]
    assert result.exit_code == 0
    assert "1 accepted, 1 rejected, 0 invalid" in result.stderr


def test_standard_input_is_read() -> None:
    result = CliRunner().invoke(app, ["verify-captions", "-"], input=json.dumps(GOOD))
    assert json.loads(result.stdout)["accepted"] is True


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        json.dumps(GOOD).encode() + b"\r\n\r\n",
        b"\n  \n" + json.dumps(GOOD).encode() + b"\n",
    ],
)
def test_marks_and_blank_lines_do_no_harm(verify: Verify, content: bytes) -> None:
    result, rows = verify(content)
    assert [row["accepted"] for row in rows] == [True]
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "not JSON (Expecting value"),
        (b"[" * 100_000, "not JSON"),
        (b'{"attributes": [], "caption": "x", "n": ' + b"1" * 5000 + b"}", "not JSON"),
        (b"[1]", "not an object but [1]"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b'{"caption": "A woman."}', "no 'attributes'"),
        (b"{}", "no 'attributes' and no 'caption'"),
        (b'{"attributes": "Young", "caption": "A woman."}', 'not a list of names but "Young"'),
        (b'{"attributes": [1], "caption": "A woman."}', "not a list of names but [1]"),
        (b'{"attributes": ["Yung"], "caption": "x"}', "names 'Yung', which is not CelebA's"),
        (b'{"attributes": [], "caption": null}', "'caption' is not a text but null"),
    ],
)
def test_a_broken_line_is_named_and_loses_no_other(
    verify: Verify, line: bytes, reason: str
) -> None:
    good = json.dumps(GOOD).encode()
    result, rows = verify(b"\n".join([good, line, good]))
    assert [row["accepted"] for row in rows] == [True, False, True]
    assert str(rows[1]["reason"]).startswith("invalid_line: ") and reason in str(rows[1]["reason"])
    assert "captions.jsonl:2: invalid_line: " in result.stderr
    assert "2 accepted, 0 rejected, 1 invalid" in result.stderr
    assert result.exit_code == 1


def test_an_empty_caption_is_judged_like_any_other(verify: Verify) -> None:
    result, rows = verify(json.dumps({**GOOD, "caption": ""}))
    assert rows[0]["reason"] == "too_short"
    assert result.exit_code == 0


def test_the_longest_caption_can_be_set(verify: Verify) -> None:
    _, rows = verify(json.dumps(GOOD), "--max-words", "3")
    assert rows[0]["reason"] == "too_long"


def test_a_missing_file_is_named() -> None:
    result = CliRunner().invoke(app, ["verify-captions", "nowhere.jsonl"])
    assert result.exit_code == 2
    assert "nowhere.jsonl" in result.stderr
