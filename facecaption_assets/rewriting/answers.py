"""The body of an endpoint's answer → the completion in it, or what is wrong with it.

Pure functions on bytes; what follows from a bad answer belongs to ``faults``.
"""

import json
from typing import Any, Final

from facecaption_assets.rewriting.client import Completion

#: Longest answer that is read, bytes. A caption's takes less than a kilobyte.
MAX_BODY_BYTES: Final = 4 * 2**20

#: Characters of a foreign text that an error repeats.
_QUOTED: Final = 200


class MalformedAnswer(Exception):
    """The endpoint said OK and sent something that is no chat completion."""


class ReportedError(Exception):
    """The endpoint said OK and sent an error.

    Attributes:
        status: HTTP status that the error goes by, where it names one; else 500.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ContentFiltered(Exception):
    """The endpoint withholds its answer to this request."""


def read_completion(body: bytes) -> Completion:
    """The completion in the body of an answer with status 200.

    The body is read as JSON whatever its content type. An answer without text is an answer, and
    so is one that was cut off at the token limit: what they are worth is verified later.

    Raises:
        MalformedAnswer: If it holds no completion.
        ReportedError: If it holds an error.
        ContentFiltered: If the endpoint's filter took the text away.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer(f"not JSON: {_begins(body)}") from error
    if not isinstance(answer, dict):
        raise MalformedAnswer(f"not a JSON object: {_begins(body)}")
    if answer.get("error"):
        raise _reported(answer["error"])
    match answer.get("choices"):
        case [{"finish_reason": "content_filter"}, *_]:
            raise ContentFiltered("finish_reason is content_filter")
        case [{"message": {"content": str() | None as text}}, *_]:
            usage = answer.get("usage")
            return Completion(
                text=_storable(text or ""),
                prompt_tokens=_count(usage, "prompt_tokens"),
                completion_tokens=_count(usage, "completion_tokens"),
                model=_storable(str(answer.get("model") or "")),
            )
        case []:
            raise MalformedAnswer("it has no choices")
    raise MalformedAnswer(f"no chat completion: {_begins(body)}")


def quote(text: str) -> str:
    """The beginning of a foreign text on one line, fit for an error message."""
    line = " ".join(text.split())
    shown = "".join(letter for letter in line if letter.isprintable())
    return shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}…"


def _begins(body: bytes) -> str:
    return quote(body[: 4 * _QUOTED].decode(errors="replace"))


def _storable(text: str) -> str:
    """The text without halves of surrogate pairs: JSON can spell them, UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _reported(error: Any) -> ReportedError:
    details = error if isinstance(error, dict) else {"message": error}
    status = next(
        (
            code
            for code in (details.get("code"), details.get("status"))
            if isinstance(code, int) and 400 <= code <= 599
        ),
        500,
    )
    return ReportedError(quote(str(details.get("message") or error)), status)


def _count(usage: object, name: str) -> int:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and 0 <= count < 2**31 else 0
