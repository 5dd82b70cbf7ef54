import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("body", "status", "output"),
    [
        ("print('done')", 0, "done"),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('no recipe')", 1, "no recipe"),
        ("raise ValueError('bad preset')", 1, "ValueError: bad preset"),
    ],
)
def test_the_process_ends_with_the_commands_status_and_output(body, status, output) -> None:
    code = (
        "import atexit\n"
        "from flip_training.leaving import run_and_leave\n"
        "atexit.register(print, 'torn down')\n"
        f"def command(): {body}\n"
        "run_and_leave(command)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == status
    assert output in run.stdout + run.stderr
    assert "torn down" not in run.stdout
