"""Scores a recipe's checkpoint: ``python -m flip_training.evaluate --preset tiny --recipe llm``.

Of a split, at most the preset's ``max_faces`` faces are evaluated, those whose ids have the lowest
hash; each row of the table says how many there were. Encoding and scoring belong to ``gallery``,
metrics and intervals to ``retrieval_rows``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import torch
import typer

from flip_training.config import EvaluationConfig, Preset
from flip_training.evaluation.gallery import Gallery, encode_split, itm_scores
from flip_training.evaluation.intervals import Bootstrap
from flip_training.evaluation.retrieval_rows import Measured, Row, measure, metric_rows
from flip_training.leaving import run_and_leave
from flip_training.loading.crops import CropStream
from flip_training.loading.faces import Face, read_faces
from flip_training.model.checkpoint import load_checkpoint
from flip_training.model.flip import FLIPModel
from flip_training.pairs.recipe_files import find_recipe
from flip_training.schema import FLIP_RETRIEVAL
from flip_training.seeds import stable_seed
from flip_training.storage import Provenance, Storage
from flip_training.train import asked_preset, use_threads
from flip_training.versions import retrieval_version


class OtherTrainingSet(RuntimeError):
    """A checkpoint was trained on another training set than the one that is held out from it."""


def sample_faces(faces: Sequence[Face], most: int) -> list[Face]:
    """At most so many of the faces, in their order: those whose ids have the lowest hash."""
    chosen = sorted(faces, key=lambda face: stable_seed(face.face_id))[:most]
    return sorted(chosen, key=lambda face: face.face_id)


def score_split(
    model: FLIPModel, tokenizer: Any, stream: CropStream, config: EvaluationConfig
) -> tuple[Gallery, Mapping[str, Sequence[Measured]]]:
    """A split's faces, encoded, and what was measured by each score: ``itc`` and ``itm``."""
    gallery = encode_split(model, tokenizer, stream, config)
    similarity = gallery.similarity
    by_matching = itm_scores(model, gallery, stream, config)
    return gallery, {
        "itc": measure(similarity, similarity.T, gallery.relevance),
        "itm": measure(*by_matching, gallery.relevance, config.rerank),
    }


def read_groups(storage: Storage, recipe: str) -> dict[str, str]:
    """The split group of each face of a training set."""
    table = storage.read_table("training_sets", recipe, ["face_id", "split_group"])
    return dict(zip(*(table[c].to_pylist() for c in ("face_id", "split_group")), strict=True))


def evaluate(storage: Storage, recipe: str, preset: Preset, device: torch.device) -> Provenance:
    """Evaluate the recipe's checkpoint on its held-out splits and commit the metrics.

    A split without a pair has no rows; that the test split has some is left to a gate.

    Raises:
        PartitionMissing: If the checkpoint or the training set has not been built.
        GateFailed: If either failed a blocking check.
        OtherTrainingSet: If the training set is not the one that the checkpoint was trained on,
            so that pictures now held out may have been trained on.
    """
    trained, pairs = (
        storage.require(asset, recipe) for asset in ("flip_checkpoints", "training_sets")
    )
    place = f"training_sets/{recipe}"
    if trained.input_versions.get(place) != pairs.data_version:
        raise OtherTrainingSet(
            f"flip_checkpoints of {recipe} was trained on another version of {place} than the one "
            f"that is there now ({pairs.data_version}): materialize flip_checkpoints first"
        )
    model, tokenizer = load_checkpoint(storage.model_path(recipe))
    model.to(device)
    size, config = model.config.vision.image_size, preset.evaluation
    groups = read_groups(storage, recipe)
    rows: list[Row] = []
    for split in ("val", "test"):
        if faces := sample_faces(read_faces(storage, recipe, split), config.max_faces):
            # Cached, because the tars would otherwise be read a second time for matching.
            stream = CropStream(storage, faces, size, preset.train.decode_threads, cached=True)
            gallery, scores = score_split(model, tokenizer, stream, config)
            bootstrap = Bootstrap.of_groups([groups[face_id] for face_id in gallery.face_ids])
            for score, both in scores.items():
                place_of = {"recipe": recipe, "split": split, "score": score}
                rows += [{**place_of, **row} for row in metric_rows(both, bootstrap)]
    return storage.commit(
        pa.Table.from_pylist(rows, schema=FLIP_RETRIEVAL.arrow),
        Provenance(
            "flip_retrieval",
            recipe,
            retrieval_version(preset),
            {f"{p.asset}/{recipe}": p.data_version for p in (trained, pairs)},
        ),
    )


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    recipe: Annotated[str, typer.Option(help="Whose checkpoint to evaluate.")],
    preset: Annotated[
        str, typer.Option(help="Named setting; else FLIP_PRESET, else the profile's.")
    ] = "",
    home: Annotated[Path | None, typer.Option(help="Data root; else FACECAPTION_HOME.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting instead of the preset's: evaluation.rerank=64."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; else cuda where there is one.")] = "",
) -> None:
    """Evaluate a recipe's FLIP on its held-out pairs and commit the metrics."""
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    setting = asked_preset(preset, changes or ())
    use_threads(setting)
    storage = Storage(home.resolve()) if home else Storage.from_environment()
    name = find_recipe(storage, recipe).name
    done = evaluate(storage, name, setting, chosen)
    for row in storage.read_table("flip_retrieval", name).to_pylist():
        print(
            f"{row['split']:<4} {row['score']} {row['direction']:<13} {row['metric']:<11} "
            f"{row['value']:.3f} [{row['value_low']:.3f}, {row['value_high']:.3f}] "
            f"(chance {row['chance']:.3f}, {row['num_candidates']} candidates)"
        )
    print(f"{done.asset}/{done.partition}: {done.rows} rows, version {done.data_version}")


if __name__ == "__main__":
    run_and_leave(app)
