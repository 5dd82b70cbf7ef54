"""How a command's process ends: without tearing its libraries down, and not after its parent."""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final, NoReturn

#: Set for a process that is to end with the one that started it.
WITH_PARENT: Final = "FLIP_END_WITH_PARENT"

#: Time between two looks at the parent, and time that a process then has to end well, s.
_LOOK_S: Final = 1.0
_GRACE_S: Final = 120.0


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


def leave_with_parent() -> None:
    """End this process soon after the one that started it, if that is what it was started for.

    A killed parent ends nothing by itself: a training would go on, and keep its recipe locked. It
    gets SIGTERM, so that it writes its state.
    """
    if not os.environ.get(WITH_PARENT):
        return
    parent = os.getppid()
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_IGN:
        os._exit(1)  # As inherited: nobody here would hear it, and so nobody has a state to write.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)
