import platform
import subprocess
import sys
from collections.abc import Sequence

import pytest

from facecaption_assets.memory import BatchLimit, OutOfMemory, is_out_of_memory


class OutOfMemoryError(RuntimeError):
    """As PyTorch's: told apart by its name."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("no more"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        Exception("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_missing_memory_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("the model died"), ValueError("no such memory")])
def test_other_errors_are_the_faces_own(error: Exception) -> None:
    assert not is_out_of_memory(error)


class OutOfMemoryAbove:
    """Doubles numbers, up to so many at a time; remembers the sizes that it was asked for."""

    def __init__(self, fits: int) -> None:
        self.fits = fits
        self.sizes: list[int] = []

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.sizes.append(len(numbers))
        if len(numbers) > self.fits:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return [2 * number for number in numbers]


def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost_or_done_twice() -> None:
    model, limit = OutOfMemoryAbove(3), BatchLimit(8)
    assert limit.run(range(20), model) == list(range(0, 40, 2))
    assert model.sizes == [8, 4, *[2] * 10]


def test_what_did_not_fit_is_not_tried_again() -> None:
    model, limit = OutOfMemoryAbove(4), BatchLimit(8)
    limit.run(range(8), model)
    model.sizes.clear()
    limit.run(range(9), model)
    assert model.sizes == [4, 4, 1]


def test_a_single_item_that_does_not_fit_ends_it() -> None:
    with pytest.raises(OutOfMemory, match="one at a time: DefaultCPUAllocator"):
        BatchLimit(4).run(range(4), OutOfMemoryAbove(0))


def test_errors_of_another_kind_are_passed_on() -> None:
    def die(_: Sequence[int]) -> list[int]:
        raise ValueError("bad picture")

    with pytest.raises(ValueError, match="bad picture"):
        BatchLimit(4).run(range(4), die)


HOLES = """
import os
from facecaption_assets.memory import give_back_free_memory
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
# Too small to be mapped on their own, and each with something behind it that stays.
pairs = [(bytearray(b"x") * 100_000, bytearray(b"y") * 1000) for _ in range(2000)]
kept = [small for _, small in pairs]
del pairs
before = resident()
give_back_free_memory()
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps it")
def test_memory_that_was_freed_goes_back_to_the_system() -> None:
    given = float(subprocess.check_output([sys.executable, "-c", HOLES], text=True))
    assert given > 100
