"""Scores a recipe's checkpoint: ``python -m flip_training.evaluate --preset tiny --recipe llm``.

A candidate is a distinct caption or a picture. Faces often share a caption word by word; two equal
texts cannot be told apart, so they are one candidate, and it is right for every picture that bears
it. On captions that are all different this is the usual, strict recall. The metrics themselves
belong to ``retrieval``.

Of a split, at most the preset's ``max_faces`` faces are evaluated, those whose ids have the lowest
hash; each row of the table says how many there were. Held in memory are their resized crops (8 bit,
so 150 kB each at 224 px), one feature per picture and caption, and a few matrices of pictures by
captions; the pictures' token states, which matching reads, are computed again batch by batch.
"""

from collections.abc import Iterable, Iterator, Sequence
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
from flip_training.data import CropStream, Face, read_faces, stable_seed
from flip_training.flip import FLIPModel
from flip_training.leaving import run_and_leave
from flip_training.presets import preset as preset_of
from flip_training.recipe_files import find_recipe
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
        image_feat: Unit features of the pictures in the stream's order, (I, D).
        text_feat: Unit features of the captions, (C, D).
        input_ids: Tokens of the captions, (C, L).
        attention_mask: Their mask, (C, L).
        relevance: Which picture bears which caption, (I, C) bool.
    """

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
    image_feat: list[Tensor] = []
    for batch in _batches(stream.read(), config.batch_size):
        faces += [face for face, _ in batch]
        image_feat.append(_encode_crops(model, batch)[1].cpu())
    max_length = model.config.text.max_length
    texts = [[clean_caption(c, max_length) for c in face.captions] for face in faces]
    distinct = sorted({text for own in texts for text in own})
    tokens = tokenize(tokenizer, distinct, max_length)
    ids, mask = tokens["input_ids"], tokens["attention_mask"]
    text_feat = [
        model.encode_text(ids[part].to(device), mask[part].to(device)).cpu()
        for part in torch.arange(len(distinct)).tensor_split(-(-len(distinct) // config.batch_size))
    ]
    column = {text: j for j, text in enumerate(distinct)}
    relevance = torch.zeros(len(faces), len(distinct), dtype=torch.bool)
    for row, own in zip(relevance, texts, strict=True):
        row[[column[text] for text in own]] = True
    return Gallery(torch.cat(image_feat), torch.cat(text_feat), ids, mask, relevance)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def _encode_crops(model: FLIPModel, batch: Sequence[tuple[Face, Tensor]]) -> tuple[Tensor, Tensor]:
    pixel_values = normalize(torch.stack([crop for _, crop in batch]))
    return model.encode_image(pixel_values.to(model.temp.device))


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
    device = model.temp.device
    odds = torch.zeros(wanted.shape)
    first = 0
    total = -(-len(wanted) // batch_size)
    batches = _batches(stream.read(), batch_size)
    for batch in tqdm(batches, desc="matching", total=total, disable=None, leave=False):
        image_embeds, _ = _encode_crops(model, batch)
        pairs = wanted[first : first + len(batch)].nonzero()
        for images, texts in (part.unbind(dim=1) for part in torch.split(pairs, batch_size)):
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
    sim = gallery.image_feat @ gallery.text_feat.T  # (I, C)
    captions, pictures = (top_candidates(scores, config.rerank) for scores in (sim, sim.T))
    wanted = torch.zeros_like(sim, dtype=torch.bool).scatter(1, captions, True)
    wanted |= torch.zeros_like(sim.T, dtype=torch.bool).scatter(1, pictures, True).T
    both = match_odds(model, gallery, stream, wanted, config.batch_size) + sim
    return (
        reranked(sim, captions, both.gather(1, captions)),
        reranked(sim.T, pictures, both.T.gather(1, pictures)),
    )


def split_rows(
    model: FLIPModel, gallery: Gallery, stream: CropStream, config: EvaluationConfig
) -> list[dict[str, object]]:
    """Rows of ``flip_retrieval`` for one split, without recipe and split."""
    sim = gallery.image_feat @ gallery.text_feat.T
    i2t, t2i = itm_scores(model, gallery, stream, config)
    rows: list[dict[str, object]] = []
    for score, direction, scores in (
        ("itc", "image_to_text", sim),
        ("itc", "text_to_image", sim.T),
        ("itm", "image_to_text", i2t),
        ("itm", "text_to_image", t2i),
    ):
        relevance = gallery.relevance if direction == "image_to_text" else gallery.relevance.T
        num_candidates = scores.shape[1]
        shape = {
            "num_queries": scores.shape[0],
            "num_candidates": num_candidates,
            "num_reranked": min(config.rerank, num_candidates) if score == "itm" else 0,
        }
        for metric, (value, chance) in metrics(scores, relevance).items():
            measured = {"metric": metric, "value": value, "chance": chance}
            rows.append({"direction": direction, "score": score, **measured, **shape})
    return rows


def sample_faces(faces: Sequence[Face], most: int) -> list[Face]:
    """At most so many of the faces, in their order: those whose ids have the lowest hash."""
    chosen = sorted(faces, key=lambda face: stable_seed(face.face_id))[:most]
    return sorted(chosen, key=lambda face: face.face_id)


def evaluate(storage: Storage, recipe: str, preset: Preset, device: torch.device) -> Provenance:
    """Evaluate the recipe's checkpoint on its held-out splits and commit the metrics.

    A split without a pair has no rows; that the test split has some is left to a gate.

    Raises:
        PartitionMissing: If the checkpoint or the training set has not been built.
        GateFailed: If either failed a blocking check.
    """
    inputs = [storage.require(asset, recipe) for asset in ("flip_checkpoints", "training_sets")]
    model, tokenizer = load_checkpoint(storage.model_path(recipe))
    model.to(device)
    size, config = model.config.vision.image_size, preset.evaluation
    rows: list[dict[str, object]] = []
    for split in ("val", "test"):
        if faces := sample_faces(read_faces(storage, recipe, split), config.max_faces):
            # Cached, because the tars would otherwise be read a second time for matching.
            stream = CropStream(storage, faces, size, preset.train.decode_threads, cached=True)
            gallery = encode_split(model, tokenizer, stream, config)
            found = split_rows(model, gallery, stream, config)
            rows += [{"recipe": recipe, "split": split, **row} for row in found]
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
    name = find_recipe(storage, recipe).name
    done = evaluate(storage, name, setting, chosen)
    for row in storage.read_table("flip_retrieval", name).to_pylist():
        print(
            f"{row['split']:<4} {row['score']} {row['direction']} {row['metric']:<11} "
            f"{row['value']:.3f} (chance {row['chance']:.3f}, {row['num_candidates']} candidates)"
        )
    print(f"{done.asset}/{done.partition}: {done.rows} rows, version {done.data_version}")


if __name__ == "__main__":
    run_and_leave(app)
