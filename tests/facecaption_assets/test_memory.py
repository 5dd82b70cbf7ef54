import pytest

from facecaption_assets.memory import is_out_of_memory


class OutOfMemoryError(RuntimeError):
    """As PyTorch's: told apart by its name."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("no more"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        Exception("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_missing_memory_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("the model died"), ValueError("no such memory")])
def test_other_errors_are_the_faces_own(error: Exception) -> None:
    assert not is_out_of_memory(error)
