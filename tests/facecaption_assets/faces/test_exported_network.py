import importlib.util
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from facecaption_assets.faces.exported_network import ExportedNetwork
from facecaption_assets.faces.networks import Thresholds
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.faces.weights import torchscript_allowed

CPU = torch.device("cpu")


def field(number: int, value: bytes | str | int) -> bytes:
    """A field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def tensor(name: str, values: list[float]) -> bytes:
    """An ONNX initializer (1, N, 1), float32."""
    dims = field(1, 1) + field(1, len(values)) + field(1, 1)
    return dims + field(2, 1) + field(8, name) + field(9, struct.pack(f"<{len(values)}f", *values))


def node(operator: str, inputs: list[str], output: str, axes: tuple[int, ...] = ()) -> bytes:
    """An ONNX node, with the attribute ``axes`` where it has any."""
    attribute = field(1, "axes") + b"".join(field(8, axis) for axis in axes) + field(20, 7)
    message = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)
    return message + (field(5, attribute) if axes else b"")


def value(name: str, *dims: int | str) -> bytes:
    """An ONNX input or output, float32; a dimension with a name may have any size."""
    shape = b"".join(field(1, field(1 if isinstance(d, int) else 2, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def one_face_onnx(folder: Path, **description: str) -> Path:
    """A model that sees one face, as surely as the picture is bright, in ultralytics' terms.

    Written byte by byte: the package that writes such files is not needed to run them.
    """
    graph = [
        field(1, node("ReduceMean", ["images"], "mean", (1, 2, 3))),
        field(1, node("Squeeze", ["mean"], "brightness", (3,))),
        field(1, node("Mul", ["brightness", "score"], "scored")),
        field(1, node("Add", ["scored", "box"], "output0")),
        field(2, "one_face"),
        field(5, tensor("score", [0, 0, 0, 0, 1])),
        field(5, tensor("box", [32, 32, 16, 8, 0])),
        field(11, value("images", "batch", 3, 64, 64)),
        field(12, value("output0", "batch", 5, 1)),
    ]
    known = {
        "names": "{0: 'face'}",
        "stride": "32",
        "task": "detect",
        "batch": "1",
        "imgsz": "[64, 64]",
        "args": "{'dynamic': False}",
    }
    entries = (known | description).items()
    model = [
        field(1, 6),
        field(7, b"".join(graph)),
        field(8, field(2, 11)),
        *(field(14, field(1, key) + field(2, text)) for key, text in entries),
    ]
    path = folder / "one_face.onnx"
    path.write_bytes(b"".join(model))
    return path


def test_onnx_runs_without_landmarks(tmp_path: Path) -> None:
    network = ExportedNetwork(one_face_onnx(tmp_path), 64, CPU)
    assert network.fixed_shape == (64, 64)
    pictures = torch.stack([torch.full((3, 64, 64), v, dtype=torch.uint8) for v in (204, 51)])
    bright, dark = network.find(pictures, Thresholds(0.25, 0.5))
    np.testing.assert_allclose(bright.boxes, [[24, 28, 40, 36]])
    assert bright.scores.tolist() == pytest.approx([0.8], abs=1e-5)
    assert bright.points.shape == (1, 0, 2)
    assert len(dark.boxes) == 0


def test_weights_of_another_size_than_the_setting_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"exported for 64 px; FaceSettings\.image_size is 640"):
        ExportedNetwork(one_face_onnx(tmp_path), 640, CPU)


def test_weights_without_a_face_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"FaceSettings\.detector: .* has 2 classes \(cat, dog"):
        ExportedNetwork(one_face_onnx(tmp_path, names="{0: 'cat', 1: 'dog'}"), 64, CPU)


def test_a_torchscript_export_gives_the_landmarks_of_its_source(
    tmp_path: Path, untrained: Callable[..., Any], saved: Callable[..., Path]
) -> None:
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    network = untrained("v8/yolov8-pose", nc=1, kpt_shape=[5, 3])
    source = saved(network, tmp_path)
    with torchscript_allowed():
        written = load_ultralytics().YOLO(source).export(format="torchscript", imgsz=64)
    exported, original = ExportedNetwork(Path(written), 64, CPU), ExportedNetwork(source, 64, CPU)
    # Nothing is suppressed: untrained scores are so close that the last digit would decide.
    everything = Thresholds(0.0, 1.0)
    for ours, theirs in zip(
        exported.find(pictures, everything), original.find(pictures, everything), strict=True
    ):
        assert ours.points.shape == (84, 5, 2)
        np.testing.assert_allclose(in_order(ours.boxes), in_order(theirs.boxes), atol=0.01)
        np.testing.assert_allclose(
            in_order(ours.points.flatten(1)), in_order(theirs.points.flatten(1)), atol=0.01
        )


def in_order(rows: torch.Tensor) -> np.ndarray:
    numbers = rows.numpy()
    return numbers[np.lexsort(np.round(numbers, 1).T)]


@pytest.mark.parametrize("name", ["junk.onnx", "junk.bin", "junk.torchscript"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"junk" * 100)
    with pytest.raises(ValueError, match=r"FaceSettings\.detector: ultralytics cannot read .*junk"):
        ExportedNetwork(path, 64, CPU)


@pytest.mark.parametrize(
    ("name", "package"), [("faces.engine", "tensorrt"), ("faces_openvino_model", "openvino")]
)
def test_a_runtime_that_is_not_installed_is_named(tmp_path: Path, name: str, package: str) -> None:
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=rf"{name} needs the package {package}, which is not inst"):
        ExportedNetwork(tmp_path / name, 64, CPU)
