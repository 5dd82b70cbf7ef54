"""Plots of the report: histograms, bars and lines, as SVG for pages and as PNG for the UI.

A plot is drawn for a phone's width and takes its text and colours from the page that it stands in,
so that it is as readable in the dark and on paper. What is drawn belongs to the report's sections.
Nothing here ever draws a face.
"""

import base64
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Width, and height of all plots but those of bars, inches; a page scales them to its columns.
_SIZE: Final = (3.2, 1.9)
_BAR_HEIGHT: Final = 0.24
_PNG_DPI: Final = 120

#: Colours as a picture has them, and what they are called in the pages' style sheet.
_INK, _QUIET, _PAPER = "#1e1c19", "#6b665e", "#fbfaf7"
_SERIES: Final = ("#2f6f73", "#c98a5b", "#7a5c99", "#5d7f3b")
_VARIABLES: Final = {
    _INK: "currentColor",
    _QUIET: "var(--quiet)",
    **{colour: f"var(--line-{place})" for place, colour in enumerate(_SERIES, start=1)},
}
_DASHES: Final = ("-", "--", "-.", ":")

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 8.5,
    "axes.facecolor": "none",
    "axes.edgecolor": _QUIET,
    "axes.labelcolor": _QUIET,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "text.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
}


@dataclass(frozen=True)
class Line:
    """One line of a plot: its name and its points, in order."""

    name: str
    points: Sequence[tuple[float, float]]


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    x_label: str,
    marks: Mapping[str, float] | None = None,
) -> "Figure":
    """How often values fall between edges.

    Args:
        edges: Edges of the bins, one more than there are bins.
        counts: How many fall into each.
        x_label: What the values are, with their unit.
        marks: Values of others to compare with, by name; those beyond the edges are left out.
    """
    with _drawing(_SIZE) as (figure, axes):
        axes.stairs(counts, edges, fill=True, color=_SERIES[0])
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(0, 1.08 * max([*counts, 1]))
        axes.set_xlabel(x_label)
        axes.yaxis.set_visible(False)
        axes.spines["left"].set_visible(False)
        inside = {n: x for n, x in (marks or {}).items() if edges[0] <= x <= edges[-1]}
        for (name, x), dash in zip(inside.items(), cycle(_DASHES), strict=False):
            axes.axvline(x, color=_SERIES[1], linewidth=1.2, linestyle=dash, label=name)
        if inside:
            axes.legend(loc="upper right", handlelength=2.2)
    return figure


def bars(values: Mapping[str, float], labels: Mapping[str, str] | None = None) -> "Figure":
    """Named values as horizontal bars, the first on top.

    Args:
        values: Values by name, none below 0.
        labels: What is written behind the bars, by name; the values where not given.
    """
    with _drawing((_SIZE[0], 0.35 + _BAR_HEIGHT * len(values))) as (figure, axes):
        drawn = axes.barh(list(values), list(values.values()), color=_SERIES[0], height=0.7)
        said = [(labels or {}).get(name, f"{value:,}") for name, value in values.items()]
        axes.bar_label(drawn, said, padding=3, color=_QUIET)
        axes.set_xlim(0, 1.3 * max([*values.values(), 1e-9]))
        axes.invert_yaxis()
        axes.xaxis.set_visible(False)
        axes.tick_params(left=False)
        axes.spines[["left", "bottom"]].set_visible(False)
    return figure


def lines(series: Sequence[Line], x_label: str, y_label: str, log: bool = False) -> "Figure":
    """Several lines over the same axis.

    Args:
        series: At most as many as there are colours to tell apart, which is four.
        x_label: What the values are, with their unit.
        y_label: What grows with them.
        log: Whether both axes are logarithmic; points at 0 are left out then.

    Raises:
        ValueError: If there are more lines than colours.
    """
    if len(series) > len(_SERIES):
        raise ValueError(f"{len(series)} lines cannot be told apart; {len(_SERIES)} can")
    with _drawing((_SIZE[0], 2.4)) as (figure, axes):
        for line, colour, dash in zip(series, _SERIES, _DASHES, strict=False):
            points = [(x, y) for x, y in line.points if not log or (x > 0 and y > 0)]
            axes.plot(*zip(*points, strict=True), dash, color=colour, label=line.name)
        if log:
            axes.loglog()
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(loc="best")
    return figure


def as_svg(figure: "Figure", name: str, label: str) -> str:
    """A plot as an element of a page.

    Args:
        figure: The plot.
        name: Tells it from other plots of the page.
        label: What it shows, for those who do not see it.
    """
    import matplotlib as mpl

    sink = io.StringIO()
    # Ids in the picture, of clips and markers, are hashed with the name.
    with mpl.rc_context({**_STYLE, "svg.hashsalt": f"plot {name}"}):
        figure.savefig(sink, format="svg", metadata={"Date": None}, transparent=True)
    return _for_page(sink.getvalue(), label)


def as_markdown(figure: "Figure", label: str) -> str:
    """A plot as Markdown that holds the picture itself."""
    import matplotlib as mpl

    sink = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(sink, format="png", dpi=_PNG_DPI, facecolor=_PAPER)
    return f"![{label}](data:image/png;base64,{base64.b64encode(sink.getvalue()).decode()})"


@contextmanager
def _drawing(size: tuple[float, float]) -> "Iterator[tuple[Figure, Axes]]":
    """A figure, in the plots' style, without the global state that matplotlib's pyplot keeps."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, figure.subplots()


def _for_page(svg: str, label: str) -> str:
    """Without what only a file of its own needs, and with the page's fonts and colours."""
    svg = svg[svg.index("<svg") :]
    # Its style would hold for the whole page.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    view = re.search(r'viewBox="[^"]*"', svg)
    role = f'<svg {view[0] if view else ""} role="img" aria-label="{escape(label)}">'
    svg = re.sub(r"<svg[^>]*>", lambda _: role, svg, count=1)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r" xmlns(:\w+)?=\"[^\"]*\"", "", svg).replace("xlink:href", "href")
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return re.sub(r"\s*\n\s*", "\n", svg)
