"""YOLO weights in small: real architectures, randomly initialised."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from facecaption_assets.faces.ultralytics_setup import load_ultralytics


@pytest.fixture(scope="session")
def untrained() -> Callable[..., Any]:
    """Makes a network of ultralytics' description, e.g. ``v8/yolov8-pose``, with changed keys."""

    def make(config: str, **changes: object) -> Any:
        load_ultralytics()
        from ultralytics.nn.tasks import DetectionModel, PoseModel
        from ultralytics.utils import ROOT, YAML

        path = ROOT / "cfg" / "models" / f"{config}.yaml"
        description: Any = YAML.load(path) | {"scale": "n", "yaml_file": path.name} | changes
        torch.manual_seed(0)
        kind = PoseModel if "pose" in config else DetectionModel
        network = kind(description, verbose=False).eval()
        network.task = "pose" if "pose" in config else "detect"
        network.names = {0: "face"} if network.yaml["nc"] == 1 else network.names
        return network

    return make


@pytest.fixture(scope="session")
def saved() -> Callable[..., Path]:
    """Saves a network as ultralytics' training does."""

    def save(network: Any, folder: Path) -> Path:
        path = folder / "untrained.pt"
        torch.save({"model": network, "train_args": {"task": network.task}}, path)
        return path

    return save
