"""Training a recipe: ``python -m flip_training.train --preset tiny --recipe llm --home DATA``.

Brings data, model and loop together and commits what comes out. Started by itself it makes as many
processes as it is asked for, by default one per visible GPU; under ``torchrun`` it is one of them.
The last weights are kept: nothing is chosen on held-out data. The loop belongs to ``training``.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import torch
import typer
from filelock import FileLock, Timeout

from flip_training.config import Preset, fingerprint
from flip_training.leaving import leave_with_parent, run_and_leave
from flip_training.loading.augmentation import Augmentation
from flip_training.loading.crops import Crops
from flip_training.loading.data import TrainingBatches
from flip_training.loading.faces import read_faces
from flip_training.model.checkpoint import save_checkpoint
from flip_training.model.flip import FLIPModel
from flip_training.model.model_card import PAIR_COLUMNS, CardFacts
from flip_training.model.tokenization import choose_tokenizer
from flip_training.objective.distributed import Processes, join_processes
from flip_training.pairs.inputs import require_present_opt_outs
from flip_training.pairs.recipe_files import find_recipe
from flip_training.pairs.recipes import Recipe
from flip_training.presets import changed_preset, name_from_environment
from flip_training.storage import Provenance, Storage
from flip_training.training.divergence import refuse_known_divergence
from flip_training.training.launching import is_launched, launch, process_count, telling_why
from flip_training.training.reporting import Run, open_reporters
from flip_training.training.stopping import TrainingStopped
from flip_training.training.training import Training
from flip_training.versions import checkpoint_version

Report = Callable[[str], None]

_MODULE: Final = "flip_training.train"


def prepare(
    storage: Storage,
    recipe: Recipe,
    preset: Preset,
    processes: Processes,
    version: str,
    report: Report,
) -> Training:
    """A training that stands at its beginning: data, tokenizer, model with its first weights.

    Raises:
        PartitionMissing: If the recipe's training set has not been built.
        GateFailed: If it failed a blocking check.
        ValueError: If it has fewer than two faces to train on.
    """
    config = preset.train
    faces = read_faces(storage, recipe.name, "train")
    tokenizer, model_config = choose_tokenizer(preset.model, faces.captions())
    batches = TrainingBatches(
        Crops(storage, faces, model_config.vision.image_size, config.cache_crops),
        tokenizer,
        model_config.text.max_length,
        config.batch_size,
        config.shuffle_buffer,
        config.seed,
        Augmentation(config.augment_ops, config.augment_magnitude),
        config.decode_threads,
    )
    report(
        f"{recipe.name}: {len(faces)} faces, {faces.num_captions} captions, "
        f"{len(batches)} steps/epoch, {processes.world_size} processes on {processes.device.type}"
    )
    torch.manual_seed(config.seed)
    model = FLIPModel(replace(model_config, contrast=config.contrast))
    model.load_pretrained_encoders()
    model.set_gradient_checkpointing(config.gradient_checkpointing)
    work = storage.work_path(recipe.name)
    return Training(preset, model, batches, processes, work, version)


def train(
    storage: Storage,
    recipe: Recipe,
    preset: Preset,
    device: torch.device,
    report: Report,
    processes: Processes | None = None,
    wandb_project: str = "",
) -> Provenance | None:
    """Train the recipe's model and commit it with its history, from the first process.

    Args:
        storage: The data root.
        recipe: What to train on.
        preset: The settings.
        device: What to compute on, alone.
        report: Called with each line of progress.
        processes: Who trains together, with devices of their own; None for this process alone.
        wandb_project: Project in Weights & Biases; empty for none.

    Returns:
        What was committed; None in all processes but the first.

    Raises:
        PartitionMissing: If the training set is not built, or not since the opt-out list changed.
        TrainingDiverged: If a loss or a gradient is not finite, now or the last time.
        TrainingStopped: If a process was asked to stop.
        RuntimeError: If another process is training this recipe.
    """
    group = processes or Processes(device=device)
    source = storage.require("training_sets", recipe.name)
    require_present_opt_outs(storage, source)
    code = checkpoint_version(recipe, preset)
    version = fingerprint(code, source.data_version)
    work = storage.work_path(recipe.name)
    inputs = {f"training_sets/{recipe.name}": source.data_version}
    with _locked(work, recipe.name) if group.is_main else nullcontext():
        refuse_known_divergence(work, version)
        training = prepare(storage, recipe, preset, group, version, report)
        training.resume(report)
        if not group.is_main:
            training.run([])
            return None
        logs = storage.log_path(recipe.name, version)
        run = Run(recipe.name, version, preset, logs, training.steps_done, wandb_project)
        with open_reporters(run, report) as reporters:
            training.run(reporters)
        done = _commit(storage, Provenance("flip_checkpoints", recipe.name, code, inputs), training)
    shutil.rmtree(work)
    return done


@contextmanager
def _locked(work: Path, recipe: str) -> Iterator[None]:
    """The training's folder, for this process alone."""
    work.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(work / "lock", timeout=0):
            yield
    except Timeout:
        raise RuntimeError(f"{recipe} is being trained by another process: {work}") from None


def _commit(storage: Storage, provenance: Provenance, training: Training) -> Provenance:
    folder = training.work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    history = training.history.table()
    facts = CardFacts(
        provenance.partition,
        pairs=storage.read_table("training_sets", provenance.partition, PAIR_COLUMNS),
        history=history,
    )
    save_checkpoint(folder, training.model, training.batches.tokenizer, facts)
    return storage.commit(history, provenance, model=folder)


def use_threads(preset: Preset, num_processes: int = 1) -> None:
    """Give this process the preset's number of CPU threads, or its share of the cores."""
    if preset.train.compute_threads:
        torch.set_num_threads(preset.train.compute_threads)
    elif num_processes > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // num_processes))


def asked_preset(name: str, changes: Sequence[str]) -> Preset:
    """The preset of a command line, else the environment's, with its changes.

    Raises:
        SystemExit: If there is no such preset or a change is none, with one line that says so.
    """
    try:
        return changed_preset(name or name_from_environment(), changes)
    except ValueError as error:
        raise SystemExit(str(error)) from None


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    recipe: Annotated[str, typer.Option(help="Which captions to train on.")],
    preset: Annotated[
        str, typer.Option(help="Named setting; else FLIP_PRESET, else the profile's.")
    ] = "",
    home: Annotated[Path | None, typer.Option(help="Data root; else FACECAPTION_HOME.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting instead of the preset's: train.lr=1e-4."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; else cuda where there is one.")] = "",
    processes: Annotated[
        str,
        typer.Option(help="How many, or auto: one per visible GPU.", envvar="FLIP_PROCESSES"),
    ] = "auto",
    wandb_project: Annotated[
        str, typer.Option(help="Log to Weights & Biases, too.", envvar="FLIP_WANDB_PROJECT")
    ] = "",
) -> None:
    """Train a recipe's FLIP from its training set and commit it."""
    setting = asked_preset(preset, changes or ())
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    count = process_count(processes, chosen)
    leave_with_parent()
    if count > 1 and not is_launched():
        raise SystemExit(launch(_MODULE, sys.argv[1:], count))
    storage = Storage(home.resolve()) if home else Storage.from_environment()
    with join_processes(chosen) as group, telling_why():
        use_threads(setting, group.world_size)
        report: Report = _print if group.is_main else _say_nothing
        try:
            done = train(
                storage,
                find_recipe(storage, recipe),
                setting,
                group.device,
                report,
                group,
                wandb_project,
            )
        except TrainingStopped as stopped:
            report(str(stopped))
            raise SystemExit(stopped.exit_code) from None
    if done:
        print(f"{done.asset}/{done.partition}: {done.rows} rows, version {done.data_version}")


def _print(line: str) -> None:
    print(line, flush=True)


def _say_nothing(_: str) -> None:
    """Progress of a process that is not the first."""


if __name__ == "__main__":
    run_and_leave(app)
