import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from facecaption_assets.rewriting.backoff import Backoff
from facecaption_assets.rewriting.client import Completion, EndpointUnavailable, RequestRefused
from facecaption_assets.rewriting.openai_client import OpenAIChatClient
from tests.chat_faults import GOOD, FaultyChat, faulty_chat

PAYLOAD = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "Hello"}],
    "temperature": 0.5,
    "max_tokens": 9,
    "seed": 3,
    "grammar": 'root ::= "yes"',
}
KEY = "s3cret-key"
QUICK = Backoff(base_s=0.01, longest_s=0.02, longest_retry_after_s=0.6)

Result = Completion | Exception


def client_of(urls: str | Sequence[str], **values: Any) -> OpenAIChatClient:
    chosen: dict[str, Any] = {"timeout_s": 5.0, "max_retries": 2, "backoff": QUICK} | values
    return OpenAIChatClient(urls, "tiny", KEY, **chosen)


def ask(client: OpenAIChatClient, times: int = 1, at_once: int = 1) -> list[Result]:
    """Answers and errors of so many different requests, of which some are made at once."""

    async def one(number: int, places: asyncio.Semaphore) -> Result:
        async with places:
            try:
                return await client.complete(PAYLOAD | {"seed": number})
            except (EndpointUnavailable, RequestRefused) as error:
                return error

    async def run() -> list[Result]:
        places = asyncio.Semaphore(at_once)
        try:
            return list(await asyncio.gather(*(one(i, places) for i in range(times))))
        finally:
            await client.aclose()

    return asyncio.run(run())


def always(fault: str | int | None) -> Callable[[dict[str, Any], int], str | int | None]:
    return lambda payload, number: fault


def once(fault: str | int) -> Callable[[dict[str, Any], int], str | int | None]:
    return lambda payload, number: None if number else fault


def poisoned(fault: str | int) -> Callable[[dict[str, Any], int], str | int | None]:
    """One request always fails, others never."""
    return lambda payload, number: fault if payload["seed"] == 1 else None


def test_the_request_arrives_as_it_was_made_and_tells_nothing_of_the_machine() -> None:
    with faulty_chat(always(None)) as chat:
        (answer,) = ask(client_of(chat.url))
    assert answer == Completion(GOOD, 300, 20, "faulty")
    assert chat.asked == [PAYLOAD | {"seed": 0}]
    assert chat.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "x-stainless-os" not in chat.headers[0]


def test_a_client_serves_several_event_loops_in_turn() -> None:
    with faulty_chat(always(None)) as chat:
        client = client_of(chat.url)
        assert len(ask(client, 2) + ask(client)) == 3


AGAIN = [
    *(429, 500, 502, 503, 504, 408, 409, 529),
    *("reset", "disconnect", "garbage", "proxy_page", "compressed", "drip", "silent", "huge"),
    *("wrong_json", "cut_json", "not_an_object", "empty", "html", "html_as_json", "other_json"),
    *("empty_choices", "null_choices", "choice_of_nothing", "number_for_text"),
    *("error_body", "error_429", "deep"),
]


@pytest.mark.parametrize("fault", AGAIN)
def test_a_fault_that_passes_is_got_over(fault: str | int) -> None:
    with faulty_chat(once(fault)) as chat:
        timeout_s = 0.3 if fault in ("drip", "silent") else 5.0
        (answer,) = ask(client_of(chat.url, timeout_s=timeout_s))
    assert isinstance(answer, Completion) and answer.text == GOOD
    assert answer.tries == len(chat.asked) == 2


@pytest.mark.parametrize("fault", [f for f in AGAIN if f not in (429, "error_429")])
def test_a_request_that_always_fails_is_refused_alone(fault: str | int) -> None:
    with faulty_chat(poisoned(fault)) as chat:
        timeout_s = 0.2 if fault in ("drip", "silent") else 5.0
        results = ask(client_of(chat.url, timeout_s=timeout_s, max_retries=1), 4)
    assert [type(r) for r in results] == [Completion, RequestRefused, Completion, Completion]
    assert isinstance(results[1], RequestRefused) and results[1].tries == 2


@pytest.mark.parametrize("fault", [400, 413, 422, 451, "filtered", "error_400"])
def test_a_request_that_cannot_be_answered_is_refused_at_once(fault: str | int) -> None:
    with faulty_chat(poisoned(fault)) as chat:
        results = ask(client_of(chat.url), 3)
    assert [type(r) for r in results] == [Completion, RequestRefused, Completion]
    assert len(chat.asked) == 3


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("half_a_character", "A man.?"),
        ("null_content", ""),
        ("cut_off", "A woman with"),
        ("mislabelled", GOOD),
        ("no_usage", GOOD),
    ],
)
def test_an_odd_answer_is_an_answer(fault: str, text: str) -> None:
    with faulty_chat(always(fault)) as chat:
        (answer,) = ask(client_of(chat.url))
    assert isinstance(answer, Completion) and answer.text == text
    assert len(chat.asked) == 1


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (401, "FACECAPTION_LLM_API_KEY"),
        (403, "FACECAPTION_LLM_API_KEY"),
        (402, "paid"),
        (404, r"RewriteSettings\.model"),
        (405, r"RewriteSettings\.base_url"),
        ("redirect", "redirects"),
        ("no_quota", "quota"),
    ],
)
def test_what_only_the_user_can_change_stops_at_once_and_is_named(
    fault: str | int, named: str
) -> None:
    with faulty_chat(always(fault)) as chat:
        (error,) = ask(client_of(chat.url))
    assert isinstance(error, EndpointUnavailable)
    with pytest.raises(EndpointUnavailable, match=named):
        raise error
    assert chat.url in str(error) and KEY not in str(error)
    assert len(chat.asked) == 1


def test_a_key_that_the_endpoint_repeats_is_in_no_error() -> None:
    with faulty_chat(always(400)) as chat:
        (error,) = ask(client_of(chat.url))
    assert "status 400 for Bearer ***" in str(error)
    assert KEY not in f"{error!r} {client_of(chat.url)!r}"


def test_a_key_that_is_cut_off_with_the_text_around_it_is_in_no_error() -> None:
    long_key = "s3cret-" + "0123456789" * 30
    with faulty_chat(always(400)) as chat:
        (error,) = ask(OpenAIChatClient(chat.url, "tiny", long_key, 5.0))
    assert "status 400 for Bearer ***…" in str(error) and "s3cret" not in str(error)


def test_a_closed_port_is_named_with_the_setting() -> None:
    with faulty_chat(always(None)) as chat:
        pass
    (error,) = ask(client_of(chat.url))
    assert isinstance(error, EndpointUnavailable)
    for named in ("RewriteSettings.base_url", chat.url, "no connection", "2 retries", "is cached"):
        assert named in str(error)


def test_an_endpoint_that_stays_busy_is_unavailable() -> None:
    impatient = Backoff(base_s=0.01, longest_s=0.02, longest_busy_s=0.2)
    with faulty_chat(always(429), retry_after="0.01") as chat:
        results = ask(client_of(chat.url, backoff=impatient), 4, at_once=2)
    assert {type(r) for r in results} == {EndpointUnavailable}
    assert "HTTP 429" in str(results[0])


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "least"),
    [("0.3", 0.3), ("86400", 0.6), (date_in(3600), 0.6), (date_in(-5), 0.0), ("soon", 0.0)],
    ids=["seconds", "a day", "a date", "a past date", "no time"],
)
def test_retry_after_is_honoured_up_to_a_bound(retry_after: str, least: float) -> None:
    with faulty_chat(once(429), retry_after=retry_after) as chat:
        ask(client_of(chat.url))
    first, second = chat.moments
    assert least <= second - first < least + 3


def test_a_storm_of_429_loses_no_request() -> None:
    """Nine of ten requests are turned away; each gets its answer all the same."""
    with faulty_chat(lambda payload, n: None if n % 10 == 0 else 429, "0") as chat:
        results = ask(client_of(chat.url), 60, at_once=30)
    assert [type(r) for r in results] == [Completion] * 60
    assert len(chat.asked) > 500


def test_a_dead_endpoint_is_given_up_on_soon_whatever_is_in_line() -> None:
    with faulty_chat(always(500)) as chat:
        results = ask(client_of(chat.url), 300, at_once=20)
        assert len(chat.asked) < 40
    assert {type(r) for r in results[20:]} == {EndpointUnavailable}
    assert "HTTP 500" in str(results[-1])


def test_an_endpoint_that_comes_back_is_used_again() -> None:
    """It fails long enough to be rested, and the requests that wait are then answered."""
    with faulty_chat(lambda payload, n: 500 if n < 8 else None) as chat:
        results = ask(client_of(chat.url, max_retries=4), 40, at_once=8)
    assert [type(r) for r in results] == [Completion] * 40
    assert len(chat.asked) == 48


def both(first: FaultyChat, second: FaultyChat) -> list[str]:
    return [first.url, second.url]


def test_several_endpoints_share_the_requests() -> None:
    with faulty_chat(always("slow")) as first, faulty_chat(always("slow")) as second:
        results = ask(client_of(both(first, second)), 40, at_once=8)
    assert [type(r) for r in results] == [Completion] * 40
    assert len(first.asked) == len(second.asked) == 20
    assert first.most_in_flight == second.most_in_flight == 4


@pytest.mark.parametrize("fault", [500, "reset", "html", 429])
def test_the_others_go_on_when_one_endpoint_fails(fault: str | int) -> None:
    with faulty_chat(always(fault), "1") as first, faulty_chat(always(None)) as second:
        results = ask(client_of(both(first, second)), 60, at_once=6)
    assert [type(r) for r in results] == [Completion] * 60
    assert len(second.asked) == 60
    assert len(first.asked) <= 20


def test_an_endpoint_that_cannot_be_reached_does_not_stop_the_others() -> None:
    with faulty_chat(always(None)) as gone:
        pass
    with faulty_chat(always(None)) as chat:
        results = ask(client_of([gone.url, chat.url]), 30, at_once=4)
    assert [type(r) for r in results] == [Completion] * 30


def test_a_request_that_fails_beside_a_dead_endpoint_is_refused_alone() -> None:
    with faulty_chat(always(None)) as gone:
        pass
    with faulty_chat(poisoned(500)) as chat:
        results = ask(client_of([chat.url, gone.url], max_retries=3), 40, at_once=4)
    assert [i for i, r in enumerate(results) if not isinstance(r, Completion)] == [1]
    assert isinstance(results[1], RequestRefused)
