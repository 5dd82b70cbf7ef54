"""One shard through every stage and gate, with fake models."""

import io

import dagster as dg
import pytest
from datasets import load_dataset
from PIL import Image

from facecaption_assets.attributes.annotators import FaceEvidence
from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build, build_shard, pending, register, states
from facecaption_assets.defs.stage import SKIP_CURRENT_TAG
from facecaption_assets.freshness import SHARD_INPUTS, State
from facecaption_assets.shards.tars import read_samples
from tests.fakes import FakeModels, SmilingManAnnotator

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"


@pytest.fixture
def definitions(dataset) -> dg.Definitions:
    return build_defs(dataset.home, resources={"dataset": dataset})


def run(definitions, instance, shard: str = SHARD, **tags: str) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("build_shards").execute_in_process(
        partition_key=shard, instance=instance, tags=tags, raise_on_error=False
    )


def test_a_shard_goes_through_every_stage_and_gate(definitions, dataset, instance) -> None:
    result = run(definitions, instance)
    assert result.success
    error = dg.AssetCheckSeverity.ERROR
    checks = result.get_asset_check_evaluations()
    assert all(check.passed for check in checks if check.severity is error)
    storage = dataset.storage
    statuses = {
        asset: storage.read_table(asset, SHARD, ["status"])["status"].to_pylist()
        for asset in SHARD_INPUTS
        if asset != "shard_quality"
    }
    assert statuses == {
        "shard_plan": ["planned"] * 4,
        "raw_shards": ["success", "success", "success", "not_an_image"],
        "face_crops": ["kept", "kept", "dropped"],
        "image_scores": ["scored", "scored"],
        "face_attributes": ["labelled", "labelled"],
        "template_captions": ["captioned", "captioned"],
        "synthetic_captions": ["unavailable", "unavailable"],
        "llm_captions": ["fell_back", "fell_back"],
        "image_text_scores": ["unavailable"] * 4,
    }
    for row in storage.read_table("llm_captions", SHARD).to_pylist():
        assert row["caption"] == row["template_caption"]
        assert row["rejected_caption"].startswith("A woman with a sharp jawline")
        assert row["rejection_reason"]


def test_what_a_shard_took_is_recorded_with_it(definitions, dataset, instance) -> None:
    assert run(definitions, instance).success
    for asset in SHARD_INPUTS:
        provenance = dataset.storage.require_built(asset, SHARD)
        assert 0 < provenance.wall_s < 600 and provenance.cpu_s >= 0


def test_the_event_log_has_counts_and_versions_but_no_pixels(definitions, instance) -> None:
    run(definitions, instance)
    event = instance.get_latest_materialization_event(dg.AssetKey("face_crops"))
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value == 3
    assert metadata["no_face"].value == 1
    assert event.asset_materialization.tags["dagster/data_version"]
    assert "data:image" not in str(metadata)


class InTwoMinds(FakeModels):
    """Two annotators that agree on all but the smile."""

    def annotators(self) -> list[SmilingManAnnotator]:
        certain, doubting = SmilingManAnnotator(), SmilingManAnnotator()
        certain.name, doubting.name = "celeba_resnet50", "clip_zero_shot"
        answers = {"Male": 0.98, "Smiling": 0.01, "Black_Hair": 0.9}
        doubting.annotate = lambda faces: [FaceEvidence(answers) for _ in faces]
        return [certain, doubting]


def test_labels_that_two_annotators_deny_are_withheld_and_counted(dataset, instance) -> None:
    dataset.storage.profile_file.write_text(
        '[attributes]\nannotators = []\nagreement = ["celeba_resnet50", "clip_zero_shot"]\n'
        'celeba_weights = "best_model.pth"\n'
    )
    in_two_minds = InTwoMinds(home=dataset.home, profile_name=dataset.profile_name)
    run(build_defs(dataset.home, resources={"dataset": in_two_minds}), instance)
    rows = dataset.storage.read_table("face_attributes", SHARD).to_pylist()
    assert [(r["Black_Hair"], r["Smiling"], r["Smiling_prob"]) for r in rows] == [
        (True, None, None)
    ] * 2
    assert [row["disagreements"] for row in rows] == [["Smiling"]] * 2
    event = instance.get_latest_materialization_event(dg.AssetKey("face_attributes"))
    assert event.asset_materialization.metadata["disagreements"].value == 2


def test_an_identical_rebuild_has_the_same_data_version(definitions, dataset, instance) -> None:
    run(definitions, instance)
    before = {a: dataset.storage.read_provenance(a, SHARD).data_version for a in SHARD_INPUTS}
    run(definitions, instance)
    after = {a: dataset.storage.read_provenance(a, SHARD).data_version for a in SHARD_INPUTS}
    assert before == after


def test_a_tagged_run_leaves_current_partitions_alone(definitions, dataset, instance) -> None:
    run(definitions, instance)
    path = dataset.storage.table_path("face_crops", SHARD)
    written = path.stat().st_mtime_ns
    assert run(definitions, instance, **{SKIP_CURRENT_TAG: "true"}).success
    assert path.stat().st_mtime_ns == written
    run(definitions, instance)
    assert path.stat().st_mtime_ns > written


def test_a_shard_of_broken_pictures_fails_its_gate_and_goes_no_further(
    definitions, dataset, instance, photos
) -> None:
    for name in ("a.jpg", "b.png", "c.jpg"):
        (photos / name).write_bytes(b"also not a picture")
    failures = build_shard(definitions, dataset, instance, SHARD)
    assert [(f.asset, f.check, f.shard) for f in failures] == [
        ("raw_shards", "enough_pictures", SHARD)
    ]
    assert "0 of 4 pictures were fetched" in str(failures[0])
    assert dataset.storage.partitions("face_crops") == []
    judged = {s.asset: s.state for s in states(dataset) if s.partition == SHARD}
    assert judged["raw_shards"] is State.FAILED


def test_a_later_run_refuses_what_failed_its_gate_in_an_earlier_one(
    definitions, dataset, instance, photos
) -> None:
    for name in ("a.jpg", "b.png", "c.jpg"):
        (photos / name).write_bytes(b"also not a picture")
    run(definitions, instance)
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        partition_key=SHARD,
        instance=instance,
        asset_selection=[dg.AssetKey("face_crops")],
        raise_on_error=False,
    )
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "raw_shards of mine-00000 failed its gate" in str(
        failed.step_failure_data.user_failure_data.description
    )


def test_building_again_finds_nothing_to_do_until_pictures_arrive(
    definitions, dataset, instance, photos, picture
) -> None:
    shards = register(dataset, instance, [])
    told = []
    failures = build(definitions, dataset, instance, shards, lambda *a: told.append(a[0]))
    assert failures == []
    assert told == [SHARD]
    assert pending(dataset, shards) == []
    before = {a: dataset.storage.read_provenance(a, SHARD) for a in SHARD_INPUTS}

    (photos / "0-new.jpg").write_bytes(picture(400, 400))
    shards = register(dataset, instance, ["mine"])
    assert pending(dataset, shards) == ["mine-00001"]
    assert build(definitions, dataset, instance, ["mine-00001"], lambda *_: None) == []
    assert {a: dataset.storage.read_provenance(a, SHARD) for a in SHARD_INPUTS} == before
    assert all(state.state is State.DONE for state in states(dataset))


def test_the_tars_load_as_webdataset_and_as_a_huggingface_dataset(
    definitions, dataset, instance, tmp_path
) -> None:
    run(definitions, instance)
    tar = dataset.storage.tar_path("face_crops", SHARD)
    with tar.open("rb") as file:
        samples = dict(read_samples(file))
    crops = dataset.storage.read_table("face_crops", SHARD).to_pylist()
    assert list(samples) == [row["face_id"] for row in crops if row["status"] == "kept"]
    loaded = load_dataset(
        "webdataset", data_files=str(tar), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded["__key__"] == list(samples)
    first = Image.open(io.BytesIO(next(iter(samples.values()))["jpg"]))
    assert loaded[0]["jpg"].size == first.size


def test_a_face_on_the_opt_out_list_leaves_every_later_table(
    definitions, dataset, instance
) -> None:
    run(definitions, instance)
    gone = f"{SHARD}-00000-0"
    dataset.storage.write_text(dataset.storage.opt_out_folder / "list.txt", f"{gone}\n")
    assert pending(dataset, [SHARD]) == [SHARD]
    assert build_shard(definitions, dataset, instance, SHARD) == []
    assert pending(dataset, [SHARD]) == []
    for asset in ("face_attributes", "template_captions", "llm_captions"):
        assert gone not in dataset.storage.read_table(asset, SHARD)["face_id"].to_pylist()
    with dataset.storage.open_tar("face_crops", SHARD) as file:
        assert gone not in dict(read_samples(file))
