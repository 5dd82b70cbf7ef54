import ast
from pathlib import Path

from tests.benchmarks.__main__ import FRAME

FOLDER = Path(__file__).parent / "benchmarks"


def test_every_benchmark_can_be_run_and_frame_names_the_rest() -> None:
    can_be_run = {
        path.stem: any(
            isinstance(node, ast.FunctionDef) and node.name == "run"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
        for path in FOLDER.glob("*.py")
    }
    assert {name for name, runs in can_be_run.items() if not runs} == FRAME
