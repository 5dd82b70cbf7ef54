"""Named settings, each a function that returns a complete one.

Every value that is the papers' own says so; the others are ours. What the settings mean belongs
to ``config``.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from flip_training.config import (
    EvaluationConfig,
    ModelConfig,
    Preset,
    TextConfig,
    TrainConfig,
    VisionConfig,
)
from flip_training.overriding import VARIABLE, changes_from_environment, overridden


def tiny() -> Preset:
    """A FLIP of 0.15 million weights from scratch: a few hundred faces in seconds on one CPU core.

    Large learning rate, because the published one would see too few updates. One thread, because
    operations this small gain little from a second one; the weights then do not depend on how many
    cores there are. Nine patches: one did as well on so few people, but is hardly a transformer.

    Chosen by cross-validation over the eight people of the sample that its test split leaves, two
    held out at a time, recipe ``llm``, by the area under the ROC curve of right against wrong
    pairs; chance is 0.5, and who knew the captions' attributes would reach 0.92. By similarity:
    0.599 and 0.581 as here (two seeds), among the best of over 20 settings and so flattered; one
    patch 0.615 and 0.617; 4 and 16 patches of 8 px 0.527 and 0.509; 9 of 16 px 0.596. With those
    twice as wide, two image layers, 30 epochs: 0.558; 0.581 with the text's weights at BERT's 0.02;
    0.532 with RandAugment, 45 epochs; 0.471 with dropout 0.3; 0.550 with the sigmoid loss. A twin
    with soft targets and queue took 0.03 to 0.07 from either. Differences of 0.03 may be chance.

    By the matching head alone it is 0.47 to 0.55 in all of them, also where the head had learnt the
    pairs it was trained on. Here its loss stays near 0.637, that of always guessing one in three.
    """
    return Preset(
        name="tiny",
        model=ModelConfig(
            vision=VisionConfig(image_size=24, patch_size=8, width=64, layers=1, heads=4),
            text=TextConfig(width=64, layers=1, heads=4, dropout=0.0, init_std=0.125),
            embed_dim=32,
        ),
        train=TrainConfig(
            epochs=20,
            batch_size=16,
            lr=8e-4,
            warmup_lr=1e-5,
            warmup_steps=20,
            min_lr=1e-5,
            queue_size=0,
            schedule="cosine",
            momentum=0.0,
            alpha=0.0,
            augment_ops=0,
            cache_crops=True,
            decode_threads=1,
            compute_threads=1,
            log_every=5,
            save_every=100,
        ),
        evaluation=EvaluationConfig(rerank=16),
    )


def base_paper() -> Preset:
    """FLIP as published: CLIP ViT-B/16 and BERT-base, weights from the hub or a folder.

    Source: FaceCaption-15M (https://arxiv.org/abs/2407.08515) and the authors' pre-training code:
    15 epochs, AdamW with weight decay 0.05, 20,000 warm-up steps from 1e-6 to 3e-5, then x0.9 per
    epoch down to 1e-6, queue 61,440, momentum 0.995, alpha 0.4 over two epochs, 256-d projections,
    fp16 with a scaler, batch 640, which the authors had on eight GPUs with 33.5 GB each. Clipping
    the gradient is ours.
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
            batch_size=640,
            lr=3e-5,
            warmup_lr=1e-6,
            warmup_steps=20_000,
            min_lr=1e-6,
            queue_size=61_440,
            precision="fp16",
            shuffle_buffer=8192,
            decode_threads=8,
            log_every=50,
            save_every=1000,
        ),
        evaluation=EvaluationConfig(rerank=256),
    )


def base_paper_1gpu() -> Preset:
    """``base_paper`` on one GPU of 40 GB: eight pieces of 80 pairs, one after the other.

    Pairs are contrasted with, and hard negatives are drawn from, their own piece and not all 640;
    the queue is the same.
    """
    published = base_paper()
    return replace(
        published, name="base_paper_1gpu", train=replace(published.train, micro_batches=8)
    )


def base_sigmoid() -> Preset:
    """``base_paper`` with SigLIP's loss, which needs neither queue nor twin, and half a cosine.

    Source of the loss: https://arxiv.org/abs/2303.15343. Peak rate, batch and epochs are those of
    ``base_paper``; bf16, and a warm-up of 2,000 steps as there is no twin to wait for, are ours.
    """
    published = base_paper()
    train = replace(
        published.train,
        contrast="sigmoid",
        schedule="cosine",
        queue_size=0,
        alpha=0.0,
        warmup_steps=2000,
        precision="bf16",
    )
    return replace(published, name="base_sigmoid", train=train)


def base_scratch() -> Preset:
    """The size of ``base_paper`` without anybody's weights, and a vocabulary from the captions.

    Source of what differs: BLIP's pre-training (https://arxiv.org/abs/2201.12086 and its code), 20
    epochs, 3,000 warm-up steps from 1e-6 to 3e-4. bf16 is ours.
    """
    published = base_paper()
    model = replace(
        published.model,
        vision=replace(published.model.vision, weights=""),
        text=replace(published.model.text, weights=""),
    )
    train = replace(published.train, epochs=20, lr=3e-4, warmup_steps=3000, precision="bf16")
    return replace(published, name="base_scratch", model=model, train=train)


def small() -> Preset:
    """A FLIP a third as wide and deep from scratch, for some 100,000 faces on one GPU of 16 GB.

    Source of the sizes: ViT-S/16 of DeiT (https://arxiv.org/abs/2012.12877) and BERT-medium of
    https://arxiv.org/abs/1908.08962. Momentum and alpha are the published ones; how long and how
    fast it is trained is ours, and has not been tried on such a set.
    """
    return Preset(
        name="small",
        model=ModelConfig(
            vision=VisionConfig(image_size=224, patch_size=16, width=384, layers=12, heads=6),
            text=TextConfig(width=512, layers=8, heads=8),
            embed_dim=256,
        ),
        train=TrainConfig(
            epochs=20,
            batch_size=256,
            lr=5e-4,
            warmup_lr=1e-6,
            warmup_steps=1000,
            min_lr=1e-6,
            queue_size=8192,
            schedule="cosine",
            precision="bf16",
            decode_threads=4,
            log_every=20,
            save_every=500,
        ),
        evaluation=EvaluationConfig(rerank=128),
    )


PRESETS: Final[Mapping[str, Callable[[], Preset]]] = {
    make.__name__: make
    for make in (tiny, small, base_paper, base_paper_1gpu, base_sigmoid, base_scratch)
}

_OF_PROFILE: Final = {"embedded": "tiny", "laion_face": "base_paper"}


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ValueError: If there is none.
    """
    if name not in PRESETS:
        raise ValueError(f"preset {name!r} is not one of {', '.join(PRESETS)}")
    return PRESETS[name]()


def changed_preset(name: str, changes: Sequence[str] = ()) -> Preset:
    """The preset of that name with changes such as ``train.lr=1e-4``; else those of ``FLIP_SET``.

    Raises:
        ValueError: If there is no such preset, or a change is none; says where it comes from.
    """
    named, source = preset(name), "--set" if changes else VARIABLE
    try:
        return overridden(named, changes or changes_from_environment())
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def preset_from_environment() -> Preset:
    """``FLIP_PRESET``, else the preset that goes with ``FACECAPTION_PROFILE``, else ``tiny``.

    With the changes of ``FLIP_SET``.

    Raises:
        ValueError: If a variable names nothing known.
    """
    return changed_preset(name_from_environment())


def name_from_environment() -> str:
    """Name of the environment's preset, without its changes.

    Raises:
        ValueError: If a variable names nothing known.
    """
    if name := os.environ.get("FLIP_PRESET"):
        if name not in PRESETS:
            raise ValueError(f"FLIP_PRESET={name!r} is not one of {', '.join(PRESETS)}")
        return name
    profile = os.environ.get("FACECAPTION_PROFILE", "embedded")
    if profile not in _OF_PROFILE:
        raise ValueError(
            f"FACECAPTION_PROFILE={profile!r} is not one of {', '.join(_OF_PROFILE)}; "
            "set FLIP_PRESET to choose the training preset by itself"
        )
    return _OF_PROFILE[profile]
