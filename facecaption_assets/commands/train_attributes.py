"""``facecaption train-attributes``: weights of one's own for the annotator ``celeba_resnet50``.

Arguments in, accuracies out; the training belongs to ``attributes.training``.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from facecaption_assets.terminal import console, stop

if TYPE_CHECKING:
    from torchvision.models import ResNet

    from facecaption_assets.attributes.training.settings import TrainingSettings

#: More processes than this do not read pictures faster than one GPU looks at them.
_MOST_WORKERS: Final = 16


def train_attributes(
    celeba: Annotated[
        Path,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder with img_align_celeba/, list_attr_celeba.txt, list_eval_partition.txt.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File of the network, .safetensors.")],
    epochs: Annotated[int, typer.Option(help="Passes over the training pictures.")] = 20,
    batch_size: Annotated[int, typer.Option(help="Pictures per step.")] = 128,
    image_size: Annotated[int, typer.Option(help="Side of the pictures, px.")] = 256,
    learning_rate: Annotated[float, typer.Option(help="Adam's, after the warm-up.")] = 2e-4,
    warmup_steps: Annotated[int, typer.Option(help="Steps over which the rate rises.")] = 200,
    seed: Annotated[int, typer.Option(help="Of everything that is random.")] = 556,
    initial_weights: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="torchvision's ResNet-50 for ImageNet, .pth or .safetensors; default: the one in "
            "torch's cache, else random weights.",
        ),
    ] = None,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between saved states.")] = 500,
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="Processes that read pictures; default: by the machine."),
    ] = None,
) -> None:
    """Train the forty-head ResNet-50 on CelebA; run again after an interruption, it goes on."""
    if out.suffix != ".safetensors":
        raise stop(f"--out is {out}; its name must end in .safetensors")
    recipe = {
        "epochs": epochs,
        "batch_size": batch_size,
        "image_size": image_size,
        "learning_rate": learning_rate,
        "warmup_steps": warmup_steps,
        "seed": seed,
    }
    _print_result(_train(celeba, out, initial_weights, save_every, workers, recipe), out)


def _train(
    celeba: Path,
    out: Path,
    initial_weights: Path | None,
    save_every: int,
    workers: int | None,
    recipe: Mapping[str, Any],
) -> Mapping[str, float]:
    """Validation accuracy of each attribute."""
    import torch

    from facecaption_assets.attributes.celeba_network import CheckpointError
    from facecaption_assets.attributes.training.batches import PictureError
    from facecaption_assets.attributes.training.celeba_folder import CelebaError, read_celeba
    from facecaption_assets.attributes.training.loop import train
    from facecaption_assets.attributes.training.run import TrainingRun
    from facecaption_assets.attributes.training.state import StateError
    from facecaption_assets.attributes.training.steps import TrainingFailed
    from facecaption_assets.devices import lease_device

    settings = _settings(recipe)
    device = torch.device(lease_device())
    if workers is None:
        workers = min(_MOST_WORKERS, os.cpu_count() or 1) if device.type == "cuda" else 0
    try:
        folder = read_celeba(celeba)
        network = _initial_network(settings.seed, initial_weights)
        out.parent.mkdir(parents=True, exist_ok=True)
        run = TrainingRun(out, device, workers, save_every, console.print)
        return train(network, folder, settings, run)
    except (CelebaError, CheckpointError, PictureError, StateError, TrainingFailed) as error:
        raise stop(str(error)) from None


def _settings(recipe: Mapping[str, Any]) -> "TrainingSettings":
    from facecaption_assets.attributes.training.settings import TrainingSettings

    try:
        return TrainingSettings(**recipe)
    except ValueError as error:
        raise stop(str(error)) from None


def _initial_network(seed: int, weights: Path | None) -> "ResNet":
    """The network before its first step; the last layer is random in any case."""
    import torch
    from torchvision.models import ResNet50_Weights

    from facecaption_assets.attributes.celeba_network import build_network, load_backbone

    torch.manual_seed(seed)
    network = build_network()
    if weights is None:
        # Those that the published network began with.
        name = Path(ResNet50_Weights.IMAGENET1K_V1.url).name
        cached = Path(torch.hub.get_dir()) / "checkpoints" / name
        weights = cached if cached.exists() else None
    if weights is None:
        console.print("begins with random weights: torch's cache has no ImageNet weights")
        return network
    load_backbone(network, weights)
    console.print(f"begins with {weights}", soft_wrap=True)
    return network


def _print_result(accuracies: Mapping[str, float], out: Path) -> None:
    table = Table("attribute", "validation accuracy", box=None)
    for attribute, accuracy in accuracies.items():
        table.add_row(attribute, f"{accuracy:.4f}")
    console.print(table)
    mean = sum(accuracies.values()) / len(accuracies)
    console.print(f"mean {mean:.4f}; a network that knows nothing is right where a label is rare")
    console.print(f'For profile.toml:\n\n[attributes]\nceleba_weights = "{out.absolute()}"')
