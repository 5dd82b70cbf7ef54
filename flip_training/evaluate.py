"""Scores a recipe's checkpoint: ``python -m flip_training.evaluate --preset tiny --recipe llm``.

A candidate is a distinct caption or a picture. Faces often share a caption word by word; two equal
texts cannot be told apart, so they are one candidate, and it is right for every picture that bears
it. On captions that are all different this is the usual, strict recall. The metrics themselves
belong to ``retrieval``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pyarrow as pa
import torch
import typer
from torch import Tensor
from tqdm import tqdm

from flip_training.checkpoint import load_checkpoint
from flip_training.config import EvaluationConfig, Preset
from flip_training.data import CropStream, Face, read_faces
from flip_training.flip import FLIPModel
from flip_training.leaving import run_and_leave
from flip_training.presets import preset as preset_of
from flip_training.recipes import recipe as recipe_of
from flip_training.retrieval import metrics, reranked, top_candidates
from flip_training.schema import FLIP_RETRIEVAL
from flip_training.storage import Provenance, Storage
from flip_training.tokenization import clean_caption, tokenize
from flip_training.train import use_threads
from flip_training.transforms import normalize
from flip_training.versions import retrieval_version

T = TypeVar("T")


@dataclass(frozen=True)
class Gallery:
    """A held-out split, encoded: I pictures, C distinct captions.

    Attributes:
        image_embeds: States of the pictures, (I, P + 1, V).
        image_feat: Their unit features, (I, D).
        text_feat: Unit features of the captions, (C, D).
        input_ids: Tokens of the captions, (C, L).
        attention_mask: Their mask, (C, L).
        relevance: Which picture bears which caption, (I, C) bool.
    """

    image_embeds: Tensor
    image_feat: Tensor
    text_feat: Tensor
    input_ids: Tensor
    attention_mask: Tensor
    relevance: Tensor


@torch.inference_mode()
def encode_split(
    model: FLIPModel, tokenizer: Any, stream: CropStream, config: EvaluationConfig
) -> Gallery:
    """Encode the pictures and captions of a split, on the model's device; results on the CPU.

    Captions that the tokenizer reads alike are one caption.
    """
    device = model.temp.device
    faces: list[Face] = []
    encoded: list[tuple[Tensor, Tensor]] = []
    for batch in _batches(stream.read(), config.batch_size):
        faces += [face for face, _ in batch]
        pixel_values = normalize(torch.stack([crop for _, crop in batch])).to(device)
        embeds, feat = model.encode_image(pixel_values)
        encoded.append((embeds.cpu(), feat.cpu()))
    max_length = model.config.text.max_length
    texts = [[clean_caption(c, max_length) for c in face.captions] for face in faces]
    distinct = sorted({text for own in texts for text in own})
    tokens = tokenize(tokenizer, distinct, max_length)
    ids, mask = tokens["input_ids"], tokens["attention_mask"]
    ids, mask = tokens["input_ids"], tokens["attention_mask"]
    text_feat = [
        model.encode_text(ids[part].to(device), mask[part].to(device)).cpu()
        for part in torch.arange(len(distinct)).tensor_split(-(-len(distinct) // config.batch_size))
    ]
    return Gallery(
        torch.cat([embeds for embeds, _ in encoded]),
        torch.cat([feat for _, feat in encoded]),
        torch.cat(text_feat),
        ids,
        mask,
        torch.tensor([[text in own for text in distinct] for own in map(set, texts)]),
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


@torch.inference_mode()
def match_scores(
    model: FLIPModel, gallery: Gallery, image_index: Tensor, text_index: Tensor, batch_size: int
) -> Tensor:
    """Log-odds that caption ``text_index[i]`` describes picture ``image_index[i]``: (N,)."""
    device = model.temp.device
    scores = []
    starts = range(0, len(image_index), batch_size)
    for start in tqdm(starts, desc="matching", disable=None, leave=False):
        images = image_index[start : start + batch_size]
        texts = text_index[start : start + batch_size]
        logits = model.match(
            gallery.image_embeds[images].to(device),
            gallery.input_ids[texts].to(device),
            gallery.attention_mask[texts].to(device),
        )
        scores.append((logits[:, 1] - logits[:, 0]).cpu())
    return torch.cat(scores)


def itm_scores(
    model: FLIPModel, gallery: Gallery, config: EvaluationConfig
) -> tuple[Tensor, Tensor]:
    """Picture-to-caption (I, C) and caption-to-picture (C, I) scores after re-ranking.

    The best ``rerank`` candidates by similarity are ordered by the matching head's log-odds plus
    the similarity; the others stay behind them. The authors rank by logit plus similarity.
    """
    sim = gallery.image_feat @ gallery.text_feat.T  # (I, C)
    results = []
    for scores, is_i2t in ((sim, True), (sim.T, False)):
        candidates = top_candidates(scores, config.rerank)  # (Q, K)
        queries = torch.arange(len(scores))[:, None].expand_as(candidates)
        pair = (queries, candidates) if is_i2t else (candidates, queries)
        flat = (pair[0].flatten(), pair[1].flatten())
        odds = match_scores(model, gallery, *flat, config.batch_size).view_as(candidates)
        results.append(reranked(scores, candidates, odds + scores.gather(1, candidates)))
    return results[0], results[1]


def split_rows(
    model: FLIPModel, gallery: Gallery, config: EvaluationConfig
) -> list[dict[str, object]]:
    """Rows of ``flip_retrieval`` for one split, without recipe and split."""
    sim = gallery.image_feat @ gallery.text_feat.T
    i2t, t2i = itm_scores(model, gallery, config)
    rows: list[dict[str, object]] = []
    for score, direction, scores in (
        ("itc", "image_to_text", sim),
        ("itc", "text_to_image", sim.T),
        ("itm", "image_to_text", i2t),
        ("itm", "text_to_image", t2i),
    ):
        relevance = gallery.relevance if direction == "image_to_text" else gallery.relevance.T
        shape = {"num_queries": scores.shape[0], "num_candidates": scores.shape[1]}
        for metric, (value, chance) in metrics(scores, relevance).items():
            measured = {"metric": metric, "value": value, "chance": chance}
            rows.append({"direction": direction, "score": score, **measured, **shape})
    return rows


def evaluate(storage: Storage, recipe: str, preset: Preset, device: torch.device) -> Provenance:
    """Evaluate the recipe's checkpoint on its held-out splits and commit the metrics.

    Raises:
        PartitionMissing: If the checkpoint or the training set has not been built.
        GateFailed: If either failed a blocking check.
        ValueError: If no pair is held out.
    """
    inputs = [storage.require(asset, recipe) for asset in ("flip_checkpoints", "training_sets")]
    model, tokenizer = load_checkpoint(storage.model_path(recipe))
    model.to(device)
    size = model.config.vision.image_size
    rows: list[dict[str, object]] = []
    for split in ("val", "test"):
        if faces := read_faces(storage, recipe, split):
            stream = CropStream(storage, faces, size, preset.train.decode_threads)
            gallery = encode_split(model, tokenizer, stream, preset.evaluation)
            found = split_rows(model, gallery, preset.evaluation)
            rows += [{"recipe": recipe, "split": split, **row} for row in found]
    if not rows:
        raise ValueError(f"training set of {recipe!r} holds out no pair: too few split groups")
    return storage.commit(
        pa.Table.from_pylist(rows, schema=FLIP_RETRIEVAL.arrow),
        Provenance(
            "flip_retrieval",
            recipe,
            retrieval_version(preset),
            {f"{p.asset}/{recipe}": p.data_version for p in inputs},
        ),
    )


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    recipe: Annotated[str, typer.Option(help="Whose checkpoint to evaluate.")],
    preset: Annotated[str, typer.Option(help="Named setting: tiny or base_paper.")] = "tiny",
    home: Annotated[Path | None, typer.Option(help="Data root; else FACECAPTION_HOME.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; else cuda where there is one.")] = "",
) -> None:
    """Evaluate a recipe's FLIP on its held-out pairs and commit the metrics."""
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    setting = preset_of(preset)
    use_threads(setting)
    storage = Storage(home.resolve()) if home else Storage.from_environment()
    name = recipe_of(recipe).name
    done = evaluate(storage, name, setting, chosen)
    for row in storage.read_table("flip_retrieval", name).to_pylist():
        print(
            f"{row['split']:<4} {row['score']} {row['direction']} {row['metric']:<11} "
            f"{row['value']:.3f} (chance {row['chance']:.3f})"
        )
    print(f"{done.asset}/{done.partition}: {done.rows} rows, version {done.data_version}")


if __name__ == "__main__":
    run_and_leave(app)
