"""The training loop: ``python -m flip_training.train --preset tiny --recipe llm --home DATA``.

One process. Every epoch's randomness is seeded by the epoch, so that a training that resumes after
a crash ends in the weights of an uninterrupted one. The last weights are kept: nothing is chosen on
held-out data. What a step computes belongs to ``objective``.
"""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import pyarrow as pa
import torch
import typer
from filelock import FileLock, Timeout
from tqdm import tqdm

from flip_training.checkpoint import Progress, load_state, save_checkpoint, save_state
from flip_training.config import Preset, fingerprint
from flip_training.data import Batch, CropStream, TrainingBatches, read_faces, stable_seed
from flip_training.flip import FLIPModel
from flip_training.leaving import run_and_leave
from flip_training.momentum import FeatureQueue, MomentumTwin
from flip_training.objective import alpha_at, flip_losses
from flip_training.optim import adamw, lr_at
from flip_training.presets import preset as preset_of
from flip_training.recipe_files import find_recipe
from flip_training.recipes import Recipe
from flip_training.schema import FLIP_CHECKPOINTS
from flip_training.storage import Provenance, Storage
from flip_training.tokenization import choose_tokenizer
from flip_training.transforms import augment, normalize
from flip_training.versions import checkpoint_version

Report = Callable[[str], None]

_STEP_FIELDS: Final = ("loss_itc", "loss_itm", "grad_norm")


class TrainingDiverged(RuntimeError):
    """A loss is not finite any more."""


class Training:
    """A model in training, and all that trains it."""

    def __init__(
        self,
        preset: Preset,
        model: FLIPModel,
        batches: TrainingBatches,
        device: torch.device,
        report: Report,
    ) -> None:
        self.preset = preset
        self.config = preset.train
        self.device = device
        self.report = report
        self.batches = batches
        self.model = model.to(device)
        self.twin = MomentumTwin(self.model, self.config.momentum).eval()
        self.queue = FeatureQueue(self.config.queue_size, preset.model.embed_dim).to(device)
        self.optimizer = adamw(self.model, self.config)
        self.modules = {"model": self.model, "twin": self.twin, "queue": self.queue}
        self.history: list[dict[str, float]] = []

    def run(self, state: Path, version: str) -> None:
        """Train to the end, resuming from a state of the same version where there is one.

        Raises:
            TrainingDiverged: If a loss is not finite.
        """
        first = 0
        if progress := load_state(state, version, self.modules, self.optimizer, self.report):
            first, self.history = progress.epochs_done, progress.history
            self.report(f"resumes after epoch {first}")
        epochs = range(first, self.config.epochs)
        for epoch in tqdm(epochs, desc="training", unit="epoch", disable=None, leave=False):
            self.run_epoch(epoch)
            if (epoch + 1) % self.config.save_every == 0:
                done = Progress(version, epoch + 1, self.history)
                save_state(state, done, self.modules, self.optimizer)

    def run_epoch(self, epoch: int) -> None:
        """One pass over the faces."""
        torch.manual_seed(stable_seed(self.config.seed, "epoch", epoch))
        generator = torch.Generator().manual_seed(stable_seed(self.config.seed, "draws", epoch))
        self.model.train()
        pending: list[dict[str, float]] = []
        since = time.perf_counter()
        for i, batch in enumerate(self.batches.epoch(epoch)):
            step = epoch * len(self.batches) + i
            pending.append(self.run_step(step, batch, generator))
            if (step + 1) % self.config.log_every == 0 or i + 1 == len(self.batches):
                now = time.perf_counter()
                self._log(step, pending, now - since)
                pending, since = [], now

    def run_step(self, step: int, batch: Batch, generator: torch.Generator) -> dict[str, float]:
        """One optimizer step; returns its losses, gradient norm and number of pairs."""
        config = self.config
        images = augment(batch["images"], config.augment_ops, config.augment_magnitude, generator)
        batch = {**batch, "pixel_values": normalize(images)}
        batch = {name: tensor.to(self.device) for name, tensor in batch.items()}
        for group in self.optimizer.param_groups:
            group["lr"] = lr_at(step, len(self.batches), config)
        self.model.clamp_temp()
        self.twin.follow(self.model)
        alpha = alpha_at(step, len(self.batches), config.alpha, config.alpha_ramp_epochs)
        use_bf16 = config.precision == "bf16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=use_bf16):
            losses = flip_losses(self.model, self.twin, self.queue, batch, alpha, generator)
        loss = losses.itc + losses.itm
        if not torch.isfinite(loss):
            raise TrainingDiverged(
                f"loss is {loss.item()} at step {step} (itc {losses.itc.item()}, itm "
                f"{losses.itm.item()}); lower train.lr, now {config.lr}, of preset "
                f"{self.preset.name!r}"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.grad_clip)
        self.optimizer.step()
        values = (losses.itc.item(), losses.itm.item(), norm.item())
        return dict(zip(_STEP_FIELDS, values, strict=True)) | {"pairs": float(len(images))}

    def _log(self, step: int, pending: list[dict[str, float]], seconds: float) -> None:
        row = {name: math.fsum(p[name] for p in pending) / len(pending) for name in _STEP_FIELDS}
        row |= {
            "step": step + 1,
            "epoch": (step + 1) / len(self.batches),
            "lr": self.optimizer.param_groups[0]["lr"],
            "temp": float(self.model.temp.detach()),
            "samples_per_s": math.fsum(p["pairs"] for p in pending) / seconds,
        }
        self.history.append(row)
        self.report(
            f"epoch {row['epoch']:.1f}/{self.config.epochs} itc {row['loss_itc']:.3f} "
            f"itm {row['loss_itm']:.3f} {row['samples_per_s']:.0f} pairs/s"
        )


def prepare(
    storage: Storage, recipe: Recipe, preset: Preset, device: torch.device, report: Report
) -> Training:
    """A training that stands at its beginning: data, tokenizer, model with its first weights.

    Raises:
        PartitionMissing: If the recipe's training set has not been built.
        GateFailed: If it failed a blocking check.
        ValueError: If it has fewer than two faces to train on.
    """
    config = preset.train
    faces = read_faces(storage, recipe.name, "train")
    captions = [caption for face in faces for caption in face.captions]
    tokenizer, model_config = choose_tokenizer(preset.model, captions)
    size = model_config.vision.image_size
    batches = TrainingBatches(
        CropStream(storage, faces, size, config.decode_threads, config.cache_crops),
        tokenizer,
        config.batch_size,
        model_config.text.max_length,
        config.shuffle_buffer,
        config.seed,
    )
    report(
        f"{recipe.name}: {len(faces)} faces, {len(captions)} captions, {len(batches)} steps/epoch"
    )
    torch.manual_seed(config.seed)
    model = FLIPModel(model_config)
    model.load_pretrained_encoders()
    return Training(preset, model, batches, device, report)


def train(
    storage: Storage, recipe: Recipe, preset: Preset, device: torch.device, report: Report
) -> Provenance:
    """Train the recipe's model and commit it with its history.

    Raises:
        TrainingDiverged: If a loss is not finite.
        RuntimeError: If another process is training this recipe.
    """
    source = storage.require("training_sets", recipe.name)
    code = checkpoint_version(recipe, preset)
    work = storage.work_path(recipe.name)
    work.mkdir(parents=True, exist_ok=True)
    provenance = Provenance(
        "flip_checkpoints",
        recipe.name,
        code,
        {f"training_sets/{recipe.name}": source.data_version},
    )
    try:
        with FileLock(work / "lock", timeout=0):
            training = prepare(storage, recipe, preset, device, report)
            training.run(work / "state.safetensors", fingerprint(code, source.data_version))
            shutil.rmtree(work / "model", ignore_errors=True)
            save_checkpoint(work / "model", training.model, training.batches.tokenizer)
            done = storage.commit(history_table(training.history), provenance, model=work / "model")
    except Timeout:
        raise RuntimeError(f"{recipe.name} is being trained by another process: {work}") from None
    shutil.rmtree(work)
    return done


def use_threads(preset: Preset) -> None:
    """Give this process the preset's number of CPU threads."""
    if preset.train.compute_threads:
        torch.set_num_threads(preset.train.compute_threads)


def history_table(history: list[dict[str, float]]) -> pa.Table:
    """Logged rows as the table of ``flip_checkpoints``."""
    rows = [{**row, "step": int(row["step"])} for row in history]
    return pa.Table.from_pylist(rows, schema=FLIP_CHECKPOINTS.arrow)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _print(line: str) -> None:
    print(line, flush=True)


@app.command()
def main(
    recipe: Annotated[str, typer.Option(help="Which captions to train on.")],
    preset: Annotated[str, typer.Option(help="Named setting: tiny or base_paper.")] = "tiny",
    home: Annotated[Path | None, typer.Option(help="Data root; else FACECAPTION_HOME.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the preset's.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; else cuda where there is one.")] = "",
) -> None:
    """Train a recipe's FLIP from its training set and commit it."""
    setting = preset_of(preset)
    if epochs:
        setting = replace(setting, train=replace(setting.train, epochs=epochs))
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    use_threads(setting)
    storage = Storage(home.resolve()) if home else Storage.from_environment()
    done = train(storage, find_recipe(storage, recipe), setting, chosen, _print)
    print(f"{done.asset}/{done.partition}: {done.rows} rows, version {done.data_version}")


if __name__ == "__main__":
    run_and_leave(app)
