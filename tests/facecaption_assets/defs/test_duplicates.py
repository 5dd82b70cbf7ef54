import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs import building
from facecaption_assets.defs.automation import nightly_duplicates
from facecaption_assets.defs.registry import freshness, register_source
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.freshness import State
from facecaption_assets.models import ModelStore
from facecaption_assets.shards.sources import Source, add_source
from tests.fakes import FakeModels

pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

#: Stages that a search for duplicates needs.
FACES = [dg.AssetKey(name) for name in ("shard_plan", "raw_shards", "face_crops")]


def drawn(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize((480, 360), Image.Resampling.BICUBIC)


def add_folder(dataset: Dataset, name: str, pictures: dict[str, Image.Image], **save) -> None:
    folder = Path(dataset.home).parent / name
    folder.mkdir(exist_ok=True)
    for picture, image in pictures.items():
        image.save(folder / f"{picture}.jpg", **save)
    if not (dataset.storage.sources / f"{name}.toml").exists():
        add_source(dataset.storage, Source(name, "folder", str(folder)))
    register_source(dataset, name)


@pytest.fixture
def drawings(tmp_path) -> FakeModels:
    """Two sources with a face in each picture: three drawings, and a small copy of one of them."""
    dataset = FakeModels(home=str(tmp_path / "home"), profile_name="embedded")
    add_folder(dataset, "large", {str(seed): drawn(seed) for seed in range(3)}, quality=95)
    add_folder(dataset, "small", {"copy": drawn(1).resize((320, 240))}, quality=70)
    return dataset


@pytest.fixture
def built(drawings, tmp_path):
    """The drawings with their faces searched, the definitions and the instance."""
    definitions = build_defs(drawings.home, resources={"dataset": drawings})
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        cut_faces(definitions, instance, building.register(drawings, instance, []))
        assert building.find_duplicates(definitions, drawings, instance) == []
        yield drawings, definitions, instance


def cut_faces(definitions, instance, shards: list[str]) -> None:
    job = definitions.resolve_job_def("build_shards")
    for shard in shards:
        run = job.execute_in_process(partition_key=shard, instance=instance, asset_selection=FACES)
        assert run.success


def state(dataset: Dataset) -> State:
    return freshness(dataset).state("duplicate_faces", "all").state


def request(dataset: Dataset, instance: dg.DagsterInstance) -> object:
    context = dg.build_schedule_context(
        instance=instance,
        resources={"dataset": dataset},
        scheduled_execution_time=datetime(2027, 1, 1, 5, tzinfo=UTC),
    )
    return nightly_duplicates(context)


def test_copies_are_found_and_a_new_shard_makes_the_search_stale(built) -> None:
    dataset, definitions, instance = built
    rows = dataset.storage.read_table("duplicate_faces", "all").to_pylist()
    assert [(row["face_id"], row["is_kept"]) for row in rows] == [
        ("large-00000-00001-0", True),
        ("small-00000-00000-0", False),
    ]
    assert {row["group_id"] for row in rows} == {"large-00000-00001-0"}
    verdicts = dataset.storage.read_verdicts("duplicate_faces", "all")
    assert {v.check for v in verdicts if v.passed} == {"rows_conserved", "copies_have_a_kept_face"}
    assert state(dataset) is State.DONE
    assert isinstance(request(dataset, instance), dg.SkipReason)

    add_folder(dataset, "small", {"new": drawn(2).resize((320, 240))}, quality=70)
    shards = building.register(dataset, instance, [])
    cut_faces(definitions, instance, shards[-1:])
    assert state(dataset) is State.STALE
    assert isinstance(request(dataset, instance), dg.RunRequest)
    assert building.find_duplicates(definitions, dataset, instance) == []
    found = dataset.storage.require("duplicate_faces", "all")
    assert (found.counts["groups"], found.counts["dropped"]) == (2, 2)
    shown = {s.asset: s.state for s in building.states(dataset)}
    assert shown["duplicate_faces"] is State.DONE


def test_what_was_found_is_shown_and_is_upstream_of_the_report(built) -> None:
    _, definitions, instance = built
    event = instance.get_latest_materialization_event(dg.AssetKey("duplicate_faces"))
    metadata = event.asset_materialization.metadata
    assert {name: metadata[name].value for name in ("faces", "kept", "near", "exact")} == {
        **{"faces": 4, "kept": 3, "near": 1, "exact": 0}
    }
    graph = definitions.resolve_asset_graph()
    report = graph.get(dg.AssetKey("quality_report"))
    assert dg.AssetKey("duplicate_faces") in report.parent_keys


def test_a_failed_gate_of_the_search_is_told(built, monkeypatch) -> None:
    dataset, definitions, instance = built
    path = dataset.storage.table_path("duplicate_faces", "all")
    path.unlink()
    monkeypatch.setattr(
        "facecaption_assets.quality.duplicates._counts",
        lambda connection: {"kept": 7, "faces": 4},
    )
    (failure,) = building.find_duplicates(definitions, dataset, instance)
    assert str(failure) == (
        "duplicate_faces failed the check rows_conserved: 4 kept crops came in, 7 stay and 1 are "
        "dropped"
    )


COPIES = {
    "q40": lambda image: (image, {"quality": 40}),
    "half": lambda image: (image.resize((image.width // 2, image.height // 2)), {"quality": 85}),
    "larger": lambda image: (image.resize((image.width * 5 // 4, image.height * 5 // 4)), {}),
    "bright": lambda image: (ImageEnhance.Brightness(image).enhance(1.2), {"quality": 90}),
    "grey": lambda image: (image.convert("L"), {"quality": 90}),
}


@pytest.mark.slow
def test_copies_of_the_sample_are_grouped_and_other_expressions_are_not(tmp_path) -> None:
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    dataset = Dataset(home=str(tmp_path / "home"), profile_name="embedded")
    wanted = ("selfie.jpg", "portrait.jpg", "emotions_sheet.jpg")
    originals, copies = {}, {}
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        names = [n for n in archive.namelist() if n.endswith(wanted) and "/P00" in n]
        for name in names:
            image = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
            originals["-".join(name[:-4].split("/")[-3::2])] = image
    for number, (name, image) in enumerate(originals.items()):
        made, save = COPIES[list(COPIES)[number % len(COPIES)]](image)
        copies[f"{name}-copy"] = (made, save)
    add_folder(dataset, "originals", originals, quality=95)
    folder = tmp_path / "copies"
    folder.mkdir()
    for name, (image, save) in copies.items():
        image.save(folder / f"{name}.jpg", **save)
    add_source(dataset.storage, Source("copies", "folder", str(folder)))
    register_source(dataset, "copies")
    definitions = build_defs(dataset.home)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        cut_faces(definitions, instance, building.register(dataset, instance, []))
        assert building.find_duplicates(definitions, dataset, instance) == []
    rows = dataset.storage.read_table("duplicate_faces", "all").to_pylist()
    crops = [
        row
        for source in ("originals", "copies")
        for row in dataset.storage.read_table("face_crops", f"{source}-00000").to_pylist()
        if row["status"] == "kept"
    ]
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row["group_id"], set()).add(row["face_id"])
    # A group is a face and its copy: no two faces of one picture, no two originals.
    pictures = {face: face.rpartition("-")[0] for group in groups.values() for face in group}
    for group in groups.values():
        assert len({pictures[face].partition("-")[0] for face in group}) == len(group) == 2
    copied = [crop for crop in crops if crop["face_id"].startswith("copies")]
    assert len(groups) >= 0.95 * len(copied)
