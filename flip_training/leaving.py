"""Ends a command's process without tearing its native libraries down."""

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn


def run_and_leave(command: Callable[[], object]) -> NoReturn:
    """Run a command and end the process with its exit status.

    PyTorch and Arrow keep threads of their own, and ending the interpreter around them was seen to
    abort the process, once in about thirty, after everything had been written and reported.
    """
    status: int | str | None = 0
    try:
        command()
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)
