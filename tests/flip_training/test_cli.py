"""How the command prints; what it builds is tested with the definitions."""

import io
import logging

import pytest
from rich.console import Console
from typer.testing import CliRunner

from flip_training import cli


def test_names_are_printed_as_they_are() -> None:
    result = CliRunner().invoke(cli.app, ["build", "no[/red]recipe[bold]:smile:"])
    assert result.exit_code == 1
    assert "recipe 'no[/red]recipe[bold]:smile:' is not one of" in result.output


def test_a_marked_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    cli._print_marked("  !", "yellow", "gate: [/red] [faces] " + "x" * 200)
    assert capsys.readouterr().out == f"  ! gate: [/red] [faces] {'x' * 200}\n"


def test_progress_shows_a_line_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(cli, "_console", Console(file=shown, force_terminal=True, width=100))
    with cli._progress("llm"):
        logging.getLogger("flip_training.progress").info("epoch [/red] 1 of [2]")
    assert "llm: epoch [/red] 1 of [2]" in shown.getvalue()


def test_a_relative_data_root_is_of_the_working_directory(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACECAPTION_HOME", "elsewhere")
    monkeypatch.delenv("FLIP_PRESET", raising=False)
    monkeypatch.delenv("FACECAPTION_PROFILE", raising=False)
    result = CliRunner().invoke(cli.app, ["status"])
    assert result.exit_code == 0, result.output
    assert f"{tmp_path / 'elsewhere'}, preset tiny" in result.output
