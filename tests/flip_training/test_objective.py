"""One step's losses: they can be learnt, and equal captions are not torn apart."""

from dataclasses import replace

import pytest
import torch

from flip_training.config import Preset
from flip_training.data import Batch
from flip_training.flip import FLIPModel
from flip_training.momentum import FeatureQueue, MomentumTwin
from flip_training.objective import alpha_at, flip_losses


@pytest.fixture
def model(micro: Preset) -> FLIPModel:
    torch.manual_seed(0)
    text = replace(micro.model.text, vocab_size=30, enc_token_id=4, dropout=0.0, width=32)
    return FLIPModel(replace(micro.model, text=text))


def batch_of(size: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    return {
        "pixel_values": torch.randn(size, 3, 16, 16, generator=generator),
        "input_ids": torch.randint(5, 30, (size, 6), generator=generator),
        "attention_mask": torch.ones(size, 6, dtype=torch.int64),
        "image_id": torch.arange(size),
        "caption_id": torch.arange(size),
    }


def test_both_losses_can_be_learnt(model: FLIPModel) -> None:
    batch, twin, queue = batch_of(4), MomentumTwin(model, 0.5), FeatureQueue(0, 8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(120):
        twin.follow(model)
        losses = flip_losses(model, twin, queue, batch, 0.0, generator)
        optimizer.zero_grad()
        (losses.itc + losses.itm).backward()
        optimizer.step()
        model.clamp_temp()
    assert losses.itc.item() < 0.4  # 1.39 for a guess
    assert losses.itm.item() < 0.3  # 0.64 for a guess


def test_a_batch_of_one_caption_has_nothing_to_mismatch(model: FLIPModel) -> None:
    batch = batch_of(3) | {"caption_id": torch.zeros(3, dtype=torch.int64)}
    twin, queue = MomentumTwin(model, 0.9), FeatureQueue(4, 8)
    losses = flip_losses(model, twin, queue, batch, 0.4, torch.Generator())
    assert torch.isfinite(losses.itc + losses.itm)
    assert len(queue.contents().image_id) == 3


def test_the_twin_is_an_average_and_gets_no_gradient(model: FLIPModel) -> None:
    twin = MomentumTwin(model, 0.75)
    before = twin.model.vision_proj.weight.clone()
    with torch.no_grad():
        model.vision_proj.weight += 1
    twin.follow(model)
    torch.testing.assert_close(twin.model.vision_proj.weight, before + 0.25)
    assert not any(p.requires_grad for p in twin.parameters())


@pytest.mark.parametrize(("step", "alpha"), [(0, 0.0), (10, 0.2), (20, 0.4), (500, 0.4)])
def test_alpha_rises_over_two_epochs(step: int, alpha: float) -> None:
    assert alpha_at(step, steps_per_epoch=10, alpha=0.4, ramp_epochs=2) == pytest.approx(alpha)
