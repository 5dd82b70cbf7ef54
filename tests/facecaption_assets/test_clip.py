"""The cosines of a tiny CLIP, held against transformers' own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

from facecaption_assets.clip import Clip
from facecaption_assets.models import ModelUnavailable
from tests.tiny_models import save_blip, save_clip, save_siglip, seeded

TEXTS = [["a man", "a woman in a hat"], [], ["a red scarf"]]


@pytest.fixture(scope="module", params=[save_clip, save_siglip])
def model(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(request.param, tmp_path_factory.mktemp("clip"))


def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (h, 40, 3), np.uint8) for h in (48, 64, 33)]


def test_cosines_are_those_of_the_models_own_embeddings(model: Path) -> None:
    found = Clip(str(model), "setting", "cpu").cosines(pictures(), TEXTS)
    network, processor = AutoModel.from_pretrained(model), AutoProcessor.from_pretrained(model)
    assert [len(own) for own in found] == [2, 0, 1]
    for pixels, texts, own in zip(pictures(), TEXTS, found, strict=True):
        if texts:
            inputs = processor(
                images=Image.fromarray(pixels),
                text=texts,
                padding="max_length",
                max_length=network.config.text_config.max_position_embeddings,
                return_tensors="pt",
            )
            with torch.inference_mode():
                out = network(**inputs)
            expected = torch.nn.functional.cosine_similarity(out.image_embeds, out.text_embeds)
            assert own == pytest.approx(expected.tolist(), abs=1e-5)


def test_pictures_without_texts_are_not_looked_at(model: Path) -> None:
    assert Clip(str(model), "setting", "cpu").cosines(pictures(), [[], [], []]) == [[], [], []]


def test_a_text_of_any_length_is_taken(model: Path) -> None:
    (cosines,) = Clip(str(model), "setting", "cpu").cosines(pictures()[:1], [["a man " * 200]])
    assert -1 <= cosines[0] <= 1


def test_a_text_is_too_long_beyond_the_model_s_room(model: Path) -> None:
    room = AutoModel.from_pretrained(model).config.text_config.max_position_embeddings
    tokenizer = AutoProcessor.from_pretrained(model).tokenizer
    marks = len(tokenizer("")["input_ids"])
    fitting = "a" * (room - marks)  # The tiny tokenizer spells.
    assert len(tokenizer(fitting)["input_ids"]) == room
    assert Clip(str(model), "setting", "cpu").too_long(["a", fitting, fitting + "a"]) == [
        *(False, False, True)
    ]


def test_prepared_pictures_have_the_directions_of_pictures(model: Path) -> None:
    clip = Clip(str(model), "setting", "cpu")
    prepared = [clip.prepare(pixels) for pixels in pictures()]
    torch.testing.assert_close(
        clip.prepared_directions(prepared), clip.picture_directions(pictures())
    )


def test_a_captioner_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"clip = .* lacks \d+ of its weights"):
        Clip(str(seeded(save_blip, tmp_path)), "clip", "cpu")
