import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import Verdict
from facecaption_assets.quality.report import WrittenReport, build_report, stage_identity
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.storage import Storage

Home = Callable[..., Storage]
DOWNLOADING = DownloadSettings()
SETTINGS = QualitySettings(gallery_faces=50, thumbnail_px=48)
TEXTS = TextSettings(nouns="")
NO_MODELS = ModelStore(Path("absent"), entries={})
VOID = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """Collects elements, text and addresses, and sees that every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    def addresses(self) -> list[str]:
        pairs = [attrs.get("src") or attrs.get("href") for _, attrs in self.elements]
        return [address for address in pairs if address]


def write(storage: Storage) -> WrittenReport:
    return build_report(storage, SETTINGS, DOWNLOADING, TEXTS, NO_MODELS)


@pytest.fixture(scope="module")
def written(shared_home: Storage) -> WrittenReport:
    """A report that several tests read."""
    return write(shared_home)


def faces_of(gallery: UPath) -> list[str]:
    found = re.search(r'id="content">(.*?)</script>', gallery.read_text(encoding="utf-8"))
    return [face[0] for face in json.loads(found[1])["faces"]] if found else []


def page(path: UPath) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_report_shows_what_was_counted(written: WrittenReport) -> None:
    report = page(written.report)
    assert "32 pictures, 24 faces, 20 captions" in " ".join(report.text.split())
    assert "fell back: missing attribute" in report.text
    assert "Smiling gently, the man has brown hair over the forehead." in report.text
    assert "No check has judged the data yet." in report.text
    assert len(faces_of(written.gallery)) == written.faces_shown == 24
    numbers = json.loads(written.numbers.read_text(encoding="utf-8"))
    assert numbers["funnel"][0]["count"] == 32
    assert numbers["captions"]["template"]["texts"]["mean_words"] == 5


def test_pages_need_nothing_but_their_thumbnails(written: WrittenReport) -> None:
    there = {"quality.html", "quality.json", "gallery.html"}
    there |= {f"thumbnails/{path.name}" for path in written.thumbnails.glob("*")}
    for path in (written.report, written.gallery):
        for address in page(path).addresses():
            assert address.startswith(("#", "data:,")) or address.partition("#")[0] in there


def test_hostile_text_stays_text(written: WrittenReport) -> None:
    gallery = page(written.gallery)
    assert gallery.count("script") == 2  # its data and what draws them
    assert gallery.count("img") == 0
    html = written.gallery.read_text(encoding="utf-8")
    assert "alert(" in html and "<script>alert" not in html
    assert page(written.report).count("script") == 0


def test_the_same_dataset_gives_the_same_bytes(build_home: Home) -> None:
    storage = build_home(shards=1)
    paths = write(storage)
    written = [p.read_bytes() for p in (paths.report, paths.numbers, paths.gallery)]
    write(storage)
    assert [p.read_bytes() for p in (paths.report, paths.numbers, paths.gallery)] == written


def test_opted_out_faces_leave_the_report(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    assert write(storage).faces_shown == 6
    storage.write_text(storage.opt_out_folder / "list.txt", "drawn-00000-00005\n")
    paths = write(storage)
    assert paths.faces_shown == 5
    assert "drawn-00000-00005" not in paths.gallery.read_text(encoding="utf-8")
    assert not list(paths.thumbnails.glob("drawn-00000-00005*"))


def test_an_empty_home_says_that_nothing_is_built(build_home: Home) -> None:
    paths = write(build_home(shards=0))
    assert "Nothing is built yet." in page(paths.report).text
    assert "There are no faces to show yet." in page(paths.gallery).text
    assert paths.faces_shown == 0


ASSETS = ["raw_shards", "face_crops", "face_attributes", "template_captions", "llm_captions"]


@pytest.mark.parametrize("built", range(len(ASSETS)))
def test_report_of_a_dataset_that_is_half_built(built: int, build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    for asset in ASSETS[built:]:
        storage.table_path(asset, "drawn-00000").unlink()
    paths = write(storage)
    assert "not built" in page(paths.report).text
    assert len(faces_of(paths.gallery)) == (6 if built >= 2 else 0)


def test_failed_gates_are_named(build_home: Home) -> None:
    storage = build_home(shards=1)
    provenance = storage.read_provenance("face_crops", "drawn-00000")
    assert provenance is not None
    verdict = Verdict("boxes_inside_image", False, True, "3 <boxes>", provenance.data_version)
    storage.record_verdict("face_crops", "drawn-00000", verdict)
    text = page(write(storage).report).text
    assert "1 of 1 checks failed: what follows is held back." in text
    assert "3 <boxes>" in text


def test_retrieval_stands_beside_chance(build_home: Home) -> None:
    storage = build_home(shards=1)
    rows = [
        {"metric": "R@1", "value": 0.125, "chance": 0.02},
        {"metric": "median_rank", "value": 7.0, "chance": 24.5},
        {"metric": "auc", "value": 0.62, "chance": 0.5},
        {"metric": "auc", "value": 0.99, "chance": 0.5, "direction": "both"},
    ]
    place = {"recipe": "llm", "split": "test", "direction": "text_to_image", "score": "itm"}
    sizes = {"num_queries": 50, "num_candidates": 48, "num_reranked": 16}
    sizes |= {"value_low": 0.57, "value_high": 0.66}
    path = storage.table_path("flip_retrieval", "llm")
    path.parent.mkdir()
    pq.write_table(pa.Table.from_pylist([place | sizes | row for row in rows]), path.path)
    text = page(write(storage).report).text
    for said in (
        "Retrieval by FLIP",
        "Text to image",
        "12%",
        "2.0%",
        "24.5",
        "50 among 48",
        "best 16",
        "57% to 66%",
    ):
        assert said in text
    assert "99%" not in text


def test_each_split_and_direction_has_a_table_and_the_test_split_is_open(
    build_home: Home,
) -> None:
    storage = build_home(shards=1)
    for recipe in ("template", "llm", "template_llm"):
        rows = [
            {"recipe": recipe, "split": split, "direction": direction, "score": score}
            | {"metric": "R@1", "value": 0.5, "chance": 0.1}
            | {"num_queries": 5, "num_candidates": 4}
            for split in ("val", "test")
            for direction in ("image_to_text", "text_to_image")
            for score in ("itc", "itm")
        ]
        path = storage.table_path("flip_retrieval", recipe)
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path.path)
    html = write(storage).report.read_text(encoding="utf-8")
    section = html[html.index('id="retrieval"') :]
    assert section.count("<details open>") == 1
    assert section.index("<details open>") < section.index("Test split")
    assert section.index("Test split") < section.index("Validation split")
    assert section.count('<table class="retrieval">') == 4
    assert section.count("<tbody>") == 12 and section.count('<th rowspan="2">') == 12


def test_a_warning_is_not_told_as_a_blocked_shard(build_home: Home) -> None:
    storage = build_home(shards=1)
    version = storage.require_built("face_attributes", "drawn-00000").data_version
    for blocking, said in ((False, "1 warns."), (True, "1 of 1 checks failed: what follows")):
        verdict = Verdict("probabilities_vary", False, blocking, "constant", version)
        storage.record_verdict("face_attributes", "drawn-00000", verdict)
        assert said in page(write(storage).report).text


def test_settings_change_the_code_version() -> None:
    other = stage_identity(QualitySettings(), DOWNLOADING, TEXTS, NO_MODELS)
    assert stage_identity(SETTINGS, DOWNLOADING, TEXTS, NO_MODELS) != other
    seeded = replace(TEXTS, seed="another")
    assert stage_identity(QualitySettings(), DOWNLOADING, seeded, NO_MODELS) != other
    quicker = replace(TEXTS, threads=8, memory_mb=4096)
    assert stage_identity(QualitySettings(), DOWNLOADING, quicker, NO_MODELS) == other


def test_what_was_not_measured_is_said_with_what_would_bring_it(written: WrittenReport) -> None:
    missing = json.loads(written.numbers.read_text(encoding="utf-8"))["unmeasured"]
    assert set(missing) == {
        "CLIP-IQA",
        "Skin tone",
        "Time",
        "Review by people",
        "Retrieval by FLIP",
        "Nouns",
        "Perplexity",
    }
    text = page(written.report).text
    assert "[texts] nouns" in text and "facecaption review" in text


def test_a_lexicon_that_cannot_be_had_costs_only_the_nouns(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    wanting = TextSettings(nouns="no-such-lexicon")
    paths = build_report(storage, SETTINGS, DOWNLOADING, wanting, NO_MODELS)
    numbers = json.loads(paths.numbers.read_text(encoding="utf-8"))
    assert "no-such-lexicon" in numbers["unmeasured"]["Nouns"]
    assert numbers["captions"]["template"]["nouns"] is None
    assert numbers["captions"]["template"]["texts"]["captions"] == 5


def test_plots_stand_in_the_page_and_in_the_ui_without_faces(written: WrittenReport) -> None:
    assert page(written.report).count("svg") >= 6
    assert set(written.plots) == {"funnel", "words"}
    assert sum(map(len, written.plots.values())) < 100_000


def test_every_place_that_a_page_links_to_is_there(written: WrittenReport) -> None:
    report = page(written.report)
    ids = {attributes["id"] for _, attributes in report.elements if "id" in attributes}
    links = {address[1:] for address in report.addresses() if address.startswith("#")}
    assert links <= ids and {"funnel", "people", "costs", "unmeasured"} <= links


def test_the_worst_faces_are_in_the_gallery_that_they_link_to(build_home: Home) -> None:
    storage = build_home(shards=2, pictures=16)
    few = QualitySettings(gallery_faces=1, thumbnail_px=48)
    paths = build_report(storage, few, DOWNLOADING, TEXTS, NO_MODELS)
    linked = [a.partition("#")[2] for a in page(paths.report).addresses() if "gallery.html#" in a]
    assert linked and set(linked) <= set(faces_of(paths.gallery))


def test_scores_of_captions_stand_side_by_side_with_published_ones(
    written: WrittenReport,
) -> None:
    numbers = json.loads(written.numbers.read_text(encoding="utf-8"))
    assert {found["source"] for found in numbers["scores"]} >= {"alt_text", "template", "llm"}
    assert numbers["score_models"] == ["a/base", "a/large"]
    text = page(written.report).text
    assert "Captions against pictures" in text and "DataComp" in text
    assert "Least like their caption" in text


def test_the_page_of_failing_rows_is_linked_where_there_is_one(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    version = storage.require_built("face_crops", "drawn-00000").data_version
    storage.record_verdict("face_crops", "drawn-00000", Verdict("suite", False, True, "2", version))
    assert "gates/face_crops/drawn-00000.html" not in page(write(storage).report).addresses()
    storage.write_text(storage.reports / "gates" / "face_crops" / "drawn-00000.html", "rows")
    assert "gates/face_crops/drawn-00000.html" in page(write(storage).report).addresses()


def test_no_face_is_shown_where_the_settings_want_none(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    nobody = QualitySettings(gallery_faces=0)
    paths = build_report(storage, nobody, DOWNLOADING, TEXTS, NO_MODELS)
    assert paths.faces_shown == page(paths.report).count("img") == 0
    assert not list(paths.thumbnails.glob("*"))
