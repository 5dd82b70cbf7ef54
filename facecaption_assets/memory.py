"""Telling a machine that is out of memory from an input that is bad, and making do with less.

The packages that run models raise errors of their own for it, told apart by class name or message
so that none of them has to be imported.
"""

import ctypes
import re
import sys
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

#: Class of PyTorch's error, on any device.
_TORCH_ERROR: Final = "OutOfMemoryError"

#: What PyTorch, ONNX Runtime, MediaPipe and OpenCV say.
_MESSAGES: Final = re.compile(
    r"out of memory|failed to allocate|insufficient memory|bad_?alloc|alloc_failed"
    r"|can't allocate memory",
    re.IGNORECASE,
)

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


class OutOfMemory(RuntimeError):
    """A model ran out of memory; nothing is wrong with the faces."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory, on host or accelerator, is what was missing."""
    if isinstance(error, (MemoryError, OutOfMemory)) or type(error).__name__ == _TORCH_ERROR:
        return True
    return bool(_MESSAGES.search(str(error)))


class BatchLimit:
    """How many items a call of a model may take; halves itself when memory runs out.

    Kept as long as the model, so that what did not fit is not tried again.

    Args:
        most: The size to begin with.

    Attributes:
        size: The size that is used now, 1 or more.
    """

    def __init__(self, most: int) -> None:
        self.size = most

    def run(
        self, items: Sequence[_Item], call: Callable[[Sequence[_Item]], Sequence[_Answer]]
    ) -> list[_Answer]:
        """Answers of all items, in order, with calls of at most ``size`` items.

        Raises:
            OutOfMemory: If a call with a single item ran out of memory.
        """
        answers: list[_Answer] = []
        while len(answers) < len(items):
            batch = items[len(answers) : len(answers) + self.size]
            try:
                answers += call(batch)
                continue
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    # A cause would be shown in the place of what helps.
                    raise OutOfMemory(f"one at a time: {error}") from None
            self.size = len(batch) // 2
            # Behind the handler, whose error holds on to the tensors of the failed call.
            _release_cached()
        return answers


def give_back_free_memory() -> None:
    """Give memory back that this process has freed, where the C library keeps it (glibc).

    Tensors of ever other sizes leave holes between those that stay: hundreds of MB in a process
    that runs a network on pictures of many shapes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _release_cached() -> None:
    """Give blocks of another size back that PyTorch keeps for itself."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
