import asyncio
import time
from typing import Any

import pytest

from facecaption_assets.rewriting.client import (
    Completion,
    EndpointUnavailable,
    OpenAIChatClient,
    RequestRefused,
)

PAYLOAD = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "Hello"}],
    "temperature": 0.5,
    "max_tokens": 9,
    "seed": 3,
    "grammar": 'root ::= "yes"',
}


def ask(client: OpenAIChatClient, times: int = 1) -> list[Completion]:
    async def run() -> list[Completion]:
        try:
            return [await client.complete(PAYLOAD) for _ in range(times)]
        finally:
            await client.aclose()

    return asyncio.run(run())


def client_of(url: str, **values: Any) -> OpenAIChatClient:
    return OpenAIChatClient(url, "tiny", "s3cret", **({"timeout_s": 5.0} | values))


def test_an_answer_carries_its_text_its_cost_and_its_model(chat: Any) -> None:
    with chat.start(lambda payload, number: chat.say("The man smiles.")) as server:
        (completion,) = ask(client_of(server.url))
    assert completion == Completion("The man smiles.", 11, 7, "obedient")


def test_seed_and_grammar_reach_the_endpoint(chat: Any) -> None:
    with chat.start(lambda payload, number: chat.say("yes")) as server:
        ask(client_of(server.url))
    assert server.requests == [PAYLOAD]
    assert server.headers[0]["authorization"] == "Bearer s3cret"


def test_a_client_serves_several_event_loops_in_turn(chat: Any) -> None:
    with chat.start(lambda payload, number: chat.say("yes")) as server:
        client = client_of(server.url)
        assert len(ask(client, 2) + ask(client)) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_asked_again(chat: Any, status: int) -> None:
    def answer(payload: dict[str, Any], number: int) -> Any:
        return chat.say("yes") if number else chat.fail(status, Retry_After="0.01")

    with chat.start(answer) as server:
        (completion,) = ask(client_of(server.url))
    assert completion.text == "yes"
    assert len(server.requests) == 2


def test_retry_after_is_honoured(chat: Any) -> None:
    def answer(payload: dict[str, Any], number: int) -> Any:
        return chat.say("yes") if number else chat.fail(429, Retry_After="1.6")

    with chat.start(answer) as server:
        begin = time.monotonic()
        ask(client_of(server.url))
    assert time.monotonic() - begin >= 1.6


def test_a_closed_port_is_an_unavailable_endpoint_that_is_named(chat: Any) -> None:
    with chat.start(lambda payload, number: chat.say("yes")) as server:
        url = server.url
    with pytest.raises(EndpointUnavailable) as caught:
        ask(client_of(url, max_retries=1))
    message = str(caught.value)
    assert "RewriteSettings.base_url" in message and url in message
    assert "s3cret" not in message


@pytest.mark.parametrize("url", ["127.0.0.1:8000/v1", "ftp://a/v1", "http://user:pass@a/v1"])
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"RewriteSettings\.base_url") as caught:
        client_of(url)
    assert "pass@" not in str(caught.value)


def test_an_endpoint_that_stays_busy_is_unavailable(chat: Any) -> None:
    with (
        chat.start(lambda payload, number: chat.fail(503, Retry_After="0.01")) as server,
        pytest.raises(EndpointUnavailable, match="2 retries"),
    ):
        ask(client_of(server.url, max_retries=2))
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 404])
def test_an_endpoint_that_does_not_know_us_or_the_model_is_not_asked_twice(
    chat: Any, status: int
) -> None:
    with (
        chat.start(lambda payload, number: chat.fail(status, "unknown")) as server,
        pytest.raises(EndpointUnavailable, match="'tiny'"),
    ):
        ask(client_of(server.url))
    assert len(server.requests) == 1


def test_a_model_that_the_endpoint_does_not_have_is_named_with_its_setting(chat: Any) -> None:
    with (
        chat.start(lambda payload, number: chat.fail(404, "unknown model")) as server,
        pytest.raises(EndpointUnavailable, match=r"RewriteSettings\.model 'tiny': .*unknown"),
    ):
        ask(client_of(server.url))


def test_a_malformed_request_is_refused_alone(chat: Any) -> None:
    with (
        chat.start(lambda payload, number: chat.fail(400, "bad grammar")) as server,
        pytest.raises(RequestRefused, match="bad grammar"),
    ):
        ask(client_of(server.url))
    assert len(server.requests) == 1


def test_a_silent_endpoint_is_given_up_on(chat: Any) -> None:
    def answer(payload: dict[str, Any], number: int) -> Any:
        time.sleep(0.5)
        return chat.say("late")

    with (
        chat.start(answer) as server,
        pytest.raises(EndpointUnavailable, match=r"timeout_s 0\.1"),
    ):
        ask(client_of(server.url, timeout_s=0.1, max_retries=0))
