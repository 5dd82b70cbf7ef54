"""How the report looks: what its templates are given, and its plots.

What it says belongs to ``report_findings``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from facecaption_assets.quality import published
from facecaption_assets.quality.image_scoring.histograms import Histogram
from facecaption_assets.quality.link_rot import Prospect
from facecaption_assets.quality.plots import Line, as_markdown, as_svg, bars, histogram, lines
from facecaption_assets.quality.report_findings import Findings
from facecaption_assets.quality.scores.distributions import (
    BIN_WIDTH,
    PUBLISHED_THRESHOLDS,
    ScoreDistribution,
)
from facecaption_assets.quality.templating import environment, figures
from facecaption_assets.quality.text_growth import GrowthPoint
from facecaption_assets.quality.text_sources import SourceTexts
from facecaption_assets.quality.thumbnails import thumbnail_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Faces whose captions are shown side by side on the page of numbers.
_EXAMPLES: Final = 6

#: Captions of more words are not drawn.
_LONGEST: Final = 60

#: What grows with the number of captions, by title.
_GROWING: Final[Mapping[str, Callable[[GrowthPoint], Any]]] = {
    "Different words": lambda point: point.distinct_ngrams[1],
    "Different 2-grams": lambda point: point.distinct_ngrams[2],
    "Different 4-grams": lambda point: point.distinct_ngrams[4],
    "Different nouns": lambda point: point.distinct_nouns,
}

#: Caption sources as readers know them.
_TITLES: Final = {
    "alt_text": "Alt text, as found",
    "template": "Template",
    "synthetic": "Image captioner",
    "rewritten": "Rewritten",
    "llm": "Rewritten",
}


def render_report(findings: Findings, thumbnail_px: int) -> str:
    """The page of numbers.

    Args:
        findings: What it says.
        thumbnail_px: Longer side of a thumbnail, px.
    """
    labelled = [card for card in findings.cards if any(p.rewritten for p in card.captions)]
    known = [label for label in findings.labels if label.positive or label.negative]
    return (
        environment()
        .get_template("quality.html")
        .render(
            **{name: getattr(findings, name) for name in _GIVEN},
            sources=findings.texts.sources,
            titles=_TITLES,
            prospects=Prospect,
            labels=known,
            unlabelled=[label.attribute for label in findings.labels if label not in known],
            image_plots=[(h, _image_plot(h)) for h in findings.images if h.faces],
            word_plots=_word_plots(findings.texts.sources),
            growth_plots=_growth_plots(findings.texts.sources),
            score_plots=_score_plots(findings.scores),
            time_plot=_time_plot(findings),
            thumbnails={
                card.face_id: thumbnail_name(card, thumbnail_px) for card in findings.cards
            },
            examples=labelled[:: max(1, len(labelled) // _EXAMPLES)][:_EXAMPLES],
            retrieval=pivot(findings.retrieval),
            published=published,
            published_thresholds=PUBLISHED_THRESHOLDS,
        )
    )


#: What the templates are given as it was found.
_GIVEN: Final = (
    "funnel",
    "link_rot",
    "rewrites",
    "scores",
    "score_models",
    "people",
    "gates",
    "costs",
    "worst",
    "review",
    "unmeasured",
)


def draw_for_ui(findings: Findings) -> dict[str, str]:
    """Plots for the UI, as Markdown by title; few and small, since the event log keeps them."""
    if findings.funnel.is_empty:
        return {}
    steps = {step.name: float(step.count) for step in findings.funnel.steps if step.shards}
    counted = {name: f"{int(count):,}" for name, count in steps.items()}
    plots = {"funnel": as_markdown(bars(steps, counted), "What each stage kept")}
    for source in findings.texts.sources:
        if source.name == "rewritten":
            figure = _words(source, _longest(findings.texts.sources))
            plots["words"] = as_markdown(figure, "Words per rewritten caption")
    return plots


def pivot(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Metrics side by side: one entry per recipe, split, score and direction.

    The mean of both directions is left out: each has its own table.
    """
    names = ("recipe", "split", "score", "direction", "num_queries", "num_candidates")
    entries: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row["direction"] == "both":
            continue
        place = tuple(row[name] for name in names)
        entry = entries.setdefault(
            place,
            {
                **dict(zip(names, place, strict=True)),
                "num_reranked": row.get("num_reranked"),  # absent from older evaluations
                "metrics": {},
                "intervals": {},
            },
        )
        entry["metrics"][row["metric"]] = (row["value"], row["chance"])
        if "value_low" in row:  # absent from older evaluations
            entry["intervals"][row["metric"]] = (row["value_low"], row["value_high"])
    return list(entries.values())


def _image_plot(found: Histogram) -> Markup:
    measure = found.measure
    name = measure.name.removesuffix("_deg").replace("_", " ")
    label = f"{name}, {measure.unit}" if measure.unit else name
    figure = histogram(found.edges, found.counts, label, _nearest(measure.published))
    return Markup(as_svg(figure, measure.name, f"Faces by {measure.meaning}"))


def _nearest(marks: Mapping[str, float]) -> dict[str, float]:
    """The two of the authors' figures that say most: theirs, and those of what they drew from."""
    return {name: x for name, x in marks.items() if name in ("FaceCaption-15M", "LAION-Face")}


def _word_plots(sources: Sequence[SourceTexts]) -> list[tuple[SourceTexts, Markup]]:
    longest = _longest(sources)
    return [
        (
            source,
            Markup(
                as_svg(
                    _words(source, longest),
                    f"words-{source.name}",
                    f"Words per caption of {_TITLES[source.name]}: "
                    f"mean {source.texts.mean_words:.1f}",
                )
            ),
        )
        for source in sources
    ]


def _growth_plots(sources: Sequence[SourceTexts]) -> list[tuple[str, Markup]]:
    plots = []
    for title, count in _GROWING.items():
        series = [
            Line(
                _TITLES[source.name],
                [(point.captions, count(point)) for point in source.growth.points],
            )
            for source in sources
            if all(count(point) is not None for point in source.growth.points)
        ]
        if series:
            figure = lines(series, "captions", "")
            plots.append((title, Markup(as_svg(figure, title, f"{title} by captions"))))
    return plots


def _score_plots(scores: Sequence[ScoreDistribution]) -> list[tuple[str, Markup]]:
    """One plot per score, a line per source: shares, since sources differ in size."""
    plots = []
    for score in dict.fromkeys(found.score for found in scores):
        series = [
            Line(_TITLES[found.source], _shares(found)) for found in scores if found.score == score
        ]
        name = score.replace("_", " ").replace("clip s", "CLIP-S")
        figure = lines(series, name, "share of captions")
        plots.append((name, Markup(as_svg(figure, score, f"Captions by {name}"))))
    return plots


def _shares(found: ScoreDistribution) -> list[tuple[float, float]]:
    """Share of the captions by the middle of each bin, with the empty bins between and around."""
    counts = {round(low / BIN_WIDTH): captions for low, captions in found.histogram.items()}
    bins = range(min(counts) - 1, max(counts) + 2)
    return [((place + 0.5) * BIN_WIDTH, counts.get(place, 0) / found.captions) for place in bins]


def _words(source: SourceTexts, longest: int) -> "Figure":
    counts = [source.texts.histogram.get(words, 0) for words in range(longest + 1)]
    return histogram([i - 0.5 for i in range(longest + 2)], counts, "words")


def _longest(sources: Sequence[SourceTexts]) -> int:
    """End of the axis of words per caption: a multiple of ten, or sixty where texts are longer."""
    longest = max((max(source.texts.histogram) for source in sources), default=0)
    return min(_LONGEST, -(-longest // 10) * 10 or 10)


def _time_plot(findings: Findings) -> Markup | None:
    stages = findings.costs.stages
    if not stages:
        return None
    times = {stage.asset.replace("_", " "): stage.ms_per_row for stage in stages}
    labels = {name: f"{figures(ms)} ms" for name, ms in times.items()}
    return Markup(as_svg(bars(times, labels), "time", "Time per row by stage"))
