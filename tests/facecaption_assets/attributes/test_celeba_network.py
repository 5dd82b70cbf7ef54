import collections
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import resnet50

from facecaption_assets.attributes.celeba_network import (
    CheckpointError,
    build_network,
    load_backbone,
    load_network,
    network_metadata,
)


class Published(nn.Module):
    """The authors' module: torchvision's network with its ImageNet head, and a head beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = resnet50(weights=None)
        self.fc = nn.Linear(2048, 40)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = nn.Sequential(*list(self.backbone.children())[:-1])(x)
        return self.fc(self.dropout(torch.flatten(features, 1)))


@pytest.fixture(scope="module")
def published() -> Published:
    torch.manual_seed(1)
    return _with_statistics(Published()).eval()


def _with_statistics(module: nn.Module) -> nn.Module:
    """Batch norm as after a training: its running statistics are not the initial ones."""
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.1, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return module


@pytest.fixture(scope="module")
def torchvisions(published: Published) -> nn.Module:
    """torchvision's own network with forty outputs and the published one's weights."""
    network = resnet50(weights=None, num_classes=40)
    weights = {
        name: tensor
        for name, tensor in published.backbone.state_dict().items()
        if not name.startswith("fc.")
    }
    network.load_state_dict({**weights, **published.fc.state_dict(prefix="fc.")})
    return network.eval()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(2)) * 2 - 1


def _wrapped(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"module.{name}": tensor for name, tensor in weights.items()}


def _without_counters(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {n: t for n, t in weights.items() if not n.endswith("num_batches_tracked")}


@pytest.mark.parametrize(
    ("layout", "arrange"),
    [
        ("published", dict),
        ("published", _wrapped),
        ("published", lambda w: {"epoch": 3, "state_dict": _wrapped(w), "optimizer": {}}),
        ("published", _without_counters),
        ("torchvisions", dict),
        ("torchvisions", lambda w: {"model": collections.OrderedDict(w)}),
        ("torchvisions", lambda w: {f"_orig_mod.module.{n}": t for n, t in w.items()}),
    ],
)
def test_either_layout_loads_and_gives_the_original_modules_logits(
    request, tmp_path: Path, pictures: torch.Tensor, layout: str, arrange
) -> None:
    original = request.getfixturevalue(layout)
    torch.save(arrange(original.state_dict()), tmp_path / "best_model.pth")
    network, image_size = load_network(tmp_path / "best_model.pth")
    assert (network.training, image_size) == (False, 256)
    with torch.inference_mode():
        torch.testing.assert_close(network(pictures), original(pictures))


def test_both_layouts_are_one_network(published, torchvisions, pictures) -> None:
    with torch.inference_mode():
        torch.testing.assert_close(published(pictures), torchvisions(pictures))


@pytest.mark.parametrize(("metadata", "size"), [(None, 256), (network_metadata(96), 96)])
def test_safetensors_load_with_the_size_that_they_record(
    tmp_path: Path, torchvisions, pictures, metadata, size: int
) -> None:
    save_file(torchvisions.state_dict(), tmp_path / "net.safetensors", metadata=metadata)
    network, image_size = load_network(tmp_path / "net.safetensors")
    assert image_size == size
    with torch.inference_mode():
        torch.testing.assert_close(network(pictures), torchvisions(pictures))


def test_dropout_is_before_the_last_layer_and_in_training_only(pictures) -> None:
    torch.manual_seed(3)
    network = build_network()
    assert network.fc.weight.shape == (40, 2048)
    features = torch.rand(2, 2048)
    assert not torch.equal(network.fc(features), network.fc(features))
    network.eval()
    torch.testing.assert_close(
        network.fc(features), features @ network.fc.weight.T + network.fc.bias
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: resnet50(weights=None).state_dict(), r"fc\.weight is \(1000, 2048\), not \(40,"),
        (lambda w: {n: t for n, t in w.items() if n != "layer1.0.conv1.weight"}, "is missing"),
        (lambda w: {**w, "extra.weight": torch.ones(1)}, "extra.weight is not the network's"),
        (lambda w: {"fc.weight": torch.ones(40, 2048)}, r"is missing; .*, and \d+ more"),
        (lambda w: {"state_dict": {"epoch": 3}}, "holds no state dict"),
        (lambda w: [1, 2], "holds no state dict"),
        (lambda w: {}, "holds no state dict"),
    ],
)
def test_other_content_is_refused_with_the_file_and_what_is_wrong(
    tmp_path: Path, torchvisions, spoil, message: str
) -> None:
    torch.save(spoil(torchvisions.state_dict()), tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=rf"other\.pth .*{message}"):
        load_network(tmp_path / "other.pth")


class Malicious:
    """What a malicious file holds: unpickling it makes a folder."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self):
        return Path.mkdir, (self._made,)


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": Malicious(tmp_path / "made")}, tmp_path / "evil.pth")
    with pytest.raises(CheckpointError, match=r"evil\.pth is refused.*nothing in it was run"):
        load_network(tmp_path / "evil.pth")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors"])
def test_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no weights at all, but more than eight bytes")
    with pytest.raises(CheckpointError, match=rf"{name}"):
        load_network(tmp_path / name)


def test_training_begins_with_imagenets_features_and_a_head_of_its_own(tmp_path: Path) -> None:
    imagenet = resnet50(weights=None).state_dict()
    torch.save(imagenet, tmp_path / "resnet50.pth")
    network = build_network()
    head = network.fc.weight.clone()
    load_backbone(network, tmp_path / "resnet50.pth")
    assert torch.equal(network.conv1.weight, imagenet["conv1.weight"])
    assert torch.equal(network.fc.weight, head)
