"""A training's rows in Dagster: as observations while it runs, and as curves when it is done.

The process sends its rows through Dagster Pipes. There is nothing of a face in them.
"""

import base64
import io
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import dagster as dg

#: Key of a row in a message of the process, as ``reporting`` sends it.
_ROW: Final = "training_row"

#: Least time between two observations of one training, s.
OBSERVE_EVERY_S: Final = 30.0

_SIZE_INCHES: Final = (4.2, 2.2)


class _OneWriter(dg.PipesTempFileMessageReader):
    """The reader as it is, without the warning that reading its number of writers is a preview."""

    @property
    def expected_writer_count(self) -> int:
        """Only the first process of a training writes."""
        return 1


class Observer:
    """Reports a training's latest row as an observation of the asset, now and then.

    Attributes:
        environment: What the process needs to know to send its rows.
    """

    def __init__(self, context: dg.AssetExecutionContext, session: dg.PipesSession) -> None:
        self.environment = dict(session.get_bootstrap_env_vars())
        self._context = context
        self._session = session
        self._seen = 0
        self._due = time.monotonic()

    def look(self, now: bool = False) -> None:
        """Report the latest row if it is new and one is due, or wanted now."""
        messages = self._session.get_custom_messages()
        rows = [message[_ROW] for message in messages[self._seen :] if _ROW in message]
        if not rows or not (now or time.monotonic() >= self._due):
            return
        self._seen = len(messages)
        self._due = time.monotonic() + OBSERVE_EVERY_S
        self._context.log_event(
            dg.AssetObservation(
                self._context.asset_key,
                partition=self._context.partition_key,
                metadata=row_metadata(rows[-1]),
            )
        )


@contextmanager
def observing(context: dg.AssetExecutionContext) -> Iterator[Observer]:
    """An observer of the process that runs meanwhile; the last row is always reported."""
    with dg.open_pipes_session(
        context=context.op_execution_context,
        context_injector=dg.PipesTempFileContextInjector(),
        message_reader=_OneWriter(),
    ) as session:
        observer = Observer(context, session)
        yield observer
    observer.look(now=True)


def row_metadata(row: Mapping[str, float]) -> dict[str, float]:
    """A row as metadata: what is not finite cannot be shown and is left out."""
    return {name: value for name, value in row.items() if math.isfinite(value)}


def curves(rows: Sequence[Mapping[str, Any]]) -> dg.MarkdownMetadataValue:
    """Both losses over the steps, as a small picture inside Markdown."""
    from matplotlib.figure import Figure

    figure = Figure(_SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    for name, colour in (("loss_itc", "#2f6f73"), ("loss_itm", "#c98a5b")):
        axes.plot(
            [row["step"] for row in rows], [row[name] for row in rows], color=colour, label=name
        )
    axes.set_xlabel("step")
    axes.set_ylabel("nats")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=100)
    encoded = base64.b64encode(sink.getvalue()).decode()
    return dg.MetadataValue.md(f"![losses over steps](data:image/png;base64,{encoded})")
