"""The doctor on a data root of its own; servers are on loopback."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from facecaption_assets import doctor
from facecaption_assets.doctor import Level
from facecaption_assets.install_check import INSTALLED_MARK
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.storage import Storage


class Server(ThreadingHTTPServer):
    """Answers every request with one status, and remembers what it was asked."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch) -> None:
    names = ("FACECAPTION_PROFILE", "FACECAPTION_LLM_API_KEY", "FACECAPTION_MODELS")
    for name in (*names, "PIP_CERT", "SSL_CERT_FILE", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def edit_profile(storage: Storage, text: str) -> None:
    storage.root.mkdir(parents=True, exist_ok=True)
    storage.profile_file.write_text(text)


def ask(storage: Storage, base_url: str) -> doctor.Finding:
    return doctor.endpoint(storage, RewriteSettings(base_url=base_url))


def test_a_key_that_cannot_be_sent_is_said_before_an_endpoint_is_blamed(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("FACECAPTION_LLM_API_KEY", "sk-1\nsk-2")
    finding = ask(Storage(str(tmp_path)), "http://127.0.0.1:9/v1")
    assert finding.level is Level.BAD
    assert "the key in FACECAPTION_LLM_API_KEY" in finding.detail and "sk-" not in finding.detail


def test_this_python_will_do() -> None:
    assert doctor.python_version().level is Level.GOOD


def test_a_package_that_is_not_installed_is_bad() -> None:
    finding = doctor.native_package("no_such_package")
    assert (finding.level, finding.detail) == (Level.BAD, "is not installed")


@pytest.mark.parametrize(
    ("source", "detail", "remedy"),
    [
        ("", "imports", ""),
        ("raise ImportError('libGL.so.1: no such file')", "libGL.so.1", "apt-get install"),
        ("raise ImportError('numpy is too old')", "numpy is too old", "install facecaption again"),
        ("import os; os._exit(7)", "exit status 7", "install facecaption again"),
    ],
)
def test_a_package_is_imported_and_what_mends_it_depends_on_the_error(
    tmp_path, monkeypatch, source, detail, remedy
) -> None:
    (tmp_path / "compiled.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    finding = doctor.native_package("compiled")
    assert detail in finding.detail
    assert finding.remedy.startswith(remedy)
    assert (finding.level is Level.GOOD) is not bool(remedy)


@pytest.mark.parametrize(
    ("venv", "remedy"),
    [
        (".venv", "rm -rf .venv && make venv"),
        ("my env", "rm -rf 'my env' && make venv 'VENV=my env'"),
    ],
)
def test_an_environment_of_makes_is_removed_before_it_is_made_again(
    tmp_path, monkeypatch, venv, remedy
) -> None:
    (tmp_path / venv).mkdir()
    (tmp_path / venv / INSTALLED_MARK).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / venv))
    assert doctor.native_package("no_such_package").remedy == remedy


def test_free_space_is_measured_where_the_data_root_will_be(storage, monkeypatch) -> None:
    assert doctor.disk(storage).level is Level.GOOD
    monkeypatch.setattr(doctor, "_MIN_FREE_BYTES", 10**18)
    finding = doctor.disk(storage)
    assert finding.level is Level.BAD
    assert str(Path(storage.home).parent) in finding.detail
    assert "FACECAPTION_HOME" in finding.remedy
    assert doctor.disk(Storage("memory://bucket/data")).level is Level.NOTE


@pytest.mark.parametrize(("status", "answers"), [(200, True), (404, True), (503, False)])
def test_missing_models_are_a_note_and_so_is_an_index_that_cannot_give_them(
    storage, server, monkeypatch, status, answers
) -> None:
    server.status = status
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.address}/simple/")
    finding = doctor.models(storage)
    assert finding.level is Level.NOTE
    assert "smollm2-135m-instruct" in finding.detail
    assert ("does not answer" in finding.detail) is not answers
    assert ("PIP_INDEX_URL" in finding.remedy) is not answers


def test_an_index_without_an_answer_does_not_show_its_password(storage, monkeypatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple/")
    finding = doctor.models(storage)
    assert "does not answer" in finding.detail
    assert "secret" not in f"{finding.detail} {finding.remedy}"


def test_a_profile_that_can_be_used_is_named_with_its_endpoint(storage) -> None:
    found = doctor.profile(storage)
    assert [finding.level for finding in found] == [Level.GOOD] * 2
    assert found[0].detail == "embedded"


def test_a_bad_variable_is_not_mended_by_editing_a_file(storage, monkeypatch) -> None:
    monkeypatch.setenv("FACECAPTION_PROFILE", "paper")
    (finding,) = doctor.profile(storage)
    assert finding.level is Level.BAD
    assert finding.remedy == "set FACECAPTION_PROFILE to embedded or laion_face"


@pytest.mark.parametrize(
    "text", ["[faces]\nmargin = -1.0", '[attributes]\nannotators = ["x"]', "[faces"]
)
def test_a_bad_file_is_named(storage, text) -> None:
    edit_profile(storage, text)
    (finding,) = doctor.profile(storage)
    assert finding.level is Level.BAD
    assert finding.remedy == f"edit {storage.profile_file}"


def test_an_endpoint_is_asked_with_the_key(storage, server, monkeypatch) -> None:
    monkeypatch.setenv("FACECAPTION_LLM_API_KEY", "secret")
    finding = ask(storage, f"{server.address}/v1/")
    assert finding.level is Level.GOOD
    assert server.asked == [("/v1/models", "Bearer secret")]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("key", "words"), [("", "wants a key"), ("secret", "refuses the key")])
def test_an_endpoint_that_refuses_us_asks_for_the_key(
    storage, server, monkeypatch, status, key, words
) -> None:
    monkeypatch.setenv("FACECAPTION_LLM_API_KEY", key)
    server.status = status
    finding = ask(storage, f"{server.address}/v1")
    assert finding.level is Level.BAD
    assert words in finding.detail and "secret" not in finding.detail
    assert "FACECAPTION_LLM_API_KEY" in finding.remedy


def test_the_first_of_several_endpoints_that_does_not_answer_is_named(storage: Storage) -> None:
    finding = ask(storage, "http://127.0.0.1:9/v1, http://127.0.0.1:1/v1")
    assert finding.level is Level.BAD
    assert finding.detail.startswith("http://127.0.0.1:9/v1 does not answer")


def test_another_error_of_an_endpoint_is_told_as_it_is(storage, server) -> None:
    server.status = 404
    finding = ask(storage, f"{server.address}/v1")
    assert finding.level is Level.BAD
    assert "HTTP 404" in finding.detail


def test_an_endpoint_that_does_not_answer_says_where_to_change_it(storage: Storage) -> None:
    finding = ask(storage, "http://127.0.0.1:9/v1")
    assert finding.level is Level.BAD
    assert "does not answer" in finding.detail
    assert "[rewriting]" in finding.remedy


def test_a_broken_torch_is_a_finding_and_no_traceback(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    finding = doctor.gpu()
    assert finding.level is Level.NOTE
    assert "from torch" in finding.detail
