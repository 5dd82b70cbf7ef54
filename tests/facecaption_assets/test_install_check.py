import subprocess
import sys
from pathlib import Path

import pytest

from facecaption_assets.install_check import (
    INSTALLED_MARK,
    disk_problem,
    nearest_folder,
    python_problem,
)

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("version", [(3, 11), (3, 13)])
def test_supported_pythons_are_no_problem(version) -> None:
    assert python_problem(version) == ""


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_other_pythons_are_named_with_those_that_will_do(version) -> None:
    expected = f"Python {version[0]}.{version[1]} is not within 3.11 to 3.13"
    assert python_problem(version) == expected


def test_room_is_asked_for_where_the_environment_will_be(tmp_path) -> None:
    venv = tmp_path / "not" / "there" / "yet"
    assert nearest_folder(venv) == tmp_path
    assert disk_problem(venv, needed_bytes=1) == ""
    problem = disk_problem(venv, needed_bytes=10**18)
    assert problem.endswith(f"GB are free under {tmp_path}, 1000000000 GB are needed")


def test_an_environment_that_is_complete_needs_no_further_room(tmp_path) -> None:
    (tmp_path / INSTALLED_MARK).touch()
    assert disk_problem(tmp_path, needed_bytes=10**18) == ""


def test_it_runs_without_any_installed_package() -> None:
    # -I -S: no site-packages, as in the Python that make finds before the installation.
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import facecaption_assets.install_check"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_make_asks_it_before_it_installs_anything() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile[makefile.index("$(INSTALLED): ") :].splitlines()
    assert recipe[1] == "\t$(PYTHON) -m facecaption_assets.install_check $(VENV)"
    assert "INSTALLED := $(VENV)/" + INSTALLED_MARK in makefile
