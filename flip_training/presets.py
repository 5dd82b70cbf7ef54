"""Named settings, each a function that returns a complete one.

Every value that is the papers' own says so; the others are ours. What the settings mean belongs
to ``config``.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final

from flip_training.config import (
    EvaluationConfig,
    ModelConfig,
    Preset,
    TextConfig,
    TrainConfig,
    VisionConfig,
)


def tiny() -> Preset:
    """A FLIP of 1.6 million weights from scratch: a few hundred faces on two CPU cores.

    Large learning rate and a short queue, because the published ones would see too few updates: the
    queue must be small against the number of faces, or it mostly holds the batch's own past.

    One thread, because operations this small gain little from a second one and wait long for it on
    busy cores; and the weights then do not depend on how many cores there are. No RandAugment,
    because within so few steps it lowered the mean test recall on synthetic pictures with planted
    attributes (0.99 to 0.91; chance 0.17). Large patches, a narrow image encoder and no dropout buy
    more epochs in the same time: with four wider layers, patches of 24 px, dropout and 25 epochs at
    a lower rate, the matching loss stayed at 0.635, which is that of always guessing one in three.
    On the sample it now ends between 0.49 and 0.60. On the validation split, the area under the ROC
    curve of right against wrong pairs rose from 0.54 to 0.70 by similarity and from 0.55 to 0.63 by
    the matching head, though not in every recipe (means of three; one seed, 23 faces).
    """
    return Preset(
        name="tiny",
        model=ModelConfig(
            vision=VisionConfig(image_size=96, patch_size=32, width=128, layers=3, heads=4),
            text=TextConfig(width=128, layers=2, heads=4, dropout=0.0),
            embed_dim=128,
        ),
        train=TrainConfig(
            epochs=44,
            batch_size=16,
            lr=8e-4,
            warmup_lr=1e-5,
            warmup_steps=20,
            min_lr=1e-5,
            queue_size=64,
            schedule="cosine",
            momentum=0.98,
            augment_ops=0,
            cache_crops=True,
            decode_threads=1,
            compute_threads=1,
            log_every=5,
            save_every=10,
        ),
        evaluation=EvaluationConfig(rerank=16),
    )


def base_paper() -> Preset:
    """FLIP as published: CLIP ViT-B/16 and BERT-base, weights from the hub or a folder.

    Source: FaceCaption-15M (https://arxiv.org/abs/2407.08515) and the authors' pre-training code:
    15 epochs, AdamW with weight decay 0.05, 20,000 warm-up steps from 1e-6 to 3e-5, then x0.9 per
    epoch down to 1e-6, queue 61,440, momentum 0.995, alpha 0.4 over two epochs, 256-d projections,
    batch 640 over eight GPUs. Here one process takes 80 pairs per step, the authors' share of one
    GPU. Gradient clipping and bf16 instead of fp16 with a scaler are ours.
    """
    return Preset(
        name="base_paper",
        model=ModelConfig(
            vision=VisionConfig(
                image_size=224,
                patch_size=16,
                width=768,
                layers=12,
                heads=12,
                weights="openai/clip-vit-base-patch16",
            ),
            text=TextConfig(width=768, layers=12, heads=12, weights="bert-base-uncased"),
            embed_dim=256,
        ),
        train=TrainConfig(
            epochs=15,
            batch_size=80,
            lr=3e-5,
            warmup_lr=1e-6,
            warmup_steps=20_000,
            min_lr=1e-6,
            queue_size=61_440,
            precision="bf16",
            shuffle_buffer=8192,
            decode_threads=8,
            log_every=50,
        ),
        evaluation=EvaluationConfig(rerank=256),
    )


PRESETS: Final[Mapping[str, Callable[[], Preset]]] = {"tiny": tiny, "base_paper": base_paper}

_OF_PROFILE: Final = {"embedded": "tiny", "laion_face": "base_paper"}


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ValueError: If there is none.
    """
    if name not in PRESETS:
        raise ValueError(f"preset {name!r} is not one of {', '.join(PRESETS)}")
    return PRESETS[name]()


def preset_from_environment() -> Preset:
    """``FLIP_PRESET``, else the preset that goes with ``FACECAPTION_PROFILE``, else ``tiny``.

    Raises:
        ValueError: If either variable names nothing known.
    """
    if name := os.environ.get("FLIP_PRESET"):
        if name not in PRESETS:
            raise ValueError(f"FLIP_PRESET={name!r} is not one of {', '.join(PRESETS)}")
        return preset(name)
    profile = os.environ.get("FACECAPTION_PROFILE", "embedded")
    if profile not in _OF_PROFILE:
        raise ValueError(
            f"FACECAPTION_PROFILE={profile!r} is not one of {', '.join(_OF_PROFILE)}; "
            "set FLIP_PRESET to choose the training preset by itself"
        )
    return preset(_OF_PROFILE[profile])
