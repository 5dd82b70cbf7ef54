"""The command in this process, with fake models; every data root is a test's own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import facecaption_assets
from facecaption_assets import terminal
from facecaption_assets.cli import app
from facecaption_assets.defs import resources, serving
from facecaption_assets.freshness import REPORT_INPUTS, SHARD_INPUTS
from facecaption_assets.shards.sources import read_source
from facecaption_assets.storage import Storage
from tests.fakes import FakeModels

pytestmark = [
    # Great Expectations imports modules that Python has deprecated.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
    # Dagster's SQLite storage leaves closing to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Command = Callable[..., Result]

LOCATION = "facecaption_assets.definitions"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def facecaption(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command on ``home`` as in a process of its own, with fakes for models."""

    def open_fake(home_: str | None = None, profile: str | None = None) -> FakeModels:
        return FakeModels(home=home_ or str(home), profile_name=profile or "embedded")

    def run(*arguments: str) -> Result:
        # The module builds its definitions when it is imported, once per process.
        sys.modules.pop(LOCATION, None)
        return CliRunner().invoke(app, ["--home", str(home), *arguments])

    # Afterwards, other tests get back the module that they had, or none.
    monkeypatch.setitem(sys.modules, LOCATION, None)
    monkeypatch.setattr(facecaption_assets, "definitions", None, raising=False)
    for name in ("FACECAPTION_PROFILE", "FLIP_PRESET", "DAGSTER_HOME", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # The command sets some of them; this puts them back.
        monkeypatch.delenv(name)
    monkeypatch.setenv("FACECAPTION_HOME", "unused")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    monkeypatch.setattr(resources, "open_dataset", open_fake)
    return run


def write_profile(home: Path, text: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "profile.toml").write_text(text)


def test_help_answers_at_once() -> None:
    started = time.monotonic()
    command = [sys.executable, "-m", "facecaption_assets.cli", "build", "--help"]
    subprocess.run(command, check=True, capture_output=True)
    # Under a second on an idle core; the rest is patience with busy ones.
    assert time.monotonic() - started < 5


def test_a_command_imports_no_stage_before_it_runs() -> None:
    heavy = ("dagster", "torch", "duckdb", "cv2", "facecaption_assets.profiles")
    code = f"import sys, facecaption_assets.cli; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_source_is_added_built_once_and_shown(facecaption, home, photos) -> None:
    added = facecaption("add-source", "mine", "--images", str(photos))
    assert added.exit_code == 0, added.output
    first = facecaption("build", "mine")
    assert first.exit_code == 0, first.output
    assert "1 shard, 1 with work to do" in first.output
    assert "✓ 1/1 mine-00000 in" in first.output
    again = facecaption("build")
    assert "1 shard, 0 with work to do" in again.output

    states = [json.loads(line) for line in facecaption("status", "--json").stdout.splitlines()]
    done = {s["asset"] for s in states if s["state"] == "done"}
    assert done == {*SHARD_INPUTS, "duplicate_faces", *REPORT_INPUTS}
    shown = facecaption("status")
    assert shown.exit_code == 0
    assert "face_crops" in shown.output
    summary = facecaption("summary")
    assert summary.exit_code == 0, summary.output
    assert str(home / "reports" / "quality.html") in summary.output


def test_a_failed_gate_is_told_in_its_own_words(facecaption, home, tmp_path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"not a picture")
    facecaption("add-source", "broken", "--images", str(folder))
    built = facecaption("build")
    assert built.exit_code == 1
    assert "✗ 1/1 broken-00000 in" in built.output
    failed = Storage(str(home)).failed_gates("raw_shards", "broken-00000")
    assert f"raw_shards failed the check enough_pictures: {failed[0].reason}" in built.output
    assert "raw_shards broken-00000 failed: enough_pictures" in facecaption("status").output


def test_failed_downloads_are_listed_and_tried_again(facecaption, home, web_part, server) -> None:
    web_part(Storage(str(home)), {11: "/ok/11.jpg", 12: "/500", 13: "/404"})
    assert facecaption("build").exit_code == 0
    shard = "laion-face-03-00000"

    listed = facecaption("retry-failed", "--dry-run")
    assert listed.output == (
        f"1 URL is worth another try, in 1 of 1 shard\n  {shard}: 1 of 3 (1 http_500)\n"
    )
    assert server.asked["/500"] == 1
    server.mended.add("/500")
    tried = facecaption("retry-failed", "laion-face-03")
    assert tried.exit_code == 0, tried.output
    assert f"✓ {shard} in" in tried.output
    assert tried.output.endswith("\n1 tried, 1 recovered, 0 still failing\n")
    assert facecaption("retry-failed").output == "No URL of 1 shard is worth another try\n"

    unknown = facecaption("retry-failed", "unknown")
    assert unknown.exit_code == 1
    assert "no source 'unknown' is registered" in unknown.output


@pytest.mark.parametrize("name", ["no[/red]dir", "no[album]dir", "no:warning:dir", "[bold]"])
def test_names_are_printed_as_they_are(facecaption, tmp_path, name) -> None:
    missing = facecaption("add-source", "mine", "--images", str(tmp_path / name))
    assert missing.exit_code == 1
    assert f"{tmp_path / name} is not a folder" in missing.output


def test_a_marked_line_is_printed_as_it_is(capsys) -> None:
    terminal.print_marked("✗", "red", "[rewriting] of :smile: [/red] " + "x" * 200)
    assert capsys.readouterr().out == f"✗ [rewriting] of :smile: [/red] {'x' * 200}\n"


def test_an_unknown_source_is_named_with_those_that_there_are(facecaption, photos) -> None:
    facecaption("add-source", "mine", "--images", str(photos))
    built = facecaption("build", "unknown")
    assert built.exit_code == 1
    assert "no source 'unknown' is registered" in built.output
    assert "(there: mine)" in built.output


def test_without_a_source_the_build_says_how_to_add_one(facecaption) -> None:
    built = facecaption("build")
    assert built.exit_code == 1
    assert "facecaption add-source NAME --images DIR" in built.output


def test_a_source_whose_folder_is_gone_stops_no_other(facecaption, photos, tmp_path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    facecaption("add-source", "gone", "--images", str(gone))
    facecaption("add-source", "mine", "--images", str(photos))
    gone.rmdir()
    built = facecaption("build")
    assert built.exit_code == 1
    assert "1/1 mine-00000" in built.output
    assert f"source gone failed: images {gone} is not a folder" in built.output.replace("\n", "")


def test_a_source_without_pictures_is_not_told_to_be_added(facecaption, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    facecaption("add-source", "mine", "--images", str(tmp_path / "empty"))
    built = facecaption("build", "mine")
    assert built.exit_code == 1
    assert "no pictures in mine" in built.output
    assert "add-source" not in built.output


@pytest.mark.parametrize("arguments", [[], ["--sample", "--images", "."]])
def test_a_source_is_exactly_one_kind_of_pictures(facecaption, home, arguments) -> None:
    added = facecaption("add-source", "mine", *arguments)
    assert added.exit_code == 1
    assert "one of --images DIR, --webdataset DIR" in added.output
    assert facecaption("add-source", "mine", "--sample", "--rows-per-shard", "21").exit_code == 0
    assert read_source(Storage(str(home)), "mine").rows_per_shard == 21


@pytest.mark.parametrize("command", ["build", "status"])
def test_a_bad_profile_is_one_line_and_no_traceback(facecaption, home, command) -> None:
    write_profile(home, "[faces]\nmin_score = 5.0\n")
    done = facecaption(command)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    expected = "profile.toml: [faces] min_score is 5.0; allowed is 0 to 1"
    assert done.output == f"{home}/{expected}\n"


@pytest.mark.parametrize("command", ["build", "status"])
def test_a_bad_opt_out_list_is_one_line_and_no_traceback(
    facecaption, home, photos, command
) -> None:
    assert facecaption("add-source", "mine", "--images", str(photos)).exit_code == 0
    (home / "optout").mkdir()
    (home / "optout" / "list.txt").write_text("photo.jpg\n")
    result = facecaption(command)
    assert result.exit_code == 1
    assert "list.txt, line 1: 'photo.jpg' is not" in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_the_doctor_prints_its_remedy_as_it_is_and_fails(facecaption, home, monkeypatch) -> None:
    monkeypatch.setattr("facecaption_assets.doctor._COMPILED", ())
    monkeypatch.setitem(sys.modules, "torch", None)  # Takes seconds to import.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    write_profile(home, '[rewriting]\nbase_url = "http://127.0.0.1:9/v1"\n')
    done = facecaption("doctor")
    assert done.exit_code == 1
    assert "✗ LLM endpoint: http://127.0.0.1:9/v1 does not answer" in done.output
    assert f"change base_url under [rewriting] in {home}/profile.toml" in done.output


def test_a_busy_port_is_named_with_its_option(facecaption, monkeypatch) -> None:
    monkeypatch.setattr(serving, "_command", lambda port: [sys.executable, "-c", "pass"])
    done = facecaption("ui", "--port", "3000", "--reports-port", "3000")
    assert done.exit_code == 1
    assert "--port and --reports-port are both 3000" in done.output


def test_reports_of_a_remote_data_root_are_pointed_to(facecaption, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(serving, "check_ports", lambda *_: None)
    monkeypatch.setattr(serving, "_command", lambda port: [sys.executable, "-c", "exit(3)"])
    done = facecaption("--home", "memory://bucket/data", "ui")
    assert done.exit_code == 3
    assert "Reports are at memory://bucket/data/reports; they are not served" in done.output


def test_training_that_cannot_tell_does_not_hide_the_dataset(facecaption, monkeypatch) -> None:
    monkeypatch.setenv("FLIP_PRESET", "unheard-of")
    done = facecaption("status", "--json")
    assert done.exit_code == 0, done.output
    assert "no states of flip_training: FLIP_PRESET='unheard-of'" in done.stderr
    shown = [json.loads(line)["asset"] for line in done.stdout.splitlines()]
    assert shown == ["duplicate_faces", *REPORT_INPUTS]


def test_a_relative_data_root_is_of_the_working_directory(tmp_path, monkeypatch, photos) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACECAPTION_HOME", "elsewhere")
    added = CliRunner().invoke(app, ["add-source", "mine", "--images", photos.name])
    assert added.exit_code == 0, added.output
    assert read_source(Storage(str(tmp_path / "elsewhere")), "mine").images == str(photos)
