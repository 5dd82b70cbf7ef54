"""Speed of a training step of ITC beside open_clip's ViT-B-16, at equal precision.

Both take the same pictures, batch after batch in turn, and make a whole step: features, loss,
gradients, AdamW in torch's fused form. The image encoders are of one shape. The text encoders are
each side's own: ours is BERT-base on captions of 30 tokens on average, open_clip's is 512 wide
on 77 tokens always. open_clip has no matching head, queue or twin, so ours takes none
either; the weights of cross-attention are there and get no gradient. Without a matching head nobody
reads what the last layers make of patches and words, and ours compute the first token only.

CPU time is compared where there is no GPU, because other processes disturb it least.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flip_training.model.flip import FLIPModel
from flip_training.presets import base_paper
from flip_training.training.optim import adamw
from tests.benchmarks.results import Result

#: Tokens per caption, in turn: 30 on average, as FaceCaption-15M's captions have words.
CAPTION_TOKENS = (18, 24, 33, 45)
VOCABULARY = 30_524
BATCH_CPU, BATCH_GPU = 8, 128
ROUNDS_CPU, ROUNDS_GPU = 3, 30
TARGET = 1.0


@dataclass
class Side:
    """A model with its loss and optimizer."""

    loss: Callable[[], Tensor]
    optimizer: torch.optim.Optimizer

    def step(self, precision: torch.dtype, device: str) -> float:
        """Seconds of one step."""
        started = _now(device)
        with torch.autocast(device, torch.bfloat16, enabled=precision is torch.bfloat16):
            loss = self.loss()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return _now(device) - started


def _now(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def _ours(pixels: Tensor) -> Side:
    preset = base_paper()
    vision = replace(preset.model.vision, weights="")
    text = replace(preset.model.text, vocab_size=VOCABULARY, enc_token_id=VOCABULARY - 1)
    model = FLIPModel(replace(preset.model, vision=vision, text=replace(text, weights="")))
    model.to(pixels.device).train()
    size = len(pixels)
    lengths = torch.tensor([CAPTION_TOKENS[i % len(CAPTION_TOKENS)] for i in range(size)])
    mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long().to(pixels.device)
    ids = torch.randint(999, VOCABULARY, mask.shape, device=pixels.device) * mask
    labels = torch.arange(size, device=pixels.device)

    def loss() -> Tensor:
        logits = model.image_features(pixels) @ model.encode_text(ids, mask).T / model.temperature
        return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2

    return Side(loss, adamw(model, preset.train))


def _theirs(pixels: Tensor) -> Side:
    model = open_clip.create_model("ViT-B-16", load_weights=False).to(pixels.device).train()
    tokens = torch.randint(1, 49_000, (len(pixels), 77), device=pixels.device)
    tokens[:, 40] = 49_407  # the end of a caption, where open_clip reads its feature
    contrast = open_clip.ClipLoss()
    train = base_paper().train
    groups: nn.Module = model
    return Side(lambda: contrast(*model(pixels, tokens)), adamw(groups, train))


def compare(precision: torch.dtype, device: str) -> tuple[float, float, float]:
    """The ratio of the two speeds, and our and their seconds per sample, medians of rounds."""
    torch.manual_seed(0)
    batch = BATCH_CPU if device == "cpu" else BATCH_GPU
    pixels = torch.randn(batch, 3, 224, 224, device=device)
    sides = (_ours(pixels), _theirs(pixels))
    rounds = ROUNDS_CPU if device == "cpu" else ROUNDS_GPU
    seconds = [[side.step(precision, device) for side in sides] for _ in range(rounds + 1)][1:]
    ours, theirs = (median(column) / batch for column in zip(*seconds, strict=True))
    return median(their / our for our, their in seconds), ours, theirs


def run() -> list[Result]:
    """Ratio of samples per second, ours to open_clip's."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    torch.set_num_threads(threads)
    results = []
    # bfloat16 is for a GPU: on most CPUs it is converted, not computed.
    for precision in (torch.float32, torch.bfloat16)[: 2 if device == "cuda" else 1]:
        name = str(precision).removeprefix("torch.")
        ratio, ours, theirs = compare(precision, device)
        results.append(
            Result(
                "flip_step_ratio" if precision is torch.float32 else f"flip_step_ratio_{name}",
                ratio,
                "ratio",
                "higher",
                TARGET,
                "open_clip ViT-B-16 with ClipLoss",
                {
                    "ours_samples_per_s": f"{1 / ours:.2f}",
                    "open_clip_samples_per_s": f"{1 / theirs:.2f}",
                    "precision": name,
                    "device": f"{device}, {threads} threads" if device == "cpu" else device,
                    "our_caption_tokens": "18 to 45, padded to 45, computed without the padding",
                    "open_clip_caption_tokens": 77,
                },
            )
        )
    return results
