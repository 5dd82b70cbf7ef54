"""Held-out pictures and captions, encoded once, and the scores of each against each.

A candidate is a distinct caption or a picture. Faces often share a caption word by word; two equal
texts cannot be told apart, so they are one candidate, and it is right for every picture that bears
it. On captions that are all different this is the usual, strict recall. What is made of the scores
belongs to ``retrieval``.

Held in memory are the resized crops (8 bit, so 150 kB each at 224 px), one feature per picture and
caption, and a few matrices of pictures by captions; the pictures' token states, which matching
reads, are computed again batch by batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Tensor
from tqdm import tqdm

from flip_training.config import EvaluationConfig
from flip_training.evaluation.retrieval import reranked, top_candidates
from flip_training.loading.crops import CropStream
from flip_training.loading.faces import Face
from flip_training.loading.transforms import normalize
from flip_training.model.flip import FLIPModel
from flip_training.model.tokenization import clean_caption, tokenize

T = TypeVar("T")


@dataclass(frozen=True)
class Gallery:
    """A held-out split, encoded: I pictures, C distinct captions.

    Attributes:
        face_ids: The pictures' faces, in the stream's order.
        image_feat: Unit features of the pictures, (I, D).
        text_feat: Unit features of the captions, (C, D).
        input_ids: Tokens of the captions, (C, L).
        attention_mask: Their mask, (C, L).
        relevance: Which picture bears which caption, (I, C) bool.
    """

    face_ids: tuple[str, ...]
    image_feat: Tensor
    text_feat: Tensor
    input_ids: Tensor
    attention_mask: Tensor
    relevance: Tensor

    @property
    def similarity(self) -> Tensor:
        """Cosine of each picture and caption, (I, C)."""
        return self.image_feat @ self.text_feat.T


def autocast(model: FLIPModel) -> AbstractContextManager[object]:
    """bf16 where the model is on a GPU, as it is mostly trained there; else full precision."""
    kind = model.device.type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda")


@torch.inference_mode()
def encode_split(
    model: FLIPModel, tokenizer: Any, stream: CropStream, config: EvaluationConfig
) -> Gallery:
    """Encode the pictures and captions of a split, on the model's device; results on the CPU.

    Captions that the tokenizer reads alike are one caption.
    """
    faces: list[Face] = []
    image_feat: list[Tensor] = []
    for batch in _batches(stream.read(), config.batch_size):
        faces += [face for face, _ in batch]
        image_feat.append(_encode_crops(model, batch)[1].cpu())
    max_length = model.config.text.max_length
    texts = [[clean_caption(c, max_length) for c in face.captions] for face in faces]
    distinct = sorted({text for own in texts for text in own})
    tokens = tokenize(tokenizer, distinct, max_length)
    ids, mask = tokens["input_ids"], tokens["attention_mask"]
    column = {text: j for j, text in enumerate(distinct)}
    relevance = torch.zeros(len(faces), len(distinct), dtype=torch.bool)
    for row, own in zip(relevance, texts, strict=True):
        row[[column[text] for text in own]] = True
    text_feat = _encode_captions(model, ids, mask, config.batch_size)
    face_ids = tuple(face.face_id for face in faces)
    return Gallery(face_ids, torch.cat(image_feat), text_feat, ids, mask, relevance)


def _encode_captions(model: FLIPModel, ids: Tensor, mask: Tensor, batch_size: int) -> Tensor:
    device = model.device
    parts = zip(torch.split(ids, batch_size), torch.split(mask, batch_size), strict=True)
    with autocast(model):
        found = [model.encode_text(ids.to(device), mask.to(device)).cpu() for ids, mask in parts]
    return torch.cat(found)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def _encode_crops(model: FLIPModel, batch: Sequence[tuple[Face, Tensor]]) -> tuple[Tensor, Tensor]:
    pixel_values = normalize(torch.stack([crop for _, crop in batch]).to(model.device))
    with autocast(model):
        return model.encode_image(pixel_values)


@torch.inference_mode()
def match_odds(
    model: FLIPModel, gallery: Gallery, stream: CropStream, wanted: Tensor, batch_size: int
) -> Tensor:
    """Log-odds that each caption describes each picture, (I, C); 0 where they are not wanted.

    Args:
        model: The model.
        gallery: The encoded split.
        stream: The pictures of the gallery, whose token states are computed again.
        wanted: Pairs of picture and caption to match, (I, C) bool.
        batch_size: Pictures, and then pairs, per forward pass.
    """
    device = model.device
    odds = torch.zeros(wanted.shape)
    first = 0
    total = -(-len(wanted) // batch_size)
    batches = _batches(stream.read(), batch_size)
    for batch in tqdm(batches, desc="matching", total=total, disable=None, leave=False):
        image_embeds, _ = _encode_crops(model, batch)
        pairs = wanted[first : first + len(batch)].nonzero()
        for images, texts in (part.unbind(dim=1) for part in torch.split(pairs, batch_size)):
            with autocast(model):
                logits = model.match(
                    image_embeds[images.to(device)],
                    gallery.input_ids[texts].to(device),
                    gallery.attention_mask[texts].to(device),
                )
            odds[first + images, texts] = (logits[:, 1] - logits[:, 0]).cpu()
        first += len(batch)
    return odds


def itm_scores(
    model: FLIPModel, gallery: Gallery, stream: CropStream, config: EvaluationConfig
) -> tuple[Tensor, Tensor]:
    """Picture-to-caption (I, C) and caption-to-picture (C, I) scores after re-ranking.

    The best ``rerank`` candidates by similarity are ordered by the matching head's log-odds plus
    the similarity; the others stay behind them. The authors rank by logit plus similarity. Where
    there are no more than ``rerank`` candidates, the matching head orders them all.
    """
    sim = gallery.similarity
    captions, pictures = (top_candidates(scores, config.rerank) for scores in (sim, sim.T))
    wanted = torch.zeros_like(sim, dtype=torch.bool).scatter(1, captions, True)
    wanted |= torch.zeros_like(sim.T, dtype=torch.bool).scatter(1, pictures, True).T
    both = match_odds(model, gallery, stream, wanted, config.batch_size) + sim
    return (
        reranked(sim, captions, both.gather(1, captions)),
        reranked(sim.T, pictures, both.T.gather(1, pictures)),
    )
