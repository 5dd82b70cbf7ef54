"""How a chat endpoint is asked: the protocol, and its implementation for OpenAI's interface.

Retries live here; what is asked belongs to ``prompts`` and ``rewrite``, what was answered before
to ``cache``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from openai import AsyncOpenAI

#: Body of a chat completion request: ``model``, ``messages`` and sampling parameters.
Payload = Mapping[str, object]

#: Times that a failed request is repeated. The waits between are jittered, grow from 0.5 to 8 s,
#: and follow ``Retry-After``.
MAX_RETRIES: Final = 6

#: Fields that the client library knows; others, such as ``grammar``, go into the extra body.
_STANDARD_FIELDS: Final = frozenset(
    {"model", "messages", "temperature", "max_tokens", "seed", "top_p", "stop"}
)


class EndpointUnavailable(RuntimeError):
    """The endpoint cannot be reached or does not serve us; no request can succeed."""


class RequestRefused(RuntimeError):
    """The endpoint refuses this one request as malformed; others may succeed."""


@dataclass(frozen=True)
class Completion:
    """An endpoint's answer: its text, what it cost, and which model gave it."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    model: str


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


class OpenAIChatClient:
    """A client of any OpenAI-compatible endpoint, such as vLLM or llama.cpp.

    Attributes:
        base_url: Endpoint up to and including ``/v1``.
        model: Name that requests ask for.
        api_key: Bearer token; any text where the endpoint asks for none.
        timeout_s: Longest wait for one answer, seconds.
        max_retries: Times that a failed request is repeated.

    Raises:
        ValueError: If the address is not http(s), or holds credentials.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        timeout_s: float,
        max_retries: int = MAX_RETRIES,
    ) -> None:
        _check_address(base_url)
        self.base_url = base_url
        self.model = model
        self.timeout_s = timeout_s
        self.max_retries = max_retries
        self._api_key = api_key
        self._client: AsyncOpenAI | None = None

    async def complete(self, payload: Payload) -> Completion:
        """Answer one request, repeating it while the endpoint is busy or briefly away.

        Raises:
            EndpointUnavailable: If the endpoint is still busy or away after the last repetition,
                or does not know us or the model.
            RequestRefused: If it calls the request malformed.
        """
        import openai

        if self._client is None:
            self._client = self._open()
        body: dict[str, Any] = {k: v for k, v in payload.items() if k in _STANDARD_FIELDS}
        extra = {k: v for k, v in payload.items() if k not in _STANDARD_FIELDS}
        try:
            answer = await self._client.chat.completions.create(**body, extra_body=extra)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            raise RequestRefused(error.message) from error
        except openai.NotFoundError as error:
            raise EndpointUnavailable(
                f"the endpoint of RewriteSettings.base_url, {self.base_url}, does not have "
                f"RewriteSettings.model {self.model!r}: {error.message}"
            ) from error
        except openai.APIError as error:
            raise EndpointUnavailable(self._explain(error.message)) from error
        text = answer.choices[0].message.content if answer.choices else None
        usage = answer.usage
        return Completion(
            text=text or "",
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
            model=answer.model,
        )

    async def aclose(self) -> None:
        """Drop the connections of the running event loop; a later request opens new ones."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def _open(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI, DefaultAioHttpClient

        return AsyncOpenAI(
            base_url=self.base_url,
            api_key=self._api_key,
            timeout=self.timeout_s,
            max_retries=self.max_retries,
            http_client=DefaultAioHttpClient(timeout=self.timeout_s),
        )

    def _explain(self, message: str) -> str:
        return (
            f"the endpoint of RewriteSettings.base_url, {self.base_url}, did not answer: {message} "
            f"(model {self.model!r}, timeout_s {self.timeout_s:g}, {self.max_retries} retries). "
            "What was answered is cached; run the shard again."
        )


def _check_address(base_url: str) -> None:
    url = urlsplit(base_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("RewriteSettings.base_url must look like http://127.0.0.1:8000/v1")
    if url.username or url.password:
        raise ValueError(
            "RewriteSettings.base_url holds credentials, and settings are shown and stored; put "
            "the key into the environment variable FACECAPTION_LLM_API_KEY"
        )
