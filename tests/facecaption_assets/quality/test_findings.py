from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.provenance import Verdict
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.findings import (
    FailedGate,
    Rewrites,
    count_labels,
    count_rewrites,
    read_gates,
    read_retrieval,
)
from facecaption_assets.schema import LLM_CAPTIONS, TABLES
from facecaption_assets.storage import Storage

Home = Callable[..., Storage]


def test_labels_are_counted_over_annotated_faces(
    build_home: Home, unknown_attributes: set[str]
) -> None:
    with open_tables(build_home(shards=2, pictures=16)) as connection:
        labels = {label.attribute: label for label in count_labels(connection)}
    brown, glasses = labels["Brown_Hair"], labels["Eyeglasses"]
    assert (brown.positive, brown.negative, brown.unknown) == (24, 0, 0)
    assert (glasses.positive, glasses.negative, glasses.unknown) == (4, 20, 0)
    assert {name for name, label in labels.items() if label.unknown == 24} == unknown_attributes
    assert len(labels) == 40


def test_rewritings_that_change_nothing_are_counted(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    provenance = storage.read_provenance("llm_captions", "drawn-00000")
    assert provenance is not None
    rows = storage.read_table("llm_captions", "drawn-00000").to_pylist()
    for status in ("accepted", "repaired"):
        row = next(row for row in rows if row["status"] == status)
        row["caption"] = row["template_caption"]
    storage.commit(LLM_CAPTIONS.from_rows(rows), provenance)
    with open_tables(storage) as connection:
        assert count_rewrites(connection) == Rewrites(accepted=3, unchanged=2)


def test_gates_speak_of_the_present_data_only(build_home: Home) -> None:
    storage = build_home(shards=2)

    def record(shard: str, check: str, passed: bool, version: str | None = None) -> None:
        provenance = storage.read_provenance("face_crops", shard)
        assert provenance is not None
        present = version or provenance.data_version
        storage.record_verdict(
            "face_crops", shard, Verdict(check, passed, True, "3 boxes leave", present)
        )

    record("drawn-00000", "rows_conserved", True)
    record("drawn-00000", "boxes_inside_image", False)
    record("drawn-00001", "boxes_inside_image", False, version="older data")
    gates = read_gates(storage)
    built = 2 * len(TABLES.keys() - {"shard_quality"})
    assert (gates.partitions, gates.unchecked, gates.verdicts) == (built, built - 1, 2)
    assert gates.failed == [
        FailedGate("face_crops", "drawn-00000", "boxes_inside_image", "3 boxes leave", True)
    ]


def test_retrieval_is_read_for_every_recipe(build_home: Home) -> None:
    storage = build_home(shards=0)
    assert read_retrieval(storage) == []
    for recipe in ("template", "llm"):
        path = storage.table_path("flip_retrieval", recipe)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"recipe": [recipe], "value": [0.5]}), path.path)
    assert [row["recipe"] for row in read_retrieval(storage)] == ["llm", "template"]
