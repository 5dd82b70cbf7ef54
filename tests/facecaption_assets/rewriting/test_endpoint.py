from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.rewriting.endpoint import open_client, stage_identity
from facecaption_assets.rewriting.openai_client import OpenAIChatClient
from facecaption_assets.rewriting.settings import RewriteSettings


def test_the_users_endpoint_gets_the_users_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECAPTION_LLM_API_KEY", "s3cret")
    settings = RewriteSettings(base_url="http://127.0.0.1:9/v1", model="qwen")
    with open_client(settings, ModelStore(tmp_path)) as client:
        assert isinstance(client, OpenAIChatClient)
        assert (client.base_urls, client.model) == (("http://127.0.0.1:9/v1",), "qwen")
        assert "s3cret" not in repr(client)


def test_what_bounds_requests_reaches_the_client(tmp_path: Path) -> None:
    settings = RewriteSettings(
        base_url="http://a/v1,http://b/v1",
        timeout_s=7.0,
        connect_timeout_s=2.0,
        max_retries=1,
        concurrency=77,
    )
    with open_client(settings, ModelStore(tmp_path)) as client:
        assert isinstance(client, OpenAIChatClient)
        assert client.base_urls == ("http://a/v1", "http://b/v1")
        assert (client.timeout_s, client.connect_timeout_s) == (7.0, 2.0)
        assert (client.max_retries, client.most_in_flight) == (1, 77)


def test_what_bounds_requests_counts_for_the_embedded_server_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "facecaption_assets.rewriting.endpoint.serve_locally",
        lambda *_: nullcontext("http://127.0.0.1:9/v1"),
    )
    (tmp_path / "tiny.gguf").write_bytes(b"1")
    settings = RewriteSettings(
        local_model=str(tmp_path / "tiny.gguf"), max_retries=1, connect_timeout_s=2.0, concurrency=3
    )
    with open_client(settings, ModelStore(tmp_path)) as client:
        assert isinstance(client, OpenAIChatClient)
        assert client.model.startswith("tiny.gguf@")
        assert (client.max_retries, client.most_in_flight) == (1, 3)
        assert (client.timeout_s, client.connect_timeout_s) == (180.0, 2.0)


def test_absent_weights_are_named_with_their_setting(tmp_path: Path) -> None:
    settings = RewriteSettings(local_model="no-such-model")
    with (
        pytest.raises(ModelUnavailable, match=r"RewriteSettings\.local_model"),
        open_client(settings, ModelStore(tmp_path)),
    ):
        pass


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.1},
        {"attempts": 1},
        {"constraint": "none"},
        {"local_model": "other"},
        {"styles": ("short", "normal")},
        {"best_of": 2},
        {"repair": False},
        {"share_answers": True},
        {"alt_text": "hint"},
    ],
)
def test_the_identity_follows_what_decides_the_captions(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    store, settings = ModelStore(tmp_path), RewriteSettings()
    assert stage_identity(settings, store) == stage_identity(settings, store)
    assert stage_identity(replace(settings, **change), store) != stage_identity(settings, store)


def test_speed_and_address_do_not_make_captions_stale(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    here = RewriteSettings(base_url="http://a/v1")
    there = RewriteSettings(
        base_url="http://b/v1,http://c/v1",
        concurrency=9,
        timeout_s=1.0,
        connect_timeout_s=1.0,
        local_threads=1,
        max_retries=1,
        budget_tokens=5,
        budget_usd=1.0,
        usd_per_million_prompt_tokens=0.1,
        usd_per_million_completion_tokens=0.4,
    )
    assert stage_identity(here, store) == stage_identity(there, store)


def test_weights_of_the_users_go_by_their_own_identity(tmp_path: Path) -> None:
    weights = tmp_path / "mine.gguf"
    weights.write_bytes(b"1")
    settings, store = RewriteSettings(local_model=str(weights)), ModelStore(tmp_path)
    first = stage_identity(settings, store)
    weights.write_bytes(b"22")
    assert stage_identity(settings, store) != first
    assert str(tmp_path) not in first


def test_prompts_count_by_their_content_not_by_their_place(tmp_path: Path) -> None:
    def identity(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        settings = RewriteSettings(prompts=str(tmp_path / name))
        return stage_identity(settings, ModelStore(tmp_path))

    first = identity("a.toml", 'repair = "Again: {reason}"')
    assert identity("b.toml", '# the same\nrepair = "Again: {reason}"') == first
    assert identity("a.toml", 'repair = "Once more: {reason}"') != first
    assert stage_identity(RewriteSettings(), ModelStore(tmp_path)) != first
