"""BLIP and BLIP-2 of transformers as captioners.

Sources: BLIP (https://arxiv.org/abs/2201.12086), BLIP-2 (https://arxiv.org/abs/2301.12597).
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from PIL import Image

from facecaption_assets.captions.captioners.captioner import Sitting
from facecaption_assets.captions.captioners.sampling import TokenSampler
from facecaption_assets.captions.captioners.settings import (
    MODEL_SETTING,
    PRECISION_SETTING,
    CaptionerSettings,
)
from facecaption_assets.devices import best_dtype, lease_device
from facecaption_assets.hub_models import load_pretrained, model_name

#: ``model_type`` of a configuration → class of transformers.
CLASSES: Final = {
    "blip": "BlipForConditionalGeneration",
    "blip-2": "Blip2ForConditionalGeneration",
}


class BlipCaptioner:
    """A BLIP or BLIP-2 that draws captions.

    Args:
        settings: The model, and how it draws.
        kind: A key of CLASSES.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If the model cannot be had or is damaged.
        ValueError: If the device cannot compute in the number format of the settings.
    """

    def __init__(self, settings: CaptionerSettings, kind: str, device: str | None = None) -> None:
        import torch
        import transformers

        self.name = model_name(settings.model)
        self._settings = settings
        self._device = torch.device(device or lease_device())
        self._dtype = best_dtype(settings.precision, self._device, PRECISION_SETTING)
        network_class = getattr(transformers, CLASSES[kind])
        network, self._processor = load_pretrained(
            network_class, settings.model, MODEL_SETTING, self._dtype
        )
        self._network: Any = network.to(self._device)
        # BLIP's own ``generate`` names its end itself.
        self._end_argument = {}
        if kind == "blip":
            self._end_tokens = [network.config.text_config.sep_token_id]
        else:
            self._end_tokens = _as_list(network.language_model.generation_config.eos_token_id)
            self._end_argument = {"eos_token_id": self._end_tokens}
            # Older files of processors do not say it.
            self._processor.num_query_tokens = network.config.num_query_tokens
        # BLIP-2 is always given text: the processor puts the picture's tokens before it.
        self._needs_text = kind == "blip-2" or bool(settings.prompt)

    def caption(self, sittings: Sequence[Sitting]) -> list[list[str]]:
        """Text of every draw, without the prompt; the faces are one call of the network."""
        import torch

        draws = list(chain(*(sitting.draws for sitting in sittings)))
        each = len(sittings[0].draws)
        sampler = TokenSampler(draws, self._settings, self._end_tokens)
        with torch.inference_mode():
            self._network.generate(
                **self._inputs(sittings),
                **self._end_argument,
                logits_processor=[sampler],
                do_sample=True,  # The processor leaves no choice; several captions need it said.
                num_beams=1,
                num_return_sequences=each,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=self._settings.max_new_tokens,
            )
        texts = [self._decode(tokens) for tokens in sampler.captions()]
        return [texts[at : at + each] for at in range(0, len(texts), each)]

    def _inputs(self, sittings: Sequence[Sitting]) -> Any:
        pictures = [Image.fromarray(sitting.pixels) for sitting in sittings]
        text = {"text": [self._settings.prompt] * len(pictures)} if self._needs_text else {}
        inputs = self._processor(images=pictures, **text, return_tensors="pt")
        return inputs.to(self._device, self._dtype)

    def _decode(self, tokens: list[int]) -> str:
        return str(self._processor.tokenizer.decode(tokens, skip_special_tokens=True))


def _as_list(tokens: int | list[int]) -> list[int]:
    return tokens if isinstance(tokens, list) else [tokens]
