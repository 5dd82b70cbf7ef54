import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from facecaption_assets.faces.weights import (
    lift,
    read_checkpoint,
    read_torchscript,
    torchscript_allowed,
)

FIVE = {"nc": 1, "kpt_shape": [5, 3]}


def trace(network: Any) -> Any:
    network.model[-1].export = True  # As the exporter does: one tensor is the output.
    with torch.no_grad(), torchscript_allowed():
        pixels = torch.zeros(1, 3, 64, 64)
        return torch.jit.trace(network, pixels, strict=False, check_trace=False)


class Malicious:
    """Unpickling it runs a command."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.target}",)


def test_weights_that_carry_code_are_refused_unrun(tmp_path: Path) -> None:
    target = tmp_path / "was_run"
    torch.save({"model": Malicious(target)}, tmp_path / "malicious.pt")
    with pytest.raises(ValueError, match=r"cannot read .*malicious\.pt"):
        read_checkpoint(tmp_path / "malicious.pt")
    assert not target.exists()


def test_absent_weights_are_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_checkpoint(tmp_path / "yolov8n.pt")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.torchscript"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match=r"notes\.torchscript is not a TorchScript file"):
        read_torchscript(path, torch.device("cpu"))


def test_a_trace_of_the_known_network_is_lifted_parameter_by_parameter(
    untrained: Callable[..., Any],
) -> None:
    network = untrained("v8/yolov8-pose", **FIVE)
    lifted = lift(trace(network), 64)
    network.model[-1].export = False
    assert lifted is not None
    pixels = torch.rand(1, 3, 96, 64)
    with torch.inference_mode():
        torch.testing.assert_close(lifted(pixels)[0], network(pixels)[0])


@pytest.mark.parametrize(
    ("config", "changes"),
    [("v8/yolov8", {"nc": 1}), ("v8/yolov8-pose", {"nc": 1, "kpt_shape": [4, 3]})],
)
def test_a_trace_of_another_network_is_not(
    untrained: Callable[..., Any], config: str, changes: dict[str, Any]
) -> None:
    assert lift(trace(untrained(config, **changes)), 64) is None


def test_a_trace_that_computes_something_else_with_the_same_parameters_is_not_lifted(
    untrained: Callable[..., Any],
) -> None:
    network = untrained("v8/yolov8-pose", **FIVE)
    network.model[-1].stride *= 2  # No parameter, but in every box.
    assert lift(trace(network), 64) is None
