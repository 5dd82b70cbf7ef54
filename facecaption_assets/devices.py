"""Where models run and in what number format; how many threads PyTorch has.

Which of several GPUs is this process's belongs to ``gpu_lease``.
"""

import os
from typing import TYPE_CHECKING, Final

from facecaption_assets.gpu_lease import process_lease

if TYPE_CHECKING:
    import torch

#: Comma-separated indices of the GPUs that may be used, as PyTorch counts them, that is, among
#: those of ``CUDA_VISIBLE_DEVICES``; all where unset.
GPUS_VARIABLE: Final = "FACECAPTION_GPUS"


def lease_device() -> str:
    """PyTorch's name of this process's device: a GPU that it holds a lease of, or ``cpu``.

    Raises:
        ValueError: If ``FACECAPTION_GPUS`` names a GPU that there is not.
    """
    import torch

    if not torch.cuda.is_available():
        return "cpu"
    indices = allowed_gpus(torch.cuda.device_count(), os.environ.get(GPUS_VARIABLE))
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in indices]
    return f"cuda:{indices[process_lease(names).device]}"


def allowed_gpus(number: int, allowed: str | None) -> list[int]:
    """Indices of the GPUs that may be used.

    Args:
        number: How many there are.
        allowed: Comma-separated indices; all where None or empty.

    Raises:
        ValueError: If one of them is not an index of a GPU.
    """
    if not allowed:
        return list(range(number))
    parts = [part.strip() for part in allowed.split(",")]
    if unknown := [part for part in parts if not part.isdecimal() or int(part) >= number]:
        raise ValueError(
            f"{GPUS_VARIABLE} is {allowed!r}; {unknown[0]!r} is not one of the {number} GPUs, "
            "which are counted from 0"
        )
    return [int(part) for part in parts]


def best_dtype(precision: str, device: "torch.device", setting: str) -> "torch.dtype":
    """The number format of a precision setting on a device.

    Args:
        precision: ``float32``, ``bfloat16``, ``float16``, or ``auto`` for the fastest that the
            device is made for.
        device: Where the model runs.
        setting: The setting, for the message.

    Raises:
        ValueError: If the device cannot compute in it.
    """
    import torch

    if precision == "auto":
        return fastest_dtype(device)
    if precision == "float16" and device.type == "cpu":
        raise ValueError(f"{setting} is float16, which needs a GPU; on a CPU use bfloat16 or auto")
    dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    return dtypes[precision]


def fastest_dtype(device: "torch.device") -> "torch.dtype":
    """float16 on a GPU; elsewhere bfloat16 where it is fast, else float32."""
    import torch

    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if has_fast_bfloat16(device) else torch.float32


def has_fast_bfloat16(device: "torch.device") -> bool:
    """Whether a device has instructions for bfloat16; without them it is slower than float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def use_threads(threads: int) -> None:
    """Set PyTorch's threads in this process; 0 for all cores that it may use."""
    import torch

    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
