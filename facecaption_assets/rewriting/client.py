"""How a language model is asked: the protocol of a client, and what can come of a request.

The client for OpenAI's interface is ``openai_client``; what is asked belongs to ``prompts`` and
``rewrite``, what was answered before to ``cache``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: Body of a chat completion request: ``model``, ``messages`` and sampling parameters.
Payload = Mapping[str, object]


class EndpointUnavailable(RuntimeError):
    """The endpoint cannot be reached or does not serve us; no request can succeed."""


class RequestRefused(RuntimeError):
    """The endpoint does not answer this one request; others may succeed.

    Attributes:
        tries: Times that the request was sent.
    """

    def __init__(self, message: str, tries: int = 1) -> None:
        super().__init__(message)
        self.tries = tries


@dataclass(frozen=True)
class Completion:
    """An endpoint's answer: its text, what it cost, and which model gave it.

    Attributes:
        text: What the model said; empty if it said nothing.
        prompt_tokens: Tokens of the request, as the endpoint counts them; 0 where it does not.
        completion_tokens: Tokens of the answer, likewise.
        model: Name that the endpoint gives its model.
        tries: Times that the request was sent; no part of the answer.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    model: str
    tries: int = field(default=1, compare=False)


class ChatClient(Protocol):
    """Answers chat requests; many may be in flight at once.

    Attributes:
        model: Name that requests ask for. Answers are remembered under it, so that other weights
            need another name.
    """

    model: str

    async def complete(self, payload: Payload) -> Completion:
        """Answer one request.

        Raises:
            EndpointUnavailable: If no request can succeed.
            RequestRefused: If this one cannot.
        """
        ...

    async def aclose(self) -> None:
        """Drop the connections of the running event loop; a later request opens new ones."""
        ...
