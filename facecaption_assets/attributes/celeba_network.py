"""The 40-head ResNet-50 of FaceCaption-15M's authors, and the checkpoint layouts that it loads.

torchvision's ResNet-50 with one linear layer of forty logits, in CelebA's order, behind dropout.
How pictures are prepared and judged belongs to ``celeba_resnet50``, how the network is trained to
``training``; both import this module where they use it, so that torch loads late.

Source: He et al., "Adaptively Weighted Multi-task Deep Network for Person Attribute
Classification", https://dl.acm.org/doi/10.1145/3123266.3123424, as re-implemented in
https://github.com/ewrfcas/face_attribute_classification_pytorch.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn  # noqa: TID253 - a module of networks; imported inside functions only
from torch.nn import functional as F  # noqa: TID253
from torchvision.models import ResNet, resnet50  # noqa: TID253

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.shards.pth_files import UnsafeFile, read_pth

#: Side of the pictures that the published network was trained on, px.
PUBLISHED_IMAGE_SIZE: Final = 256

#: Key of the record that a training leaves in the file's metadata.
_RECORD: Final = "facecaption"

#: Names under which training programs keep the weights beside other things.
_NESTS: Final = ("state_dict", "model_state_dict", "model", "network", "net")
#: What wrappers for several GPUs and for compilation put before every name.
_WRAPPERS: Final = ("module.", "_orig_mod.")
#: The published layout: torchvision's network, ImageNet head and all, under this name.
_BACKBONE: Final = "backbone."


class CheckpointError(ValueError):
    """A file does not hold the network's weights; the message names the file."""


class DropoutLinear(nn.Linear):
    """Linear layer whose input loses half of its features in training; has a linear layer's keys.

    Shapes: (B, in) to (B, out).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Logits of features."""
        return super().forward(F.dropout(input, 0.5, self.training))


def build_network() -> ResNet:
    """The network with random weights: normalised RGB (B, 3, S, S) to logits (B, 40)."""
    network = resnet50(weights=None)
    network.fc = DropoutLinear(network.fc.in_features, len(ATTRIBUTES))
    return network


def load_network(path: Path) -> tuple[ResNet, int]:
    """The network with a checkpoint's weights, in evaluation mode, and its image size, px.

    The file is ``.safetensors``, or what ``torch.save`` wrote, of which only plain data is read.
    Its layout is torchvision's (``conv1.weight`` … ``fc.weight`` of (40, 2048)) or the published
    one (``backbone.conv1.weight`` … ``fc.weight``), the weights alone or in a dict, with or
    without the prefixes of wrappers. The size is 256 unless a training recorded another.

    Raises:
        CheckpointError: If the file cannot be read, or is not exactly the network's.
    """
    content, image_size = _read(path)
    weights = _torchvision_layout(_state_dict(content, path))
    network = build_network()
    _require_same(weights, network, path)
    network.load_state_dict(weights, strict=True)
    return network.eval(), image_size


def load_backbone(network: ResNet, path: Path) -> None:
    """Give the network the weights of a torchvision ResNet-50, all but those of its last layer.

    Raises:
        CheckpointError: If the file cannot be read, or is not exactly a ResNet-50's.
    """
    weights = _torchvision_layout(_state_dict(_read(path)[0], path))
    own = network.state_dict()
    heads = {name: own[name] for name in ("fc.weight", "fc.bias")}
    weights = {**weights, **heads}
    _require_same(weights, network, path)
    network.load_state_dict(weights, strict=True)


def network_metadata(image_size: int) -> dict[str, str]:
    """Metadata of a safetensors file with the network's weights, for ``load_network``.

    A single entry: safetensors writes several in random order, and equal networks would differ.
    """
    record = {"network": "resnet50", "attributes": len(ATTRIBUTES), "image_size": image_size}
    return {_RECORD: json.dumps(record, sort_keys=True)}


def _read(path: Path) -> tuple[Any, int]:
    """What the file holds, and the image size that it records."""
    try:
        if path.suffix != ".safetensors":
            return read_pth(path), PUBLISHED_IMAGE_SIZE
        with safe_open(path, "pt") as file:
            record = json.loads((file.metadata() or {}).get(_RECORD, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, int(record.get("image_size", PUBLISHED_IMAGE_SIZE))
    except UnsafeFile as error:
        raise CheckpointError(str(error)) from error
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    for nest in _NESTS:
        if isinstance(content, Mapping) and isinstance(content.get(nest), Mapping):
            content = content[nest]
    tensors = content.values() if isinstance(content, Mapping) else ()
    if not tensors or not all(isinstance(tensor, Tensor) for tensor in tensors):
        raise CheckpointError(
            f"{path} holds no state dict: tensors by name, at the top or under one of "
            f"{', '.join(_NESTS)}"
        )
    return {_unwrapped(str(name)): tensor for name, tensor in content.items()}


def _unwrapped(name: str) -> str:
    while prefix := next((p for p in _WRAPPERS if name.startswith(p)), ""):
        name = name.removeprefix(prefix)
    return name


def _torchvision_layout(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if not any(name.startswith(_BACKBONE) for name in weights):
        return dict(weights)
    # The backbone's own head, ImageNet's thousand classes, was kept but never used.
    ours = {n: t for n, t in weights.items() if not n.startswith(f"{_BACKBONE}fc.")}
    return {name.removeprefix(_BACKBONE): tensor for name, tensor in ours.items()}


def _require_same(weights: Mapping[str, Tensor], network: ResNet, path: Path) -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    # Counters of batches came later than the layout; they play no part in judging.
    missing = [n for n in expected if n not in found and not n.endswith("num_batches_tracked")]
    faults = [
        *(f"{name} is missing" for name in missing),
        *(f"{name} is not the network's" for name in found if name not in expected),
        *(
            f"{name} is {found[name]}, not {shape}"
            for name, shape in expected.items()
            if found.get(name, shape) != shape
        ),
    ]
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise CheckpointError(
            f"{path} is not a ResNet-50 with forty heads: {'; '.join(faults[:3])}{more}"
        )
