"""Reading ``.pth`` files of strangers as plain data.

Such a file is a pickle, and an ordinary unpickler runs whatever program a pickle holds. Here only
numbers, texts, containers, NumPy arrays and tensors come out of one; anything else is refused.
"""

import pickle
import re
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np

_NAMED: Final = re.compile(r"(?:GLOBAL|global:?)\s+(\S+)")

#: Types of numbers in an array; each is a class that a pickle has to name.
_NUMBERS: Final = (*"?bBhHiIlLqQefd",)


class UnsafeFile(ValueError):
    """A ``.pth`` file that is damaged, or holds more than plain data."""


def read_pth(path: Path) -> Any:
    """What was saved with ``torch.save``; nothing in the file is run.

    Raises:
        FileNotFoundError: If there is no such file.
        UnsafeFile: If the file names code to be run or any other type than plain data, or cannot
            be read.
    """
    import torch

    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_plain_types()):
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except pickle.UnpicklingError as error:
        # torch's own message recommends to load the file unsafely; that must not reach a user.
        named = _NAMED.search(str(error))
        found = f"asks for {named[1]}" if named else "is damaged or not a file of torch.save"
        raise UnsafeFile(
            f"{path} is refused: it {found}; only numbers, lists, dicts, NumPy arrays and "
            "tensors are read, and nothing in it was run"
        ) from None
    except Exception as error:  # torch raises whatever odd bytes lead it to.
        raise UnsafeFile(f"{path} cannot be read: {error}") from error


def _plain_types() -> list[Any]:
    """NumPy's arrays and numbers, under the names that old and new NumPy pickle them by."""
    multiarray: Any = np._core.multiarray  # type: ignore[attr-defined]
    makers = [multiarray._reconstruct, multiarray.scalar]
    old_names = [(maker, f"numpy.core.multiarray.{maker.__name__}") for maker in makers]
    kinds = {type(np.dtype(code)) for code in _NUMBERS}
    return [
        np.ndarray,
        np.dtype,
        *makers,
        *old_names,
        *sorted(kinds, key=lambda kind: kind.__name__),
    ]
