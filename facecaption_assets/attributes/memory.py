"""Telling a machine that is out of memory from a face that an annotator cannot judge.

The packages that run models raise errors of their own for it, told apart by class name or message
so that none of them has to be imported.
"""

import re
from typing import Final

#: Class of PyTorch's error, on any device.
_TORCH_ERROR: Final = "OutOfMemoryError"

#: What PyTorch, ONNX Runtime, MediaPipe and OpenCV say.
_MESSAGES: Final = re.compile(
    r"out of memory|failed to allocate|insufficient memory|bad_?alloc|alloc_failed", re.IGNORECASE
)


class OutOfMemory(RuntimeError):
    """A model ran out of memory; nothing is wrong with the faces."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory, on host or accelerator, is what was missing."""
    if isinstance(error, MemoryError) or type(error).__name__ == _TORCH_ERROR:
        return True
    return bool(_MESSAGES.search(str(error)))
