"""The dataset's report: a page of numbers, the same numbers as JSON, and a gallery of faces.

Works on whatever is built. Pages are complete in themselves except for thumbnails beside them;
all text from the data is escaped. What the report says belongs to ``report_findings``, how it
looks to ``report_page`` and ``gallery_page``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from upath import UPath

from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.quality.gallery_page import render_gallery
from facecaption_assets.quality.report_findings import find_everything
from facecaption_assets.quality.report_page import draw_for_ui, render_report
from facecaption_assets.quality.report_texts import measure_report_texts
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.quality.thumbnails import publish_thumbnails
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.storage import Storage

#: Raised when the same dataset would give another report.
VERSION: Final = 6


@dataclass(frozen=True)
class WrittenReport:
    """A report that was written.

    Attributes:
        report: The page of numbers.
        numbers: The same numbers as JSON.
        gallery: The page of faces.
        thumbnails: Folder of the pages' pictures.
        faces_shown: Faces in the gallery.
        plots: Some of its plots, none of faces, as Markdown by title.
    """

    report: UPath
    numbers: UPath
    gallery: UPath
    thumbnails: UPath
    faces_shown: int
    plots: Mapping[str, str]


def stage_identity(
    settings: QualitySettings,
    downloading: DownloadSettings,
    texts: TextSettings,
    store: ModelStore,
) -> str:
    """Code version of the report, which says how many URLs are worth another try."""
    worth_it = (downloading.max_attempts, downloading.respect_robots)
    models = [texts.nouns, texts.perplexity_model if texts.perplexity_captions else ""]
    identities = [store.identity(model) for model in models if model]
    counting = replace(texts, memory_mb=TextSettings.memory_mb, threads=TextSettings.threads)
    return stage_hash("quality_report", VERSION, settings, worth_it, counting, identities)


def build_report(
    storage: Storage,
    settings: QualitySettings,
    downloading: DownloadSettings,
    texts: TextSettings,
    store: ModelStore,
) -> WrittenReport:
    """Write the report of every committed shard below ``<home>/reports``.

    Faces and pictures on the opt-out list are not shown, and thumbnails of them that an earlier
    report made are removed.

    Raises:
        WordListError: If one of the lists of words cannot be used.
        LanguageModelError: If the language model fails while it reads captions.
    """
    folder = storage.reports
    paths = {
        "report": folder / "quality.html",
        "numbers": folder / "quality.json",
        "gallery": folder / "gallery.html",
        "thumbnails": folder / "thumbnails",
    }
    measured = measure_report_texts(storage, texts, store)
    findings = find_everything(storage, settings, downloading, measured)
    cards, side_px = findings.cards, settings.thumbnail_px
    publish_thumbnails(storage, paths["thumbnails"], cards, side_px)
    storage.write_text(paths["gallery"], render_gallery(cards, side_px))
    storage.write_text(paths["report"], render_report(findings, side_px))
    storage.write_text(paths["numbers"], findings.as_json())
    return WrittenReport(**paths, faces_shown=len(cards), plots=draw_for_ui(findings))
