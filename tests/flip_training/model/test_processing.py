"""Pictures and captions of users, to what the model was trained on."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import flip_training
from flip_training.loading.transforms import load_crop, normalize
from flip_training.model.processing import FLIPProcessor, processor_of
from flip_training.model.tokenization import tokenize, vocabulary_tokenizer
from flip_training.storage import Storage


@pytest.fixture
def processor() -> FLIPProcessor:
    return processor_of(vocabulary_tokenizer(["a red hat", "a blue coat"]), 32, 6)


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Soft waves, as in a photograph."""
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 4, height))
    waves = np.stack([np.sin(x + y), np.cos(x), np.sin(y)], axis=-1)
    return Image.fromarray((127 + 120 * waves).astype(np.uint8)).convert(mode)


@pytest.mark.parametrize("size", [(64, 64), (100, 40), (20, 24)])
def test_a_picture_is_what_training_makes_of_it(
    processor: FLIPProcessor, size: tuple[int, int]
) -> None:
    image = picture(*size)
    data = io.BytesIO()
    image.save(data, "PNG")
    expected = normalize(torch.from_numpy(load_crop(data.getvalue(), 32)).permute(2, 0, 1)[None])
    given = processor(images=image)["pixel_values"]
    assert given.shape == (1, 3, 32, 32)
    assert (given - expected).abs().max() < 0.05  # two of 255 steps, from rounding


def test_captions_are_those_of_training(processor: FLIPProcessor) -> None:
    captions = ["A red Hat.", "blue; red (blue) red blue red blue"]
    given = processor(text=captions)
    expected = tokenize(processor.tokenizer, captions, 6)
    assert given["input_ids"].shape == (2, 6)
    assert all(torch.equal(given[name], expected[name]) for name in expected)


def test_one_or_many_of_any_mode(processor: FLIPProcessor) -> None:
    both = processor([picture(40, 30, mode) for mode in ("L", "RGBA", "CMYK", "P")], "a hat")
    assert both["pixel_values"].shape == (4, 3, 32, 32)
    assert both["input_ids"].shape[0] == 1
    assert processor() == {}


def test_the_readmes_example_gives_scores(
    built: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (Path(flip_training.__path__[0]).parent / "README.md").read_text("utf-8")
    example = readme.split("## Use a trained FLIP")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(built.home)
    picture(60, 60).save("face.jpg")
    exec(example.replace("data/", ""), {})
    similarity, match = (
        float(v) for v in re.findall(r"tensor\(\[\[(.*?)\]\]\)", capsys.readouterr().out)
    )
    assert -1 <= similarity <= 1
    assert 0 < match < 1


def test_it_is_saved_and_loaded(processor: FLIPProcessor, tmp_path: Path) -> None:
    processor.write(tmp_path)
    again = FLIPProcessor.from_pretrained(tmp_path)
    inputs = picture(50, 60), ["a red hat"]
    for name, value in processor(*inputs).items():
        assert torch.equal(again(*inputs)[name], value)
    assert again.tokenizer.model_max_length == 6
