"""Annotator that asks a CLIP which of two descriptions fits a face better.

Any model of transformers with text and image embeddings and a temperature will do: CLIP, SigLIP
and their kin, from the model hub or a folder. What is asked belongs to ``clip_prompts``.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.clip_prompts import PROMPTS, TEMPLATES
from facecaption_assets.devices import lease_device
from facecaption_assets.models import ModelUnavailable

if TYPE_CHECKING:
    import torch

_SETTING: Final = "AttributeSettings.clip_model"

_TEXTS_AT_ONCE: Final = 128


class ClipAnnotator:
    """A softmax over the two descriptions of each attribute as evidence.

    The probability says which description is nearer, not how often such an answer is right: an
    uncalibrated CLIP is sure of itself, so its thresholds are to be set on labelled pictures.

    Args:
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If the model cannot be had, is damaged, or is no CLIP.
    """

    name = "clip_zero_shot"
    attributes = tuple(PROMPTS)

    def __init__(self, model: str, device: str | None = None) -> None:
        import torch

        self._device = torch.device(device or lease_device())
        network, self._processor = _load(model)
        network = network.to(self._device)
        with torch.inference_mode():
            # In float32: this is done once, and every answer depends on it.
            self._pairs = _pair_embeddings(network, self._processor)
        self._scale = network.logit_scale.detach().exp()
        # bfloat16, which some CPUs have, is too coarse for cosines that are multiplied by 100.
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        self._network = network.to(self._dtype)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order; the faces are one call of the network."""
        import torch

        if not faces:
            return []
        pictures = [Image.fromarray(face.pixels) for face in faces]
        inputs = self._processor(images=pictures, return_tensors="pt")
        with torch.inference_mode():
            on_device = inputs.to(self._device, self._dtype)
            found = self._network.get_image_features(**on_device).pooler_output
            cosines = torch.einsum("fd,aed->fae", _unit(found), self._pairs)
            # A logit's bias, which SigLIP has, is the same for both descriptions and drops out.
            shares = (self._scale * cosines).softmax(dim=-1)[..., 0].tolist()
        return [FaceEvidence(dict(zip(PROMPTS, row, strict=True))) for row in shares]


def _load(model: str) -> tuple[Any, Any]:
    """Network in evaluation mode, in float32 on the CPU, and processor."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoProcessor

    name, revision = _parse(model)
    # Code that comes with a model is never run.
    where = {"revision": revision, "trust_remote_code": False}
    try:
        network, info = AutoModel.from_pretrained(
            name, output_loading_info=True, dtype=torch.float32, **where
        )
        load_processor: Any = AutoProcessor.from_pretrained  # It is not annotated.
        processor = load_processor(name, **where)
    except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
        raise ModelUnavailable(
            f"{_SETTING} = {model!r} cannot be loaded; give a folder, or the name of a model that "
            f"the hub has, which must be reachable unless the model is cached: {error}"
        ) from error
    needed = ("get_text_features", "get_image_features", "logit_scale")
    if not all(hasattr(network, each) for each in needed):
        raise ModelUnavailable(
            f"{_SETTING} = {model!r} is a {type(network).__name__}, not a CLIP: it lacks one of "
            f"{', '.join(needed)}"
        )
    if missing := sorted(map(str, (*info["missing_keys"], *info["mismatched_keys"]))):
        # transformers would go on with random numbers in their place.
        raise ModelUnavailable(
            f"{_SETTING} = {model!r} lacks {len(missing)} of its weights, the first {missing[0]}"
        )
    return network.eval(), processor


def _parse(model: str) -> tuple[str, str | None]:
    if not model:
        raise ModelUnavailable(
            f"the annotator clip_zero_shot needs {_SETTING}, a folder or a name on the hub"
        )
    folder = Path(model).expanduser()
    if folder.exists():
        return str(folder), None
    name, _, revision = model.partition("@")
    return name, revision or None


def _pair_embeddings(network: Any, processor: Any) -> "torch.Tensor":
    """Mean direction of the positive and the negative descriptions, (attributes, 2, D)."""
    import torch

    sides = [side for pair in PROMPTS.values() for side in (pair.positive, pair.negative)]
    framed = [[t.format(each) for each in side for t in TEMPLATES] for side in sides]
    texts = list(chain(*framed))
    found = torch.cat(
        [
            _text_directions(network, processor, texts[at : at + _TEXTS_AT_ONCE])
            for at in range(0, len(texts), _TEXTS_AT_ONCE)
        ]
    )
    groups = torch.split(found, [len(side) for side in framed])
    means = [_unit(each.mean(dim=0)) for each in groups]
    return torch.stack(means).reshape(len(PROMPTS), 2, -1)


def _text_directions(network: Any, processor: Any, texts: Sequence[str]) -> "torch.Tensor":
    """Unit vectors of texts, (T, D)."""
    # Padded to the model's full length: SigLIP was trained so, and CLIP does not mind.
    inputs = processor(
        text=list(texts),
        return_tensors="pt",
        padding="max_length",
        truncation=True,
        max_length=network.config.text_config.max_position_embeddings,
    )
    return _unit(network.get_text_features(**inputs.to(network.device)).pooler_output)


def _unit(vectors: "torch.Tensor") -> "torch.Tensor":
    """Vectors of length one along the last axis, in float32."""
    vectors = vectors.float()
    unit: torch.Tensor = vectors / vectors.norm(dim=-1, keepdim=True)
    return unit
