"""Where networks that judge faces run, and in which number format."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def choose_device(device: str | None = None) -> "torch.device":
    """PyTorch's device of a name; the first GPU, else the CPU, where None."""
    import torch

    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def has_fast_bfloat16(device: "torch.device") -> bool:
    """Whether bfloat16 is computed by the hardware itself."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def inference_dtype(device: "torch.device") -> "torch.dtype":
    """float16 on GPUs; elsewhere bfloat16 where it is fast, else float32."""
    import torch

    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if has_fast_bfloat16(device) else torch.float32
