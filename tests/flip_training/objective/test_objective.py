"""One step's losses: learnt, equal to references, and equal for one process and for two."""

import copy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from flip_training.model.flip import FLIPModel
from flip_training.objective.distributed import Processes
from flip_training.objective.objective import Objective, alpha_at, negative_draws
from flip_training.training.optim import adamw
from tests.objective_process import (
    BATCH,
    SCENARIOS,
    STEPS,
    Contrast,
    Scenario,
    batch_of,
    itc_gradients,
    model_of,
    steps_of,
    train_config,
)

ROOT = Path(__file__).parents[3]


def objective_of(scenario: Scenario) -> Objective:
    return Objective(model_of(scenario.contrast), train_config(scenario))


def draws_of(step: int) -> Tensor:
    return negative_draws(BATCH, torch.Generator().manual_seed(step))


def assert_equal(
    tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], within: float = 1e-6
) -> None:
    assert tensors.keys() == expected.keys()
    for name, tensor in tensors.items():
        torch.testing.assert_close(
            tensor,
            expected[name],
            rtol=within,
            atol=within,
            msg=lambda text, name=name: f"{name}: {text}",
        )


@pytest.mark.parametrize("name", ["published", "no_memory", "sigmoid"])
def test_both_losses_can_be_learnt(name: str) -> None:
    scenario = replace(SCENARIOS[name], queue_size=0, momentum=min(0.5, SCENARIOS[name].momentum))
    objective = objective_of(scenario)
    batch = batch_of(0, 4, has_repeats=False)
    optimizer = torch.optim.AdamW(objective.model.parameters(), lr=3e-3)
    history = []
    for step in range(120):
        objective.follow()
        losses = objective(batch, 0.0, draws_of(step)[:, :4])
        optimizer.zero_grad()
        (losses.itc + losses.itm).backward()
        optimizer.step()
        history.append([losses.itc.item(), losses.itm.item()])
    itc, itm = torch.tensor(history[-20:]).mean(dim=0)
    assert itc < 0.1 * history[0][0]
    assert itm < 0.5  # 0.64 for a guess


@pytest.mark.parametrize("contrast", ["softmax", "sigmoid"])
def test_a_batch_of_one_caption_has_nothing_to_mismatch(contrast: Contrast) -> None:
    objective = objective_of(Scenario(contrast))
    batch = batch_of(0) | {"caption_id": torch.zeros(BATCH, dtype=torch.int64)}
    losses = objective(batch, 0.4, draws_of(0))
    (losses.itc + losses.itm).backward()
    assert torch.isfinite(losses.itc)
    states, _ = objective.model.encode_image(batch["pixel_values"])
    logits = objective.model.match(states, batch["input_ids"], batch["attention_mask"])
    own_only = torch.nn.functional.cross_entropy(logits, torch.ones(BATCH, dtype=torch.int64))
    torch.testing.assert_close(losses.itm, own_only)


@pytest.mark.parametrize("contrast", ["softmax", "sigmoid"])
def test_every_weight_in_training_gets_a_gradient(contrast: Contrast) -> None:
    objective = objective_of(Scenario(contrast))
    losses = objective(batch_of(0), 0.4, draws_of(0))
    (losses.itc + losses.itm).backward()
    trained = {name: p for name, p in objective.named_parameters() if p.requires_grad}
    assert all(name.startswith("model.") for name in trained)
    assert [name for name, p in trained.items() if p.grad is None] == []


def features_of(model: FLIPModel, batch: Mapping[str, Tensor]) -> list[list[Tensor]]:
    """Per pair: the picture's feature, the caption's, and both ids."""
    with torch.no_grad():
        image_feat = model.encode_image(batch["pixel_values"])[1]
        text_feat = model.encode_text(batch["input_ids"], batch["attention_mask"])
    columns = (image_feat, text_feat, batch["image_id"], batch["caption_id"])
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("pieces", [1, 2])
def test_twin_and_queue_are_those_of_a_plain_loop(pieces: int) -> None:
    scenario = SCENARIOS["published"]
    objective = objective_of(scenario)
    optimizer = adamw(objective.model, train_config(scenario))
    twin = copy.deepcopy(objective.model).eval()
    past: list[list[Tensor]] = []
    for step in range(STEPS):
        with torch.no_grad():
            for own, new in zip(twin.parameters(), objective.model.parameters(), strict=True):
                own.copy_(0.9 * own + 0.1 * new)
        objective.follow()
        optimizer.zero_grad()
        for rows in torch.arange(BATCH).chunk(pieces):
            batch = {name: values[rows] for name, values in batch_of(step).items()}
            past += features_of(twin, batch)
            losses = objective(batch, scenario.alpha, draws_of(step)[:, rows])
            ((losses.itc + losses.itm) / pieces).backward()
        optimizer.step()
    assert objective.twin is not None
    assert objective.queue is not None
    assert_equal(objective.twin.model.state_dict(), twin.state_dict())
    held = [list(row) for row in zip(*objective.queue.contents(), strict=True)]
    oldest = STEPS * BATCH % scenario.queue_size  # where the next pair would go
    for row, expected in zip(held[oldest:] + held[:oldest], past[-len(held) :], strict=True):
        for value, wanted in zip(row, expected, strict=True):
            torch.testing.assert_close(value, wanted)


def test_the_twin_has_no_dropout_while_the_model_trains() -> None:
    objective = objective_of(SCENARIOS["published"]).train()
    assert objective.twin is not None
    assert objective.model.training
    assert not any(module.training for module in objective.twin.modules())


@pytest.mark.parametrize("contrast", ["softmax", "sigmoid"])
def test_itc_without_memory_is_open_clips(contrast: Contrast) -> None:
    ours, open_clips = itc_gradients(contrast, Processes())
    assert_equal(ours, open_clips, within=1e-5)


def test_similarities_are_of_single_precision_under_autocast() -> None:
    objective = objective_of(Scenario()).float()
    batch = batch_of(0) | {"pixel_values": batch_of(0)["pixel_values"].float()}
    exact = objective(batch, 0.0, draws_of(0))
    objective = objective_of(Scenario()).float()
    with torch.autocast("cpu", torch.bfloat16):
        losses = objective(batch, 0.0, draws_of(0))
    assert losses.itc.dtype is losses.itm.dtype is torch.float32
    torch.testing.assert_close(losses.itc, exact.itc, rtol=0.02, atol=0)


def test_a_model_of_the_other_loss_is_refused() -> None:
    with pytest.raises(ValueError, match=r"train\.contrast is 'sigmoid', but the model was made"):
        Objective(model_of("softmax"), train_config(Scenario("sigmoid")))


@pytest.mark.parametrize(("step", "alpha"), [(0, 0.0), (10, 0.2), (20, 0.4), (500, 0.4)])
def test_alpha_rises_over_two_epochs(step: int, alpha: float) -> None:
    assert alpha_at(step, steps_per_epoch=10, alpha=0.4, ramp_epochs=2) == pytest.approx(alpha)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the results of two processes that trained together."""
    folder = tmp_path_factory.mktemp("two_processes")
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, "-m", *torchrun, "-m", "tests.objective_process", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_two_processes_train_what_one_does(two_processes: Path, name: str) -> None:
    expected = steps_of(SCENARIOS[name], Processes())
    for rank in range(2):
        assert_equal(load_file(two_processes / f"{name}-{rank}.safetensors"), expected)


@pytest.mark.slow
@pytest.mark.parametrize("contrast", ["softmax", "sigmoid"])
def test_itc_of_two_processes_is_open_clips(two_processes: Path, contrast: Contrast) -> None:
    ours, open_clips = (
        load_file(two_processes / f"{whose}_{contrast}-0.safetensors")
        for whose in ("ours", "open_clip")
    )
    assert_equal(ours, open_clips, within=1e-5)
    alone, _ = itc_gradients(contrast, Processes())
    assert_equal(ours, alone, within=1e-5)


@pytest.mark.slow
def test_two_processes_talk(two_processes: Path) -> None:
    for rank in range(2):
        results = load_file(two_processes / f"collectives-{rank}.safetensors")
        assert results["gather"].tolist() == [0, 1, 2, 3]
        assert results["gather_with_grad"].tolist() == [0, 1, 2, 3]
        assert results["grad"].tolist() == [3, 3]  # 1 from the first process, 2 from the second
        assert results["sum"].tolist() == [2, 4]
        assert results["mean"].tolist() == [1, 2]
        assert results["any"].tolist() == [True, False]
