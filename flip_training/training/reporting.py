"""Who is shown a training's rows as it runs: lines, TensorBoard, Weights & Biases, Dagster.

Everyone gets the rows of ``training_history``; a training that resumes goes on in the same curves.
Only the first process reports. What is kept belongs to ``training_history``.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from dagster_pipes import PipesContext, PipesEnvVarParamsLoader, open_dagster_pipes

from flip_training.config import Preset
from flip_training.training.training_history import Row

#: Key of a row in a message to the Dagster step that started this process.
PIPES_ROW: Final = "training_row"


class Reporter(Protocol):
    """Is shown each row as soon as it is logged."""

    def show(self, row: Row) -> None:
        """Show a row."""


@dataclass(frozen=True)
class Run:
    """The training that is reported.

    Attributes:
        recipe: What it trains on.
        version: Of its settings and pairs; another version makes curves of its own.
        preset: Its settings.
        logs: Folder of its event files.
        steps_done: Steps that it resumes after; whatever was shown of later ones is void.
        wandb_project: Project in Weights & Biases; empty for none.
    """

    recipe: str
    version: str
    preset: Preset
    logs: Path
    steps_done: int
    wandb_project: str = ""


@contextmanager
def open_reporters(run: Run, report: Callable[[str], None]) -> Iterator[list[Reporter]]:
    """Everyone who is shown the run's rows.

    Raises:
        ValueError: If a project in Weights & Biases is named and its package is not installed.
    """
    with ExitStack() as opened:
        reporters: list[Reporter] = [Lines(run, report), opened.enter_context(_tensorboard(run))]
        if run.wandb_project:
            reporters.append(opened.enter_context(_weights_and_biases(run)))
        if PipesEnvVarParamsLoader().is_dagster_pipes_process():  # type: ignore[no-untyped-call]
            reporters.append(Pipes(opened.enter_context(open_dagster_pipes())))
        yield reporters


class Lines:
    """A line per row."""

    def __init__(self, run: Run, report: Callable[[str], None]) -> None:
        self._epochs = run.preset.train.epochs
        self._report = report

    def show(self, row: Row) -> None:
        """Report the row's line."""
        self._report(
            f"epoch {row['epoch']:.1f}/{self._epochs} itc {row['loss_itc']:.3f} "
            f"itm {row['loss_itm']:.3f} lr {row['lr']:.1e} temp {row['temp']:.3f} "
            f"alpha {row['alpha']:.2f} gradient {row['grad_norm']:.2f} "
            f"{row['samples_per_s']:.0f} pairs/s {row['peak_memory'] / 1e9:.1f} GB"
        )


class TensorBoard:
    """Event files, one scalar per column."""

    def __init__(self, run: Run) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(run.logs), purge_step=run.steps_done + 1)

    def show(self, row: Row) -> None:
        """Write the row, at once to be seen."""
        step = int(row["step"])
        for name, value in row.items():
            if name != "step":
                self.writer.add_scalar(name, value, step)
        self.writer.flush()


@contextmanager
def _tensorboard(run: Run) -> Iterator[TensorBoard]:
    board = TensorBoard(run)
    try:
        yield board
    finally:
        board.writer.close()


class WeightsAndBiases:
    """A run of a project in Weights & Biases, which goes on when the training resumes."""

    def __init__(self, run: Run) -> None:
        try:
            import wandb  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise ValueError(
                f"FLIP_WANDB_PROJECT={run.wandb_project!r} needs the package wandb: "
                'pip install "facecaption[wandb]"'
            ) from None
        self.run = wandb.init(
            project=run.wandb_project,
            name=run.recipe,
            id=f"{run.recipe}-{run.version}",
            resume="allow",
            config=asdict(run.preset),
            dir=str(run.logs),
        )

    def show(self, row: Row) -> None:
        """Log the row; of a step that was logged before, nothing is logged again."""
        self.run.log(
            {name: value for name, value in row.items() if name != "step"}, int(row["step"])
        )


@contextmanager
def _weights_and_biases(run: Run) -> Iterator[WeightsAndBiases]:
    shown = WeightsAndBiases(run)
    try:
        yield shown
    finally:
        shown.run.finish()


class Pipes:
    """Messages to the Dagster step that started this process."""

    def __init__(self, pipes: PipesContext) -> None:
        self._pipes = pipes

    def show(self, row: Row) -> None:
        """Send the row."""
        self._pipes.report_custom_message({PIPES_ROW: row})
