"""The annotator with tiny CLIPs of random weights."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    AutoProcessor,
    CLIPImageProcessor,
    CLIPModel,
    SiglipModel,
    ViTConfig,
    ViTModel,
)

from facecaption_assets.attributes.annotators import FaceCrop
from facecaption_assets.attributes.clip_prompts import PROMPTS, TEMPLATES
from facecaption_assets.attributes.clip_zero_shot import ClipAnnotator
from facecaption_assets.attributes.states import check_evidence
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.models import ModelUnavailable
from tests.tiny_models import VISION, save_clip, save_siglip, seeded

SAVERS: dict[str, Callable[[Path], None]] = {"clip": save_clip, "siglip": save_siglip}


@pytest.fixture(scope="module", params=SAVERS)
def model(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    return seeded(SAVERS[request.param], folder)


@pytest.fixture(scope="module")
def annotator(model: Path) -> ClipAnnotator:
    return ClipAnnotator(str(model), device="cpu")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return seeded(save_clip, tmp_path / "clip", 6)


def faces(count: int) -> list[FaceCrop]:
    random = np.random.default_rng(7)
    sizes = [(48, 40), (64, 64), (33, 90)][:count]
    return [
        FaceCrop(f"f{i}", random.integers(0, 256, (*size, 3), np.uint8))
        for i, size in enumerate(sizes)
    ]


def reference_share(network, processor, pixels: np.ndarray, attribute: str) -> float:
    """By transformers' own forward pass, then CLIP's prompt ensemble."""
    pair, logits = PROMPTS[attribute], []
    for descriptions in (pair.positive, pair.negative):
        texts = [template.format(each) for each in descriptions for template in TEMPLATES]
        out = forward(network, processor, pixels, texts)
        mean = out.text_embeds.mean(dim=0)
        cosine = out.image_embeds[0] @ (mean / mean.norm())
        logits.append(network.logit_scale.exp().squeeze() * cosine)
    return torch.stack(logits).softmax(dim=0)[0].item()


def forward(network, processor, pixels: np.ndarray, texts: list[str]):
    inputs = processor(
        images=Image.fromarray(pixels),
        text=texts,
        padding="max_length",
        max_length=network.config.text_config.max_position_embeddings,
        return_tensors="pt",
    )
    with torch.inference_mode():
        return network(**inputs)


def test_probability_is_the_softmax_over_the_pair_of_the_models_own_logits(
    model: Path, annotator: ClipAnnotator
) -> None:
    network, processor = AutoModel.from_pretrained(model), AutoProcessor.from_pretrained(model)
    shown = faces(3)
    answers = annotator.annotate(shown)
    check_evidence(annotator, answers, 3)
    for face, answer in zip(shown, answers, strict=True):
        for attribute in ("Smiling", "Black_Hair", "Big_Lips"):
            expected = reference_share(network, processor, face.pixels, attribute)
            assert answer.probabilities[attribute] == pytest.approx(expected, abs=1e-5)


def test_single_prompt_equals_the_models_logits_per_image(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facecaption_assets.attributes.clip_zero_shot.TEMPLATES", ("{}",))
    (face,) = faces(1)
    (answer,) = ClipAnnotator(str(model), device="cpu").annotate([face])
    network, processor = AutoModel.from_pretrained(model), AutoProcessor.from_pretrained(model)
    pair = PROMPTS["Double_Chin"]
    out = forward(network, processor, face.pixels, [*pair.positive, *pair.negative])
    logits = out.logits_per_image[0]
    expected = logits.softmax(dim=0)[0].item()
    assert answer.probabilities["Double_Chin"] == pytest.approx(expected, abs=1e-5)


def test_texts_are_embedded_once_and_answers_repeat(
    annotator: ClipAnnotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = annotator.annotate(faces(2))
    embedded: list[object] = []
    monkeypatch.setattr(CLIPModel, "get_text_features", lambda self, **_: embedded.append(self))
    monkeypatch.setattr(SiglipModel, "get_text_features", lambda self, **_: embedded.append(self))
    assert annotator.annotate(faces(2)) == first
    assert not embedded
    assert annotator.annotate([]) == []


def test_prompts_are_pairs_of_distinct_descriptions_in_celebas_order() -> None:
    assert list(PROMPTS) == [name for name in ATTRIBUTES if name in PROMPTS]
    assert set(ATTRIBUTES) - PROMPTS.keys() == {
        "Attractive",
        "High_Cheekbones",
        "Oval_Face",
        "Pointy_Nose",
    }
    for pair in PROMPTS.values():
        assert pair.positive and pair.negative
        assert not set(pair.positive) & set(pair.negative)


def test_hub_that_cannot_be_reached_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: True)
    message = r"AttributeSettings\.clip_model = 'a/clip@12ab' cannot be loaded"
    with pytest.raises(ModelUnavailable, match=message):
        ClipAnnotator("a/clip@12ab", device="cpu")


def test_model_that_is_no_clip_is_refused(tmp_path: Path) -> None:
    ViTModel(ViTConfig(**VISION)).save_pretrained(tmp_path)
    CLIPImageProcessor().save_pretrained(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"is a ViTModel, not a CLIP"):
        ClipAnnotator(str(tmp_path), device="cpu")


def test_model_that_lacks_weights_is_refused(clip: Path) -> None:
    weights = load_file(clip / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, clip / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lacks 1 of its weights, .*visual_projection"):
        ClipAnnotator(str(clip), device="cpu")


def test_damaged_model_is_refused(clip: Path) -> None:
    (clip / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        ClipAnnotator(str(clip), device="cpu")


def test_code_that_comes_with_a_model_is_not_run(clip: Path, tmp_path: Path) -> None:
    config = json.loads((clip / "config.json").read_text())
    config["model_type"] = "strange"
    config["auto_map"] = {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}
    (clip / "config.json").write_text(json.dumps(config))
    made = tmp_path / "made"
    (clip / "evil.py").write_text(f"from pathlib import Path\nPath({str(made)!r}).mkdir()\n")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        ClipAnnotator(str(clip), device="cpu")
    assert not made.exists()
