"""FLIP's objective stepped by one process or by several, as a command for ``torchrun``.

``torchrun -m tests.objective_process FOLDER`` writes what each scenario's training remembers after
some steps, and the gradients of ITC beside those of open_clip's losses, all of them equal on all
processes.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from flip_training.config import ModelConfig, TextConfig, TrainConfig, VisionConfig
from flip_training.model.flip import FLIPModel
from flip_training.objective.distributed import Processes, join_processes
from flip_training.objective.objective import FLIPLosses, Objective, negative_draws
from flip_training.training.optim import adamw

BATCH: Final = 8
STEPS: Final = 4

Contrast = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class Scenario:
    """What differs between trainings."""

    contrast: Contrast = "softmax"
    momentum: float = 0.9
    queue_size: int = 10  # neither a multiple of the batch nor smaller
    alpha: float = 0.4
    micro_batches: int = 1
    static_graph: bool = False


SCENARIOS: Final = {
    "published": Scenario(),
    "static_graph": Scenario(static_graph=True),
    "micro_batches": Scenario(micro_batches=2),
    "no_memory": Scenario(momentum=0, queue_size=0, alpha=0),
    "own_past": Scenario(momentum=0),
    "sigmoid": Scenario(contrast="sigmoid"),
}


def model_of(contrast: Contrast) -> FLIPModel:
    """The same small model in every process, without dropout and in double precision.

    In single precision AdamW would turn rounding into steps: the bias of an attention's keys has no
    gradient but rounding.
    """
    torch.manual_seed(0)
    vision = VisionConfig(image_size=16, patch_size=8, width=16, layers=1, heads=2)
    text = TextConfig(
        width=32, layers=1, heads=2, max_length=6, dropout=0, vocab_size=30, enc_token_id=4
    )
    config = ModelConfig(vision=vision, text=text, embed_dim=8, contrast=contrast)
    return FLIPModel(config).double()


def train_config(scenario: Scenario) -> TrainConfig:
    """Settings of a scenario; the objective and the optimizer read them."""
    return TrainConfig(
        epochs=1,
        batch_size=BATCH,
        micro_batches=scenario.micro_batches,
        lr=1e-3,
        warmup_lr=1e-3,
        warmup_steps=0,
        min_lr=1e-3,
        queue_size=scenario.queue_size,
        momentum=scenario.momentum,
        contrast=scenario.contrast,
    )


def batch_of(step: int, size: int = BATCH, has_repeats: bool = True) -> dict[str, Tensor]:
    """A step's pairs; pictures come back in later steps, and captions repeat within one.

    In step 1 the first pair shares its caption with the first half and its picture with the second,
    so that it has no wrong one; no other pair has the same fate.
    """
    generator = torch.Generator().manual_seed(step)
    caption, image = torch.arange(size), torch.arange(size) + 5 * step
    if has_repeats:
        is_late = caption >= size // 2
        image = torch.where(is_late & (step == 1), image[0], image)
        caption = is_late.long() if step == 1 else caption // 3
    words = torch.randint(5, 30, (size, 6), generator=generator)[caption]
    length = torch.randint(3, 7, (size, 1), generator=generator)[caption]
    return {
        "pixel_values": torch.randn(size, 3, 16, 16, generator=generator).double(),
        "input_ids": words,
        "attention_mask": (torch.arange(6) < length).long(),
        "image_id": image,
        "caption_id": caption + 1000 * step,
    }


def collectives(processes: Processes) -> dict[str, Tensor]:
    """What each way of talking returns, where process r has the rows (2r, 2r + 1)."""
    own = (2.0 * processes.rank + torch.arange(2.0)).requires_grad_()
    gathered = processes.gather_with_grad(own)
    (gathered * (processes.rank + 1)).sum().backward()
    assert own.grad is not None
    return {
        "gather": processes.gather(own),
        "gather_with_grad": gathered,
        "grad": own.grad,
        "sum": processes.sum(own),
        "mean": processes.mean(own),
        "any": torch.tensor([processes.any(processes.rank == 1), processes.any(False)]),
    }


def steps_of(scenario: Scenario, processes: Processes) -> dict[str, Tensor]:
    """What the objective remembers after some steps, and each step's losses of the whole batch."""
    config = train_config(scenario)
    objective = Objective(model_of(scenario.contrast), config, processes)
    stepped: torch.nn.Module = objective
    if processes.world_size > 1:
        stepped = DistributedDataParallel(
            objective, forward_sync_buffers=False, static_graph=scenario.static_graph
        )
    optimizer = adamw(objective.model, config)
    losses = []
    for step in range(STEPS):
        objective.follow()
        optimizer.zero_grad()
        losses.append(_step(stepped, scenario, step, processes))
        optimizer.step()
    return {**objective.state_dict(), "losses": torch.stack(losses)}


def _step(stepped: torch.nn.Module, scenario: Scenario, step: int, processes: Processes) -> Tensor:
    """Gradients of a step's pieces, summed; returns the mean losses of its pieces, (2,)."""
    generator = torch.Generator().manual_seed(step)
    pieces = scenario.micro_batches
    total = torch.zeros(2, dtype=torch.float64)
    for piece in range(pieces):
        size = BATCH // pieces
        own = processes.own_rows(size)
        rows = slice(piece * size + own.start, piece * size + own.stop)
        batch = {name: values[rows] for name, values in batch_of(step).items()}
        is_last = piece + 1 == pieces
        is_alone = not isinstance(stepped, DistributedDataParallel)
        with nullcontext() if is_last or is_alone else stepped.no_sync():
            losses: FLIPLosses = stepped(batch, scenario.alpha, negative_draws(size, generator))
            ((losses.itc + losses.itm) / pieces).backward()
        total += processes.mean(torch.stack([losses.itc, losses.itm]).double()) / pieces
    return total


def open_clip_loss(model: FLIPModel, batch: dict[str, Tensor], processes: Processes) -> Tensor:
    """open_clip's loss of the same features, for these processes."""
    from open_clip.loss import ClipLoss, SigLipLoss  # takes seconds

    _, image_feat = model.encode_image(batch["pixel_values"])
    text_feat = model.encode_text(batch["input_ids"], batch["attention_mask"])
    place = {"rank": processes.rank, "world_size": processes.world_size}
    if model.config.contrast == "softmax":
        clip = ClipLoss(gather_with_grad=True, **place)
        return clip(image_feat, text_feat, 1 / model.temperature)
    siglip = SigLipLoss(**place)
    return siglip(image_feat, text_feat, model.logit_scale.exp(), model.logit_bias)


def itc_gradients(
    contrast: Contrast, processes: Processes
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Loss and gradients of ITC without memory, ours and open_clip's, averaged over processes."""
    model = model_of(contrast)
    scenario = Scenario(contrast, momentum=0, queue_size=0, alpha=0)
    objective = Objective(model, train_config(scenario), processes)
    own = processes.own_rows(BATCH)
    batch = {name: values[own] for name, values in batch_of(0, has_repeats=False).items()}
    draws = negative_draws(BATCH, torch.Generator())

    def averaged(loss_of: Callable[[], Tensor]) -> dict[str, Tensor]:
        model.zero_grad()
        loss = loss_of()
        loss.backward()
        grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        return {name: processes.mean(value) for name, value in {"loss": loss, **grads}.items()}

    return (
        averaged(lambda: objective(batch, 0.0, draws).itc),
        averaged(lambda: open_clip_loss(model, batch, processes)),
    )


def main(folder: Path) -> None:
    """Write every scenario's results and both losses' gradients."""
    torch.set_num_threads(1)
    with join_processes("cpu") as processes:
        results = {name: steps_of(scenario, processes) for name, scenario in SCENARIOS.items()}
        results["collectives"] = collectives(processes)
        for contrast in ("softmax", "sigmoid"):
            ours, theirs = itc_gradients(contrast, processes)
            results |= {f"ours_{contrast}": ours, f"open_clip_{contrast}": theirs}
        for name, tensors in results.items():
            kept = {key: tensor.detach().contiguous() for key, tensor in tensors.items()}
            save_file(kept, folder / f"{name}-{processes.rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
