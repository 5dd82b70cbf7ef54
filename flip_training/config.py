"""How a FLIP is trained and evaluated, as validated values, and what a preset is made of.

What a model is belongs to ``model_config``, whose classes are offered here as well. No numbers
belong here, only their meaning and bounds: named settings are in ``presets``. Free of torch,
because the Dagster location hashes these values into code versions when it loads.
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from typing import Final, Literal, get_args, get_type_hints

from flip_training.model.model_config import ModelConfig, TextConfig, VisionConfig, require

__all__ = [
    "NOT_LEARNT",
    "EvaluationConfig",
    "ModelConfig",
    "Preset",
    "TextConfig",
    "TrainConfig",
    "VisionConfig",
    "fingerprint",
]

#: Settings of a training that change how fast or how safely it runs, and not what it learns.
NOT_LEARNT: Final = ("cache_crops", "compute_threads", "decode_threads", "save_every")

#: Settings of a training, what their values must satisfy, and that in words; NaN never does.
_TRAIN_BOUNDS: Final[tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...]] = (
    (
        ("epochs", "grad_clip", "shuffle_buffer", "decode_threads", "log_every", "save_every"),
        lambda value: value > 0,
        "positive",
    ),
    (("batch_size",), lambda value: value >= 2, "at least 2"),
    (("lr",), lambda value: 0 < value < 1, "in (0, 1)"),
    (("decay",), lambda value: 0 < value <= 1, "in (0, 1]"),
    (("warmup_lr", "min_lr", "momentum", "alpha"), lambda value: 0 <= value < 1, "in [0, 1)"),
    (
        ("warmup_steps", "weight_decay", "queue_size", "alpha_ramp_epochs"),
        lambda value: 0 <= value < math.inf,
        "0 or more",
    ),
    (("augment_ops", "compute_threads"), lambda value: value >= 0, "0 or more"),
    (("augment_magnitude",), lambda value: 0 <= value <= 10, "from 0 to 10"),
)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        epochs: Passes over the faces; each face shows one caption per pass.
        batch_size: Pairs per optimizer step, over all processes and micro-batches together.
        micro_batches: Pieces in which a step's pairs are computed, one after another, to save
            memory; a pair is contrasted with its own piece and the queue.
        lr: Peak learning rate.
        warmup_lr: Learning rate of step 0.
        warmup_steps: Steps of the linear rise from ``warmup_lr`` to ``lr``.
        min_lr: Floor of the learning rate.
        schedule: ``step_decay``: times ``decay`` each epoch; ``cosine``: half a wave to ``min_lr``.
        decay: Factor per epoch of ``step_decay``.
        weight_decay: AdamW's, on matrices only.
        grad_clip: Largest norm of the gradient.
        momentum: Share of the momentum twin that each step keeps; 0 for no twin, so that pairs are
            contrasted with the model's own features, and both sides get gradients.
        contrast: Loss of ITC. ``softmax``: cross-entropy over batch and queue, as published;
            ``sigmoid``: SigLIP's, pair by pair within the batch, without queue or twin.
        queue_size: Pairs of past features that ITC contrasts with; 0 for none.
        alpha: Weight of the momentum twin's soft targets.
        alpha_ramp_epochs: Epochs over which alpha rises linearly from 0.
        augment_ops: RandAugment operations per picture; 0 for none.
        augment_magnitude: Their strength, 0-10.
        precision: ``fp32``, or ``bf16`` or ``fp16`` autocast, the last with loss scaling.
        gradient_checkpointing: Compute a layer's activations again instead of keeping them.
        compile_model: Compile the model with ``torch.compile``.
        cache_crops: Keep resized pictures in memory between epochs.
        shuffle_buffer: Pairs among which the next one is drawn.
        decode_threads: Threads that decode pictures.
        compute_threads: CPU threads of the model; 0 for one per core.
        log_every: Steps per row of the history.
        save_every: Steps between resumable states.
        seed: Of everything random.
    """

    epochs: int
    batch_size: int
    lr: float
    warmup_lr: float
    warmup_steps: int
    min_lr: float
    queue_size: int
    micro_batches: int = 1
    schedule: Literal["step_decay", "cosine"] = "step_decay"
    decay: float = 0.9
    weight_decay: float = 0.05
    grad_clip: float = 1.0
    momentum: float = 0.995
    contrast: Literal["softmax", "sigmoid"] = "softmax"
    alpha: float = 0.4
    alpha_ramp_epochs: float = 2.0
    augment_ops: int = 2
    augment_magnitude: int = 5
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    gradient_checkpointing: bool = False
    compile_model: bool = False
    cache_crops: bool = False
    shuffle_buffer: int = 4096
    decode_threads: int = 2
    compute_threads: int = 0
    log_every: int = 10
    save_every: int = 1000
    seed: int = 42

    def __post_init__(self) -> None:
        for names, is_allowed, expected in _TRAIN_BOUNDS:
            for name in names:
                value = getattr(self, name)
                require(is_allowed(value), f"train.{name}", value, expected)
        for name in ("schedule", "precision", "contrast"):
            value, choices = getattr(self, name), get_args(get_type_hints(TrainConfig)[name])
            require(value in choices, f"train.{name}", value, " or ".join(choices))
        require(
            self.micro_batches > 0 and self.batch_size % self.micro_batches == 0,
            "train.micro_batches",
            self.micro_batches,
            f"a divisor of batch_size {self.batch_size}",
        )


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How a model is evaluated.

    Attributes:
        batch_size: Pictures, captions or pairs per forward pass.
        rerank: Candidates per query that the matching head re-ranks.
        max_faces: Most faces of a split that are evaluated; 5,000 is the size of the papers'
            CelebA-Caption test set.
    """

    batch_size: int = 64
    rerank: int = 256
    max_faces: int = 5000

    def __post_init__(self) -> None:
        require(self.batch_size > 0, "evaluation.batch_size", self.batch_size, "positive")
        require(self.rerank > 0, "evaluation.rerank", self.rerank, "positive")
        require(self.max_faces > 0, "evaluation.max_faces", self.max_faces, "positive")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A complete, named setting."""

    name: str
    model: ModelConfig
    train: TrainConfig
    evaluation: EvaluationConfig


def fingerprint(*values: object) -> str:
    """Hash of dataclasses and plain values; equal settings, equal fingerprint."""
    plain = [asdict(v) if is_dataclass(v) and not isinstance(v, type) else v for v in values]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
