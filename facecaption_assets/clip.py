"""A CLIP: directions of pictures and of texts in one space, whose cosine says how well they fit.

Any model of transformers with text and image embeddings and a temperature will do: CLIP, SigLIP
and their kin, from the model hub or a folder. What is asked of it belongs to its users.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.devices import lease_device
from facecaption_assets.hub_models import load_pretrained
from facecaption_assets.models import ModelUnavailable

if TYPE_CHECKING:
    import torch

_TEXTS_AT_ONCE: Final = 128

_NEEDED: Final = ("get_text_features", "get_image_features", "logit_scale")


class Clip:
    """Embeds pictures and texts; it begins in float32.

    Args:
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant.
        setting: Setting that names it, for messages.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Attributes:
        device: Where it computes.
        scale: What the model multiplies cosines with before a softmax.

    Raises:
        ModelUnavailable: If the model cannot be had, is damaged, or is no CLIP.
    """

    def __init__(self, model: str, setting: str, device: str | None = None) -> None:
        import torch
        from transformers import AutoModel

        network, self._processor = load_pretrained(AutoModel, model, setting)
        if not all(hasattr(network, each) for each in _NEEDED):
            raise ModelUnavailable(
                f"{setting} = {model!r} is a {type(network).__name__}, not a CLIP: it lacks one "
                f"of {', '.join(_NEEDED)}"
            )
        self.device = torch.device(device or lease_device())
        self._network: Any = network.to(self.device)
        self.scale: torch.Tensor = network.logit_scale.detach().exp()

    def use_fast_numbers(self) -> None:
        """Go on in the fastest number format that is fine enough for cosines."""
        import torch

        # bfloat16, which some CPUs have, is too coarse for cosines that are multiplied by 100.
        if self.device.type == "cuda":
            self.compute_in(torch.float16)

    def compute_in(self, dtype: "torch.dtype") -> None:
        """Go on in a number format."""
        self._network = self._network.to(dtype)

    def prepare(self, pixels: NDArray[np.uint8]) -> dict[str, "torch.Tensor"]:
        """An RGB picture (H, W, 3) as the network takes it, on the CPU; safe to call in threads."""
        return dict(self._processor(images=[Image.fromarray(pixels)], return_tensors="pt"))

    def prepared_directions(
        self, prepared: Sequence[Mapping[str, "torch.Tensor"]]
    ) -> "torch.Tensor":
        """Unit vectors of prepared pictures in one call of the network, (P, D), float32."""
        import torch

        return self._look(
            {name: torch.cat([one[name] for one in prepared]) for name in prepared[0]}
        )

    def picture_directions(self, pictures: Sequence[NDArray[np.uint8]]) -> "torch.Tensor":
        """Unit vectors of RGB pictures (H, W, 3) in one call of the network, (P, D), float32."""
        shown = [Image.fromarray(pixels) for pixels in pictures]
        return self._look(self._processor(images=shown, return_tensors="pt"))

    def _look(self, inputs: Mapping[str, "torch.Tensor"]) -> "torch.Tensor":
        import torch

        on_device = {
            name: value.to(self.device, self._network.dtype if value.is_floating_point() else None)
            for name, value in inputs.items()
        }
        with torch.inference_mode():
            return unit(self._network.get_image_features(**on_device).pooler_output)

    def text_directions(self, texts: Sequence[str]) -> "torch.Tensor":
        """Unit vectors of texts, (T, D), float32; what exceeds the model's length is cut off."""
        import torch

        with torch.inference_mode():
            found = [
                self._embed(list(texts[at : at + _TEXTS_AT_ONCE]))
                for at in range(0, len(texts), _TEXTS_AT_ONCE)
            ]
            return torch.cat(found)

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        """Whether the end of each text is cut off."""
        # One token more than there is room for: the tokenizer warns of what is longer.
        most = self._room + 1
        tokens = self._processor.tokenizer(list(texts), truncation=True, max_length=most)
        return [len(own) == most for own in tokens["input_ids"]]

    @property
    def _room(self) -> int:
        return int(self._network.config.text_config.max_position_embeddings)

    def _embed(self, texts: list[str]) -> "torch.Tensor":
        # Padded to the model's full length: SigLIP was trained so, and CLIP does not mind.
        inputs = self._processor(
            text=texts,
            return_tensors="pt",
            padding="max_length",
            truncation=True,
            max_length=self._room,
        )
        return unit(self._network.get_text_features(**inputs.to(self.device)).pooler_output)

    def cosines(
        self, pictures: Sequence[NDArray[np.uint8]], texts: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Cosine of each picture with each of its own texts, in [-1, 1].

        Args:
            pictures: (H, W, 3), RGB.
            texts: As many lists as pictures; a list may be empty.
        """
        import torch

        shown = [index for index, own in enumerate(texts) if own]
        if not shown:
            return [[] for _ in pictures]
        seen = self.picture_directions([pictures[index] for index in shown])
        read = self.text_directions(list(chain(*texts)))
        owner = torch.tensor([at for at, index in enumerate(shown) for _ in texts[index]])
        found = iter((seen[owner.to(seen.device)] * read).sum(dim=-1).tolist())
        return [[next(found) for _ in own] for own in texts]


def unit(vectors: "torch.Tensor") -> "torch.Tensor":
    """Vectors of length one along the last axis, in float32."""
    vectors = vectors.float()
    scaled: torch.Tensor = vectors / vectors.norm(dim=-1, keepdim=True)
    return scaled
