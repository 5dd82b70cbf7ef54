"""CoCa of open_clip as a captioner; needs the extra ``coca``.

open_clip's own ``generate`` draws from one generator for all rows, so that the steps are taken
here. A model is open_clip's folder: ``open_clip_config.json`` and its weights.

Source: CoCa (https://arxiv.org/abs/2205.01917).
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import Image

from facecaption_assets.captions.captioners.captioner import Sitting
from facecaption_assets.captions.captioners.sampling import TokenSampler
from facecaption_assets.captions.captioners.settings import (
    MODEL_SETTING,
    PRECISION_SETTING,
    CaptionerSettings,
)
from facecaption_assets.devices import best_dtype, lease_device
from facecaption_assets.hub_models import model_name
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.open_clip_models import load_open_clip


class CocaCaptioner:
    """A CoCa that draws captions.

    Args:
        settings: The model, and how it draws.
        config: Its ``open_clip_config.json``, local.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If open_clip is not installed, or the model is damaged or no CoCa.
        ValueError: If the settings have a prompt, or captions longer than the model's, or the
            device cannot compute in their number format.
    """

    def __init__(
        self, settings: CaptionerSettings, config: Path, device: str | None = None
    ) -> None:
        import torch

        if settings.prompt:
            raise ValueError(f"CaptionerSettings.prompt is {settings.prompt!r}; CoCa takes none")
        self.name = model_name(settings.model)
        self._settings = settings
        self._device = torch.device(device or lease_device())
        self._dtype = best_dtype(settings.precision, self._device, PRECISION_SETTING)
        network, self._prepare, self._tokenizer = _load(settings.model, config)
        if settings.max_new_tokens > network.context_length:
            raise ValueError(
                f"CaptionerSettings.max_new_tokens is {settings.max_new_tokens}; "
                f"{MODEL_SETTING} = {settings.model!r} has room for {network.context_length}"
            )
        self._network: Any = network.to(self._device, self._dtype)

    def caption(self, sittings: Sequence[Sitting]) -> list[list[str]]:
        """Text of every draw; the faces are one batch of the network."""
        import torch

        draws = list(chain(*(sitting.draws for sitting in sittings)))
        each = len(sittings[0].draws)
        sampler = TokenSampler(draws, self._settings, [self._tokenizer.eot_token_id])
        shown = [self._prepare(Image.fromarray(sitting.pixels)) for sitting in sittings]
        with torch.inference_mode():
            pictures = torch.stack(shown).to(self._device, self._dtype)
            seen = self._network(pictures)
            latent, tokens = (
                seen[name].repeat_interleave(each, dim=0)
                for name in ("image_features", "image_embs")
            )
            self._draw(sampler, latent, tokens)
        texts = [self._tokenizer.decode(tokens) for tokens in sampler.captions()]
        return [texts[at : at + each] for at in range(0, len(texts), each)]

    def _draw(self, sampler: TokenSampler, latent: Any, seen: Any) -> None:
        import torch

        start = self._tokenizer.sot_token_id
        written = torch.full((len(latent), 1), start, device=self._device)
        for _ in range(self._settings.max_new_tokens):
            answer = self._network(
                None, written, image_latent=latent, image_embs=seen, output_labels=False
            )
            token = sampler.draw(answer["logits"][:, -1].float())
            if sampler.has_ended:
                return
            written = torch.cat([written, token[:, None]], dim=1)


def _load(model: str, config: Path) -> tuple[Any, Any, Any]:
    """Network in evaluation mode, what prepares a picture, and tokenizer."""
    network, prepare, tokenizer = load_open_clip(model, config, MODEL_SETTING)
    import open_clip

    if not isinstance(network, open_clip.CoCa):
        raise ModelUnavailable(
            f"{MODEL_SETTING} = {model!r} is a {type(network).__name__}, not a CoCa"
        )
    return network, prepare, tokenizer
