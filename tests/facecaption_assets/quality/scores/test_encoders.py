"""CLIPs of open_clip: a tiny random checkpoint in its files, held against its own functions."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from facecaption_assets.models import ModelUnavailable
from facecaption_assets.quality.scores.encoders import load_encoder

open_clip = pytest.importorskip("open_clip")

CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "layers": 1, "heads": 2, "width": 16},
}
TEXTS = ["a man", "a woman in a red hat", "a person " * 30, "a " * 22, "a " * 23]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("open_clip")
    torch.manual_seed(5)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": CLIP}))
    made = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    weights = {name: value.contiguous() for name, value in made.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (height, 40, 3), np.uint8) for height in (48, 33)]


def test_directions_are_those_of_open_clip_whatever_the_batch(model: Path) -> None:
    encoder = load_encoder(str(model), "setting", "auto", "cpu")
    network, prepare = open_clip.create_model_from_pretrained(f"local-dir:{model}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{model}")
    prepared = [encoder.prepare(pixels) for pixels in pictures()]
    with torch.inference_mode():
        seen = [
            network.eval().encode_image(prepare(Image.fromarray(p))[None], normalize=True)
            for p in pictures()
        ]
        read = [network.encode_text(tokenizer([text]), normalize=True) for text in TEXTS]
    torch.testing.assert_close(encoder.prepared_directions(prepared), torch.cat(seen))
    torch.testing.assert_close(encoder.text_directions(TEXTS), torch.cat(read))


def test_text_is_too_long_beyond_the_room_between_its_marks(model: Path) -> None:
    encoder = load_encoder(str(model), "setting", "float32", "cpu")
    assert encoder.too_long(TEXTS) == [False, False, True, False, True]


def test_bfloat16_runs(model: Path) -> None:
    encoder = load_encoder(str(model), "setting", "bfloat16", "cpu")
    assert encoder.text_directions(TEXTS).dtype == torch.float32


def test_a_folder_without_weights_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": CLIP}))
    with pytest.raises(ModelUnavailable, match=r"setting = .* has none of open_clip_model"):
        load_encoder(str(tmp_path), "setting", "auto", "cpu")
