"""What a reviewer exported: read, and refused with the file's and the field's name where wrong.

What answers amount to belongs to ``scoring``.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from facecaption_assets.quality.reviewing.review_key import SCHEMA_VERSION, SOMETHING_ELSE
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

_T = TypeVar("_T")
_NEEDED: Final[dict[type, str]] = {
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    list: "a list",
}
_PSEUDONYM: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
#: Answer with which a caption counts as natural, and as relevant.
GOOD_FROM: Final = 4


class AnswersError(ValueError):
    """Exported answers cannot be read, or do not fit together."""


@dataclass(frozen=True)
class Answer:
    """What one reviewer said of one caption.

    Attributes:
        item: Its id.
        naturalness: 1 to 5.
        grammatical: Whether its grammar is right.
        relevance: 1 to 5.
        wrong: Attributes that it states wrongly, or SOMETHING_ELSE.
        missing: Attributes that it lacks.
    """

    item: str
    naturalness: int
    grammatical: bool
    relevance: int
    wrong: frozenset[str]
    missing: frozenset[str]

    @property
    def is_natural(self) -> bool:
        """Whether the English is natural enough."""
        return self.naturalness >= GOOD_FROM

    @property
    def is_relevant(self) -> bool:
        """Whether it describes the face well enough."""
        return self.relevance >= GOOD_FROM


@dataclass(frozen=True)
class ReviewerAnswers:
    """One exported file.

    Attributes:
        path: The file.
        review: Id of the review.
        reviewer: Pseudonym.
        answers: By item.
    """

    path: Path
    review: str
    reviewer: str
    answers: Mapping[str, Answer]


def read_answers(paths: Sequence[Path]) -> list[ReviewerAnswers]:
    """Exported files of one review, one per reviewer.

    Raises:
        AnswersError: Naming the file and the field that is wrong, or the files that do not fit
            together.
    """
    files = [_read_file(path) for path in paths]
    if not files:
        raise AnswersError("there are no files of answers")
    for file in files[1:]:
        if file.review != files[0].review:
            raise AnswersError(
                f"{file.path} is of review {file.review}, {files[0].path} of {files[0].review}"
            )
    for reviewer, count in Counter(file.reviewer for file in files).items():
        if count > 1:
            twice = ", ".join(str(file.path) for file in files if file.reviewer == reviewer)
            raise AnswersError(f"reviewer {reviewer} has more than one file: {twice}")
    return files


def _read_file(path: Path) -> ReviewerAnswers:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AnswersError(f"{path}: {error}") from error
    fields = _Fields(content, str(path), "")
    version = fields.get("schema_version", int)
    if version != SCHEMA_VERSION:
        raise AnswersError(f"{path}: schema_version is {version}, not {SCHEMA_VERSION}")
    reviewer = fields.get("reviewer", str)
    if not _PSEUDONYM.fullmatch(reviewer):
        raise AnswersError(
            f"{path}: reviewer is {reviewer!r}; letters, digits, - and _ are allowed"
        )
    answers: dict[str, Answer] = {}
    for index, entry in enumerate(fields.get("answers", list)):
        answer = _read_answer(_Fields(entry, str(path), f"answers[{index}]"))
        if answer.item in answers:
            raise AnswersError(f"{path}: answers[{index}].item {answer.item!r} is there twice")
        answers[answer.item] = answer
    return ReviewerAnswers(path, fields.get("review", str), reviewer, answers)


def _read_answer(fields: "_Fields") -> Answer:
    return Answer(
        item=fields.get("item", str),
        naturalness=fields.scale("naturalness"),
        grammatical=fields.get("grammatical", bool),
        relevance=fields.scale("relevance"),
        wrong=fields.attributes("wrong", SOMETHING_ELSE),
        missing=fields.attributes("missing"),
    )


class _Fields:
    """Fields of a JSON object, each asked for by its type."""

    def __init__(self, content: object, file: str, place: str) -> None:
        if not isinstance(content, dict):
            raise AnswersError(f"{file}: {place or 'the content'} is not a JSON object")
        self._content, self._file, self._prefix = content, file, f"{place}." if place else ""

    def get(self, name: str, kind: type[_T]) -> _T:
        if name not in self._content:
            raise AnswersError(f"{self._file}: {self._prefix}{name} is missing")
        value = self._content[name]
        if type(value) is not kind:  # A bool is an int to isinstance.
            raise self._refusal(name, value, f"{_NEEDED[kind]} is needed")
        return value

    def scale(self, name: str) -> int:
        value = self.get(name, int)
        if not 1 <= value <= 5:
            raise self._refusal(name, value, "allowed is 1 to 5")
        return value

    def attributes(self, name: str, *more: str) -> frozenset[str]:
        values: list[Any] = self.get(name, list)
        for value in values:
            if value not in (*ATTRIBUTE_COLUMNS, *more):
                raise self._refusal(name, value, "allowed are CelebA's 40 attributes")
        return frozenset(values)

    def _refusal(self, name: str, value: object, reason: str) -> AnswersError:
        return AnswersError(f"{self._file}: {self._prefix}{name} is {value!r}; {reason}")
