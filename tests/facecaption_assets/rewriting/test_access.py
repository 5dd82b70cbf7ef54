import pytest

from facecaption_assets.rewriting.access import NO_KEY, api_key
from facecaption_assets.rewriting.client import EndpointUnavailable
from facecaption_assets.rewriting.settings import RewriteSettings

VARIABLE = "FACECAPTION_LLM_API_KEY"


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1:8000/v1", "https://llm.example.org/v1/", "http://[::1]:8000/v1"),
        *("http://a/v1, https://b/v1,", ""),
    ],
)
def test_an_address_that_can_be_asked_is_a_setting(address: str) -> None:
    assert RewriteSettings(base_url=address).base_url == address


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:8000/v1", "ftp://a/v1", "http:///v1", "http://a:99999/v1", "http://a:0/v1"),
        *("http://a:port/v1", "http://[::1/v1", "http://a/v1?version=1", "http://a/v1#top"),
        "http://a/v1,localhost/v1",
    ],
)
def test_an_address_that_cannot_be_asked_is_no_setting_and_is_named(address: str) -> None:
    wrong = address.split(",")[-1].partition("?")[0]
    with pytest.raises(ValueError, match="base_url is ") as caught:
        RewriteSettings(base_url=address)
    assert wrong in str(caught.value) and "http://127.0.0.1:8000/v1" in str(caught.value)


@pytest.mark.parametrize("address", ["http://user:pass@a/v1", "http://user:pass@a:port/v1"])
def test_credentials_in_an_address_are_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        RewriteSettings(base_url=f"http://127.0.0.1:9/v1,{address}")
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "key"), [("sk-1", "sk-1"), (" sk-1\n", "sk-1"), ("", NO_KEY), ("\n", NO_KEY)]
)
def test_white_space_around_a_key_is_not_sent(monkeypatch, value: str, key: str) -> None:
    monkeypatch.setenv(VARIABLE, value)
    assert api_key() == key


@pytest.mark.parametrize("value", ["sk-\n1", "sk-\x011", "sk-ä1", "sk\t-1"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(monkeypatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(EndpointUnavailable, match=VARIABLE) as caught:
        api_key()
    assert "sk" not in str(caught.value)
