"""BLIP and BLIP-2: tiny random checkpoints through the real code."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from facecaption_assets.captions.captioners.loading import load_captioner
from facecaption_assets.captions.captioners.settings import CaptionerSettings

CLASSES = {
    "blip": transformers.BlipForConditionalGeneration,
    "blip2": transformers.Blip2ForConditionalGeneration,
}


@pytest.fixture(params=CLASSES)
def kind(request) -> str:
    return request.param


@pytest.fixture
def settings(request, kind: str) -> CaptionerSettings:
    return CaptionerSettings(
        model=str(request.getfixturevalue(kind)),
        clip_model="any",
        temperatures=(0.5, 2.0),
        samples_per_temperature=2,
        max_new_tokens=12,
        precision="float32",
    )


def test_texts_do_not_depend_on_the_batch(settings, sittings) -> None:
    captioner, faces = load_captioner(settings, "cpu"), sittings(settings, 4)
    together = captioner.caption(faces)
    torch.manual_seed(99)
    assert [captioner.caption([face])[0] for face in faces] == together
    assert captioner.caption(faces[2:] + faces[:2]) == together[2:] + together[:2]


def test_draws_differ_by_face_and_sample(settings, sittings) -> None:
    texts = load_captioner(settings, "cpu").caption(sittings(settings, 3))
    assert [len(own) for own in texts] == [4, 4, 4]
    assert len({text for own in texts for text in own}) == 12


@pytest.mark.parametrize("prompt", ["", "a woman"])
def test_coldest_draw_is_transformers_greedy_caption(kind, settings, sittings, prompt) -> None:
    cold = replace(
        settings, temperatures=(1e-4,), samples_per_temperature=1, prompt=prompt, min_new_tokens=5
    )
    faces = sittings(cold, 3)
    network = CLASSES[kind].from_pretrained(cold.model).eval()
    processor = transformers.AutoProcessor.from_pretrained(cold.model)
    pictures = [Image.fromarray(face.pixels) for face in faces]
    text = {"text": [prompt] * 3} if prompt else {}
    inputs = processor(images=pictures, return_tensors="pt", **text)
    with torch.inference_mode():
        written = network.generate(
            **inputs, do_sample=False, min_new_tokens=5, max_new_tokens=12, num_beams=1
        )
    whole = processor.batch_decode(written, skip_special_tokens=True)
    expected = [each.strip().removeprefix(prompt).split() for each in whole]
    found = load_captioner(cold, "cpu").caption(faces)
    assert [own[0].split() for own in found] == expected


@pytest.mark.parametrize(("fewest", "most"), [(5, 40), (0, 4), (8, 8)])
def test_captions_have_as_many_tokens_as_allowed(settings, sittings, fewest, most) -> None:
    bounded = replace(settings, temperatures=(8.0,), min_new_tokens=fewest, max_new_tokens=most)
    captioner = load_captioner(bounded, "cpu")
    lengths: list[int] = []
    decode = captioner._processor.tokenizer.decode
    captioner._processor.tokenizer.decode = lambda tokens, **options: (
        lengths.append(len(tokens)) or decode(tokens, **options)
    )
    captioner.caption(sittings(bounded, 6))
    assert len(lengths) == 12
    assert fewest <= min(lengths) and max(lengths) <= most


def test_a_low_temperature_says_less_than_a_high_one(settings, sittings) -> None:
    def different(temperature: float) -> int:
        one = replace(settings, temperatures=(temperature,), samples_per_temperature=8)
        (texts,) = load_captioner(one, "cpu").caption(sittings(one, 1))
        return len(set(texts))

    assert different(1e-4) == 1
    assert different(2.0) > 4


def test_bfloat16_runs(settings, sittings) -> None:
    half = replace(settings, precision="bfloat16")
    texts = load_captioner(half, "cpu").caption(sittings(half, 2))
    assert all(isinstance(text, str) and text.strip() for own in texts for text in own)


def test_pictures_of_any_size_are_taken(settings, sittings) -> None:
    faces = sittings(settings, 2)
    shapes = [(1, 1, 3), (300, 7, 3)]
    odd = [
        replace(face, pixels=np.full(shape, 9, np.uint8))
        for face, shape in zip(faces, shapes, strict=True)
    ]
    assert len(load_captioner(settings, "cpu").caption(odd)) == 2
