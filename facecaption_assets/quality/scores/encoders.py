"""What turns pictures and texts into directions: a CLIP of transformers or of open_clip."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.clip import Clip, unit
from facecaption_assets.devices import best_dtype, lease_device
from facecaption_assets.hub_models import find_file
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.open_clip_models import CONFIG_FILE, load_open_clip
from facecaption_assets.quality.scores.settings import PRECISION_SETTING

if TYPE_CHECKING:
    import torch


class Encoder(Protocol):
    """Embeds pictures and texts in one space."""

    def prepare(self, pixels: NDArray[np.uint8]) -> Mapping[str, "torch.Tensor"]:
        """An RGB picture (H, W, 3) as the network takes it, on the CPU; safe to call in threads."""
        ...

    def prepared_directions(
        self, prepared: Sequence[Mapping[str, "torch.Tensor"]]
    ) -> "torch.Tensor":
        """Unit vectors of prepared pictures, (P, D), float32, on the network's device."""
        ...

    def text_directions(self, texts: Sequence[str]) -> "torch.Tensor":
        """Unit vectors of texts, (T, D), float32; what exceeds the model's length is cut off."""
        ...

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        """Whether the end of each text is cut off."""
        ...


def load_encoder(model: str, setting: str, precision: str, device: str | None = None) -> Encoder:
    """The CLIP that a setting names.

    Args:
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant. Where
            it is in the files of both packages, transformers reads it.
        setting: Setting that names it, for messages.
        precision: As in ``ScoreSettings``.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If the model cannot be had, is damaged, or is no CLIP, or the device
            cannot compute in the number format.
    """
    import torch

    place = torch.device(device or lease_device())
    try:
        dtype = _dtype(precision, place)
    except ValueError as error:
        raise ModelUnavailable(str(error)) from error
    config = None if find_file(model, "config.json") else find_file(model, CONFIG_FILE)
    if config is not None:
        network, prepare, tokenizer = load_open_clip(model, config, setting)
        return OpenClipEncoder(network.to(place, dtype), prepare, tokenizer)
    clip = Clip(model, setting, str(place))
    clip.compute_in(dtype)
    return clip


def _dtype(precision: str, device: "torch.device") -> "torch.dtype":
    if precision == "auto":
        precision = "float16" if device.type == "cuda" else "float32"
    return best_dtype(precision, device, PRECISION_SETTING)


class OpenClipEncoder:
    """A CLIP, SigLIP or CoCa of open_clip; arguments as ``load_open_clip`` returns them."""

    def __init__(self, network: Any, prepare: Any, tokenizer: Any) -> None:
        weight = next(network.parameters())
        self._device, self._dtype = weight.device, weight.dtype
        self._network, self._prepare, self._tokenizer = network, prepare, tokenizer

    def prepare(self, pixels: NDArray[np.uint8]) -> dict[str, "torch.Tensor"]:
        """An RGB picture (H, W, 3) as the network takes it, on the CPU."""
        return {"pixels": self._prepare(Image.fromarray(pixels))}

    def prepared_directions(
        self, prepared: Sequence[Mapping[str, "torch.Tensor"]]
    ) -> "torch.Tensor":
        """Unit vectors of prepared pictures, (P, D), float32."""
        import torch

        with torch.inference_mode():
            pixels = torch.stack([one["pixels"] for one in prepared])
            return unit(self._network.encode_image(pixels.to(self._device, self._dtype)))

    def text_directions(self, texts: Sequence[str]) -> "torch.Tensor":
        """Unit vectors of texts, (T, D), float32; what exceeds the model's length is cut off."""
        import torch

        with torch.inference_mode():
            tokens = self._tokenizer(list(texts)).to(self._device)
            return unit(self._network.encode_text(tokens))

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        """Whether the end of each text is cut off."""
        cut = self._tokenizer(list(texts))
        # Given room for one more, a text that was cut has something else in place of its end.
        roomier = self._tokenizer(list(texts), context_length=cut.shape[1] + 1)
        return [bool(differs) for differs in (roomier[:, :-1] != cut).any(dim=1)]
