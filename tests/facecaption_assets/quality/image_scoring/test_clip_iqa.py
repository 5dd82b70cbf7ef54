"""CLIP-IQA of a tiny CLIP, held against transformers' own logits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

from facecaption_assets.models import ModelUnavailable
from facecaption_assets.quality.image_scoring.clip_iqa import PROMPTS, ClipIqa
from tests.tiny_models import save_clip, save_siglip, seeded


@pytest.mark.parametrize("save", [save_clip, save_siglip])
def test_scores_are_the_softmax_of_the_models_own_logits(save, tmp_path: Path) -> None:
    model = seeded(save, tmp_path)
    random = np.random.default_rng(7)
    pictures = [random.integers(0, 256, (side, 40, 3), np.uint8) for side in (48, 33, 64)]
    found = ClipIqa(str(model), "cpu").score(pictures)
    network, processor = AutoModel.from_pretrained(model), AutoProcessor.from_pretrained(model)
    inputs = processor(
        images=[Image.fromarray(pixels) for pixels in pictures],
        text=list(PROMPTS),
        padding="max_length",
        max_length=network.config.text_config.max_position_embeddings,
        return_tensors="pt",
    )
    with torch.inference_mode():
        expected = network(**inputs).logits_per_image.softmax(dim=-1)[:, 0]
    assert found == pytest.approx(expected.tolist(), abs=1e-5)
    assert all(0 <= score <= 1 for score in found)


def test_a_model_that_cannot_be_had_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"ImageScoreSettings\.clip_model = "):
        ClipIqa(str(tmp_path), "cpu")
