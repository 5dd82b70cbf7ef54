"""Annotator that asks a CLIP which of two descriptions fits a face better.

How pictures and texts are embedded belongs to ``clip``; what is asked to ``clip_prompts``.
"""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.clip_prompts import PROMPTS, TEMPLATES
from facecaption_assets.clip import Clip, unit
from facecaption_assets.models import ModelUnavailable

if TYPE_CHECKING:
    import torch

_SETTING: Final = "AttributeSettings.clip_model"


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
        if not model:
            raise ModelUnavailable(
                f"the annotator clip_zero_shot needs {_SETTING}, a folder or a name on the hub"
            )
        self._clip = Clip(model, _SETTING, device)
        # In float32: this is done once, and every answer depends on it.
        self._pairs = _pair_directions(self._clip)
        self._clip.use_fast_numbers()

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order; the faces are one call of the network."""
        import torch

        if not faces:
            return []
        with torch.inference_mode():
            found = self._clip.picture_directions([face.pixels for face in faces])
            cosines = torch.einsum("fd,aed->fae", found, self._pairs)
            # A logit's bias, which SigLIP has, is the same for both descriptions and drops out.
            shares = (self._clip.scale * cosines).softmax(dim=-1)[..., 0].tolist()
        return [FaceEvidence(dict(zip(PROMPTS, row, strict=True))) for row in shares]


def _pair_directions(clip: Clip) -> "torch.Tensor":
    """Mean direction of the positive and the negative descriptions, (attributes, 2, D)."""
    import torch

    sides = [side for pair in PROMPTS.values() for side in (pair.positive, pair.negative)]
    framed = [[t.format(each) for each in side for t in TEMPLATES] for side in sides]
    found = clip.text_directions(list(chain(*framed)))
    groups = torch.split(found, [len(side) for side in framed])
    means = [unit(each.mean(dim=0)) for each in groups]
    return torch.stack(means).reshape(len(PROMPTS), 2, -1)
