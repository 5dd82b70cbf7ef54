"""The dataset's report: a page of numbers, the same numbers as JSON, and a gallery of faces.

Works on whatever is built. Pages are complete in themselves except for the gallery's thumbnails;
all text from the data is escaped. What the numbers are belongs to ``funnel``, ``link_rot``,
``findings`` and ``gallery``; how they look to the templates.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from upath import UPath

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.provenance import stage_hash
from facecaption_assets.quality import published
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.findings import (
    CaptionSource,
    Gates,
    LabelCounts,
    Rewrites,
    caption_sources,
    count_labels,
    count_rewrites,
    read_gates,
    read_retrieval,
)
from facecaption_assets.quality.funnel import Funnel, query_funnel
from facecaption_assets.quality.gallery import Card, draw_cards
from facecaption_assets.quality.link_rot import LinkRot, Prospect, count_link_rot
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.quality.templating import environment
from facecaption_assets.quality.thumbnails import publish_thumbnails, thumbnail_name
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

#: Raised when the same dataset would give another report.
VERSION: Final = 6
#: Faces whose captions are shown side by side on the page of numbers.
_EXAMPLES: Final = 6


@dataclass(frozen=True)
class ReportPaths:
    """Where the report lies.

    Attributes:
        report: The page of numbers.
        numbers: The same numbers as JSON.
        gallery: The page of faces.
        thumbnails: Folder of the gallery's pictures.
        faces_shown: Faces in the gallery.
    """

    report: UPath
    numbers: UPath
    gallery: UPath
    thumbnails: UPath
    faces_shown: int


@dataclass(frozen=True)
class _Findings:
    """Everything that the pages say."""

    funnel: Funnel
    link_rot: list[LinkRot]
    labels: list[LabelCounts]
    sources: list[CaptionSource]
    rewrites: Rewrites
    gates: Gates
    retrieval: list[dict[str, Any]]
    cards: list[Card]


def stage_identity(settings: QualitySettings, downloading: DownloadSettings) -> str:
    """Code version of the report, which says how many URLs are worth another try."""
    worth_it = (downloading.max_attempts, downloading.respect_robots)
    return stage_hash("quality_report", VERSION, settings, worth_it)


def build_report(
    storage: Storage, settings: QualitySettings, downloading: DownloadSettings
) -> ReportPaths:
    """Write the report of every committed shard below ``<home>/reports``.

    Faces and pictures on the opt-out list are not shown, and thumbnails of them that an earlier
    report made are removed.
    """
    folder = storage.reports
    paths = {
        "report": folder / "quality.html",
        "numbers": folder / "quality.json",
        "gallery": folder / "gallery.html",
        "thumbnails": folder / "thumbnails",
    }
    findings = _find(storage, settings, downloading)
    publish_thumbnails(storage, paths["thumbnails"], findings.cards, settings.thumbnail_px)
    storage.write_text(paths["gallery"], _render_gallery(findings.cards, settings.thumbnail_px))
    storage.write_text(paths["report"], _render_report(findings))
    storage.write_text(paths["numbers"], _as_json(findings))
    return ReportPaths(**paths, faces_shown=len(findings.cards))


def _find(storage: Storage, settings: QualitySettings, downloading: DownloadSettings) -> _Findings:
    with open_tables(storage) as connection:
        return _Findings(
            funnel=query_funnel(connection, storage),
            link_rot=count_link_rot(connection, downloading),
            labels=count_labels(connection),
            sources=caption_sources(connection),
            rewrites=count_rewrites(connection),
            gates=read_gates(storage),
            retrieval=read_retrieval(storage),
            cards=draw_cards(connection, OptOut.read(storage), settings.gallery_faces),
        )


def _as_json(findings: _Findings) -> str:
    content = {
        "funnel": [asdict(step) for step in findings.funnel.steps],
        "link_rot": [source.as_json() for source in findings.link_rot],
        "labels": [asdict(label) for label in findings.labels],
        "captions": {source.name: asdict(source.texts) for source in findings.sources},
        "rewrites": asdict(findings.rewrites),
        "gates": asdict(findings.gates),
        "retrieval": findings.retrieval,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _render_report(findings: _Findings) -> str:
    labelled = [card for card in findings.cards if any(p.rewritten for p in card.captions)]
    known = [label for label in findings.labels if label.positive or label.negative]
    return (
        environment()
        .get_template("quality.html")
        .render(
            funnel=findings.funnel,
            link_rot=findings.link_rot,
            prospects=Prospect,
            labels=known,
            unlabelled=[label.attribute for label in findings.labels if label not in known],
            sources=findings.sources,
            rewrites=findings.rewrites,
            longest=_longest(findings.sources),
            examples=labelled[:: max(1, len(labelled) // _EXAMPLES)][:_EXAMPLES],
            gates=findings.gates,
            retrieval=_pivot(findings.retrieval),
            published=published,
        )
    )


def _render_gallery(cards: Sequence[Card], thumbnail_px: int) -> str:
    positive = Counter(name for card in cards for name in card.positive)
    return (
        environment()
        .get_template("gallery.html")
        .render(
            cards=cards,
            picture=lambda card: thumbnail_name(card, thumbnail_px),
            thumbnail_px=thumbnail_px,
            attributes=[(name, positive[name]) for name in ATTRIBUTES if positive[name]],
            statuses=sorted(Counter(s for card in cards for s in card.statuses).items()),
        )
    )


def _longest(sources: Sequence[CaptionSource]) -> int:
    """End of the axis of words per caption: a multiple of ten, or sixty where texts are longer."""
    longest = max((max(source.texts.histogram) for source in sources), default=0)
    return min(60, -(-longest // 10) * 10 or 10)


def _pivot(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Metrics side by side: one entry per recipe, split, score and direction."""
    names = ("recipe", "split", "score", "direction", "num_queries", "num_candidates")
    entries: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        place = tuple(row[name] for name in names)
        entry = entries.setdefault(
            place,
            {
                **dict(zip(names, place, strict=True)),
                "num_reranked": row.get("num_reranked"),  # absent from older evaluations
                "metrics": {},
            },
        )
        entry["metrics"][row["metric"]] = (row["value"], row["chance"])
    return list(entries.values())
