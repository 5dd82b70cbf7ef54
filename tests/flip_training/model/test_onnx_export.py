"""The encoders in ONNX compute what the model computes, or are not written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from flip_training.config import Preset
from flip_training.model import onnx_export
from flip_training.model.flip import FLIPModel
from flip_training.model.onnx_export import ExportMismatch, export_onnx


@pytest.fixture
def model(micro: Preset) -> FLIPModel:
    torch.manual_seed(0)
    text = replace(micro.model.text, vocab_size=30, enc_token_id=4, dropout=0.1)
    return FLIPModel(replace(micro.model, text=text)).eval()


def run(path: Path, **inputs: Tensor) -> Tensor:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (features,) = session.run(["features"], {name: t.numpy() for name, t in inputs.items()})
    return torch.from_numpy(np.asarray(features))


@pytest.mark.slow
def test_any_batch_and_length_give_the_models_features(model: FLIPModel, tmp_path: Path) -> None:
    differences = export_onnx(model, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["image.onnx", "text.onnx"]
    assert max(differences.values()) < 1e-5
    for size, length in ((1, 3), (4, 9), (7, 65)):
        pixels = torch.randn(size, 3, 16, 16)
        ids = torch.randint(5, 30, (size, length))
        mask = (torch.arange(length) < torch.randint(1, length + 1, (size, 1))).long()
        with torch.inference_mode():
            images, texts = model.encode_image(pixels)[1], model.encode_text(ids, mask)
        found = run(tmp_path / "image.onnx", pixel_values=pixels)
        torch.testing.assert_close(found, images, rtol=0, atol=1e-5)
        found = run(tmp_path / "text.onnx", input_ids=ids, attention_mask=mask)
        torch.testing.assert_close(found, texts, rtol=0, atol=1e-5)


@pytest.mark.parametrize("difference", [2e-4, float("nan")])
def test_a_file_that_differs_is_refused_and_gone(
    model: FLIPModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    def write(tower: object, inputs: object, path: Path, **options: object) -> None:
        path.write_bytes(b"a graph")

    monkeypatch.setattr(torch.onnx, "export", write)
    monkeypatch.setattr(onnx_export, "_difference", lambda *_: difference)
    with pytest.raises(ExportMismatch, match=r"image\.onnx differs from the model by"):
        export_onnx(model, tmp_path)
    assert not list(tmp_path.iterdir())
