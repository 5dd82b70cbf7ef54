"""``facecaption verify-captions``: whether captions name exactly their attributes.

Lines in, lines out. What a caption may say belongs to ``rewriting``.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from facecaption_assets.schema import ATTRIBUTE_COLUMNS
from facecaption_assets.terminal import errors

_STDIN: Final = Path("-")

_NAMES: Final = frozenset(ATTRIBUTE_COLUMNS)


class InvalidLine(ValueError):
    """A line is no labelled caption; the message names what is wrong."""


def verify_captions(
    file: Annotated[
        Path,
        typer.Argument(
            help='JSON lines with "attributes", a list of positive CelebA names, and "caption"; '
            "- reads standard input.",
        ),
    ],
    max_words: Annotated[
        int, typer.Option(min=3, help="Longest caption that is accepted, words.")
    ] = 80,
) -> None:
    """Print each line with "accepted" and "reason": does the caption say its attributes, no more?

    Every attribute must be named, and nothing else may be said. With "Male", the
    caption is of a man or boy, "he"; without, of a woman or girl, "she", or of a
    person, "they", but not of both. "Young" must be worded: "girl" and "boy" do
    not say it. "No_Beard" must be worded of men, and must not be of others.

    "reason" is null, or the first fault as kind or kind:detail. Other keys are
    kept, blank lines left out. A line that cannot be judged is printed with the
    reason "invalid_line: ..."; the exit status is then 1. Totals go to standard
    error.
    """
    counts: Counter[str] = Counter()
    with _opened(file) as stream:
        for number, line in _lines(stream):
            row = _judged(line, max_words)
            if row["reason"] and row["reason"].startswith("invalid_line"):
                counts["invalid"] += 1
                errors.print(f"{file}:{number}: {row['reason']}", style="red", soft_wrap=True)
            else:
                counts["accepted" if row["accepted"] else "rejected"] += 1
            sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()
    totals = ", ".join(f"{counts[kind]} {kind}" for kind in ("accepted", "rejected", "invalid"))
    errors.print(totals)
    if counts["invalid"]:
        raise typer.Exit(1)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == _STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        errors.print(f"FILE {file}: {error.strerror}", style="red", soft_wrap=True)
        raise typer.Exit(2) from None
    with stream:
        yield stream


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, numbered from 1, without a byte order mark."""
    for number, line in enumerate(stream, 1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if line.strip():
            yield number, line


def _judged(line: bytes, max_words: int) -> dict[str, Any]:
    """The line's object with the verdict; of what is no object, the text under ``line``."""
    from facecaption_assets.rewriting.labelled_captions import judge

    row: dict[str, Any] = {}
    try:
        row = _parsed(line)
        verdict = judge(*_labelled(row), max_words)
    except InvalidLine as error:
        row = row or {"line": line.decode(errors="replace").rstrip("\r\n")}
        return row | {"accepted": False, "reason": f"invalid_line: {error}"}
    return row | {"accepted": verdict.accepted, "reason": verdict.reason}


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise InvalidLine(f"not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidLine(f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise InvalidLine(f"not an object but {_shown(row)}")
    return row


def _labelled(row: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """The caption and its attributes."""
    if missing := [key for key in ("attributes", "caption") if key not in row]:
        raise InvalidLine(f"no {' and no '.join(map(repr, missing))}")
    caption, attributes = row["caption"], row["attributes"]
    if not isinstance(caption, str):
        raise InvalidLine(f"'caption' is not a text but {_shown(caption)}")
    if not isinstance(attributes, list) or not all(isinstance(name, str) for name in attributes):
        raise InvalidLine(f"'attributes' is not a list of names but {_shown(attributes)}")
    if unknown := [name for name in attributes if name not in _NAMES]:
        raise InvalidLine(f"'attributes' names {unknown[0]!r}, which is not CelebA's")
    return caption, frozenset(attributes)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
