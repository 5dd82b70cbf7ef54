import ast
import importlib
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import FRAME

FOLDER = Path(__file__).parent / "benchmarks"
MODULES = sorted(path.stem for path in FOLDER.glob("*.py"))


def test_every_benchmark_can_be_run_and_frame_names_the_rest() -> None:
    can_be_run = {
        name: any(
            isinstance(node, ast.FunctionDef) and node.name == "run"
            for node in ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")).body
        )
        for name in MODULES
    }
    assert {name for name, runs in can_be_run.items() if not runs} == FRAME


@pytest.mark.parametrize("name", sorted(set(MODULES) - FRAME))
def test_what_a_benchmark_measures_is_still_there(name: str) -> None:
    importlib.import_module(f"tests.benchmarks.{name}")
