"""A generated set in CelebA's layout, a tiny network, and a process that trains it.

Run as a module it trains ``FOLDER`` into ``OUT`` and, in the forward pass ``DIES_AT``, is killed
as by ``kill -9``.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from facecaption_assets.attributes.celeba_network import DropoutLinear
from facecaption_assets.attributes.training.celeba_folder import read_celeba
from facecaption_assets.attributes.training.loop import train
from facecaption_assets.attributes.training.run import TrainingRun
from facecaption_assets.attributes.training.settings import TrainingSettings
from facecaption_assets.attributes.vocabulary import ATTRIBUTES

#: Shown by a bright band; every other attribute is absent.
PLANTED = "Eyeglasses"

SETTINGS = TrainingSettings(
    epochs=3, batch_size=8, image_size=64, learning_rate=0.02, warmup_steps=2, weighting_steps=2
)


def write_celeba(folder: Path, training: int, validation: int, seed: int = 0) -> Path:
    """Noise of 44 x 54 px; every second picture has a bright band, as glasses would be."""
    random = np.random.default_rng(seed)
    (folder / "img_align_celeba").mkdir(parents=True)
    labels, partition = [], []
    for index in range(training + validation):
        name = f"{index + 1:06d}.jpg"
        has_band = index % 2 == 1
        Image.fromarray(picture(has_band, random)).save(folder / "img_align_celeba" / name)
        states = ["1" if a == PLANTED and has_band else "-1" for a in ATTRIBUTES]
        labels.append(f"{name}  {' '.join(states)}")
        partition.append(f"{name} {int(index >= training)}")
    header = [str(len(labels)), " ".join(ATTRIBUTES)]
    (folder / "list_attr_celeba.txt").write_text("\n".join([*header, *labels]) + "\n")
    (folder / "list_eval_partition.txt").write_text("\n".join(partition) + "\n")
    return folder


def picture(has_band: bool, random: np.random.Generator) -> np.ndarray:
    pixels = random.integers(40, 120, (54, 44, 3), np.uint8)
    if has_band:
        pixels[20:28] = 250
    return pixels


class TinyNetwork(nn.Module):
    """A convolution, batch norm and the real head, dropout included."""

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        torch.manual_seed(8)
        self.conv = nn.Conv2d(3, 8, 5, stride=4)
        self.bn = nn.BatchNorm2d(8)
        self.fc = DropoutLinear(8, len(ATTRIBUTES))
        self._until_death = dies_at

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self._until_death is not None:
            self._until_death -= 1
            if self._until_death == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.fc(torch.relu(self.bn(self.conv(x))).amax(dim=(2, 3)))


def train_tiny(folder: Path, out: Path, network: TinyNetwork | None = None, workers: int = 0):
    run = TrainingRun(out, torch.device("cpu"), workers, save_every=3, report=lambda line: None)
    return train(network or TinyNetwork(), read_celeba(folder), SETTINGS, run)


if __name__ == "__main__":
    train_tiny(Path(sys.argv[1]), Path(sys.argv[2]), TinyNetwork(int(sys.argv[3])))
