"""The code location, and the job that the UI and the command line run."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest
import torch
from typer.testing import CliRunner

import facecaption_assets
from flip_training import presets
from flip_training.config import Preset
from flip_training.evaluate import evaluate
from flip_training.freshness import CHAIN
from flip_training.gates import GATES
from flip_training.pairs.recipes import RECIPES
from flip_training.schema import TABLES
from flip_training.storage import Storage
from flip_training.train import train

pytestmark = [
    # Dagster's SQLite storage leaves closing to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CPU = torch.device("cpu")


@pytest.fixture
def location(home: Path, micro: Preset, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The location on a synthetic data root, training the smallest setting in this process."""
    monkeypatch.setenv("FACECAPTION_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "events"))
    monkeypatch.setenv("FLIP_PRESET", "micro")
    monkeypatch.setattr(presets, "PRESETS", {**presets.PRESETS, "micro": lambda: micro})
    from flip_training import definitions
    from flip_training.defs import evaluation, training

    def run_here(
        module: str,
        arguments: Sequence[str],
        log: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        storage, recipe = Storage(home), RECIPES[arguments[1]]
        if module.endswith("train"):
            train(storage, recipe, micro, CPU, log)
        else:
            evaluate(storage, recipe.name, micro, CPU)

    monkeypatch.setattr(training, "run_module", run_here)
    monkeypatch.setattr(evaluation, "run_module", run_here)
    return definitions


def test_the_location_loads_without_torch() -> None:
    code = "import sys, flip_training.definitions; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_assets_say_what_they_are_and_need(location: ModuleType) -> None:
    graph = location.build_defs().resolve_asset_graph()
    for name in CHAIN:
        node = graph.get(dg.AssetKey(name))
        assert node.code_version and node.description and node.owners == ["team:training"]
        columns = node.metadata["dagster/column_schema"].columns
        assert [c.name for c in columns] == [c.name for c in TABLES[name].columns]
        assert (node.tags["facecaption/compute"] == "gpu") == (node.pools == {"gpu"})


def test_every_gate_is_a_partitioned_check(location: ModuleType) -> None:
    checks = location.build_defs().resolve_asset_graph().asset_check_keys
    assert {(k.asset_key.to_user_string(), k.name) for k in checks} == {
        (gate.asset, gate.name) for gate in GATES
    }


def test_the_edges_to_the_dataset_show(location: ModuleType) -> None:
    graph = location.build_defs().resolve_asset_graph()
    parents = graph.get(dg.AssetKey("training_sets")).parent_keys
    assert {key.to_user_string() for key in parents} == {
        "face_crops",
        "duplicate_faces",
        "template_captions",
        "llm_captions",
        "raw_shards",
        "synthetic_captions",
        "image_text_scores",
    }


def test_other_settings_are_another_code_version(location: ModuleType) -> None:
    def versions(name: str) -> dict[str, str | None]:
        graph = location.build_defs(preset_name=name).resolve_asset_graph()
        return {asset: graph.get(dg.AssetKey(asset)).code_version for asset in CHAIN}

    micro, tiny = versions("micro"), versions("tiny")
    assert micro["training_sets"] == tiny["training_sets"]
    assert micro["flip_checkpoints"] != tiny["flip_checkpoints"]


def run_job(location: ModuleType, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = location.build_defs().resolve_job_def("train_flip")
    return job.execute_in_process(partition_key="llm", instance=instance, raise_on_error=False)


def test_the_job_builds_a_recipe_and_passes_its_gates(location: ModuleType, home: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(location, instance)
    assert result.success
    assert len(result.get_asset_check_evaluations()) == len(GATES)
    for name in CHAIN:
        (done,) = result.asset_materializations_for_node(name)
        stored = Storage(home).read_provenance(name, "llm")
        assert stored is not None
        assert done.tags and done.tags["dagster/data_version"] == stored.data_version
        assert done.metadata["dagster/row_count"].value == stored.rows


def test_a_failed_gate_keeps_the_checkpoint_from_being_trained(
    location: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flip_training.gates.accounted_rows", lambda *_: (24, 23))
    from flip_training.cli import app

    result = CliRunner().invoke(app, ["build", "llm"])
    assert result.exit_code == 1
    assert "llm: training_sets failed the check rows_conserved" in result.output
    assert "24 caption rows came in, 23 went out" in result.output
    assert not Storage(home).partitions("flip_checkpoints")


def test_the_command_builds_once(location: ModuleType, home: Path) -> None:
    from flip_training.cli import app

    first = CliRunner().invoke(app, ["build", "llm"])
    assert first.exit_code == 0, first.output
    assert "✓ llm built in" in first.output
    before = (home / "flip_checkpoints" / "llm.parquet").stat().st_mtime_ns
    second = CliRunner().invoke(app, ["build", "llm"])
    assert "✓ llm up to date" in second.output
    assert (home / "flip_checkpoints" / "llm.parquet").stat().st_mtime_ns == before
    status = CliRunner().invoke(app, ["status"])
    assert status.output.count("done") == 3
    assert status.output.count("missing") == 6


def mtimes(home: Path) -> dict[str, int]:
    """When each of the recipe's tables was written."""
    return {name: (home / name / "llm.parquet").stat().st_mtime_ns for name in CHAIN}


def add_empty_opt_out(home: Path) -> None:
    """Make the pairs stale although they will come out as they are."""
    (home / "optout").mkdir()
    (home / "optout" / "list.txt").write_text("https://example.org/nobody.jpg\n")


def test_pairs_that_come_out_equal_train_nothing(location: ModuleType, home: Path) -> None:
    from flip_training.cli import app

    assert CliRunner().invoke(app, ["build", "llm"]).exit_code == 0
    before = mtimes(home)
    add_empty_opt_out(home)
    again = CliRunner().invoke(app, ["build", "llm"])
    assert "training_sets inputs have changed" in again.output
    changed = {name for name, time in mtimes(home).items() if time != before[name]}
    assert changed == {"training_sets"}
    assert "✓ llm up to date" in CliRunner().invoke(app, ["build", "llm"]).output


def test_a_partition_without_verdicts_is_checked_and_not_built(
    location: ModuleType, home: Path
) -> None:
    from flip_training.cli import app

    assert CliRunner().invoke(app, ["build", "llm"]).exit_code == 0
    before = mtimes(home)
    (home / "flip_checkpoints" / "llm.gates.json").unlink()
    again = CliRunner().invoke(app, ["build", "llm"])
    assert "flip_checkpoints not checked yet" in again.output
    assert mtimes(home) == before
    assert "✓ llm up to date" in CliRunner().invoke(app, ["build", "llm"]).output


def test_a_run_without_the_tag_builds_what_is_current(location: ModuleType, home: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_job(location, instance).success
        before = mtimes(home)
        assert run_job(location, instance).success
    assert all(time > before[name] for name, time in mtimes(home).items())


def nightly_requests(definitions: dg.Definitions) -> Sequence[dg.RunRequest]:
    schedule = definitions.resolve_schedule_def("nightly_training")
    context = dg.build_schedule_context(
        repository_def=definitions.get_repository_def(),
        resources={"trainer": definitions.resources["trainer"]},
        scheduled_execution_time=datetime(2026, 1, 31, 5, tzinfo=UTC),
    )
    return schedule.evaluate_tick(context).run_requests or ()


def test_a_nightly_run_builds_what_is_due_and_no_more(location: ModuleType, home: Path) -> None:
    definitions = location.build_defs()
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_job(location, instance).success
        before = mtimes(home)
        add_empty_opt_out(home)
        (request,) = (r for r in nightly_requests(definitions) if r.partition_key == "llm")
        night = definitions.resolve_job_def("train_flip").execute_in_process(
            partition_key=request.partition_key, tags=dict(request.tags), instance=instance
        )
    assert night.success
    assert len(night.get_asset_check_evaluations()) == len(GATES)
    changed = {name for name, time in mtimes(home).items() if time != before[name]}
    assert changed == {"training_sets"}
    assert "llm" not in {r.partition_key for r in nightly_requests(definitions)}


def test_people_without_captions_are_neither_held_out_nor_a_traceback(
    location: ModuleType, home: Path, rewrite: Callable[..., None]
) -> None:
    one_person = "colours-00000-person-0"
    nothing = {"status": "rejected", "caption": None}
    for shard in ("colours-00000", "colours-00001"):
        rewrite(
            "llm_captions",
            shard,
            lambda _, row: row.update(nothing) if row["split_group"] != one_person else None,
        )
    from flip_training.cli import app

    for _ in range(2):
        result = CliRunner().invoke(app, ["build", "llm"])
        assert result.exit_code == 1
        assert "recalls_in_range: nothing was measured on the test split" in result.output
    assert Storage(home).read_table("flip_retrieval", "llm").num_rows == 0


def test_a_new_instance_is_configured_as_the_datasets_is(location: ModuleType, home: Path) -> None:
    from flip_training.defs.building import dagster_home
    from flip_training.defs.resources import open_trainer

    configuration = dagster_home(open_trainer()) / "dagster.yaml"
    datasets = Path(facecaption_assets.__file__).parent / "defs" / "dagster.yaml"
    assert configuration.read_bytes() == datasets.read_bytes()
    configuration.write_text("telemetry: {enabled: false}\n")
    dagster_home(open_trainer())
    assert configuration.read_text() == "telemetry: {enabled: false}\n"


def test_the_nightly_schedule_asks_for_recipes_that_are_due(
    location: ModuleType, home: Path
) -> None:
    for path in (home / "template_captions").iterdir():
        path.unlink()
    definitions = location.build_defs()
    requests = nightly_requests(definitions)
    assert [request.run_key for request in requests] == ["llm-2026-01-31"]


def test_a_recipe_that_came_after_loading_does_not_keep_the_others_from_their_night(
    location: ModuleType, home: Path
) -> None:
    definitions = location.build_defs()
    (home / "recipes").mkdir()
    (home / "recipes" / "later.toml").write_text("[[takes]]\ncaptions = ['llm']")
    requested = {r.partition_key for r in nightly_requests(definitions)}
    assert "llm" in requested and "later" not in requested


def test_recipes_that_cannot_be_built_are_told_and_break_nothing(
    location: ModuleType, home: Path
) -> None:
    from flip_training.cli import app

    for table in ("template_captions", "synthetic_captions"):
        for path in (home / table).glob("*"):
            path.unlink()
    built = CliRunner().invoke(app, ["build"])
    assert built.exit_code == 0, built.output
    assert "✓ llm built in" in built.output
    lines = [line for line in built.output.splitlines() if "cannot be built" in line]
    assert "· raw, raw_llm, raw_and_llm, raw_top30, " in built.output
    assert all(sum(f" {name}," in f" {line}," for line in lines) < 2 for name in RECIPES)
    named = CliRunner().invoke(app, ["build", "raw"])
    assert named.exit_code == 1
    assert "raw: face_crops of colours-00000 has no alt_text" in named.output
    status = CliRunner().invoke(app, ["status"])
    assert (status.exit_code, status.output.count("done")) == (0, 3)
    assert "template cannot be built: no shard of template_captions" in status.output


def test_a_dataset_for_no_recipe_is_an_error(location: ModuleType, tmp_path: Path) -> None:
    from flip_training.cli import app

    result = CliRunner().invoke(app, ["--home", str(tmp_path / "empty"), "build"])
    assert result.exit_code == 1
    assert "no recipe can be built" in result.output


def test_a_bad_recipe_file_is_named_by_every_command(location: ModuleType, home: Path) -> None:
    from flip_training.cli import app

    (home / "recipes").mkdir()
    (home / "recipes" / "mine.toml").write_text("takes = []\n")
    for command in ("build", "status"):
        result = CliRunner().invoke(app, [command])
        assert result.exit_code == 1
        assert "recipes/mine.toml: takes must be at least one step" in result.output


def test_a_recipe_of_the_data_root_is_a_partition(home: Path) -> None:
    (home / "recipes").mkdir()
    (home / "recipes" / "mine.toml").write_text("[[takes]]\ncaptions = ['llm']\n")
    code = "from flip_training.defs.partitions import recipes; print(recipes.get_partition_keys())"
    environment = {**os.environ, "FACECAPTION_HOME": str(home)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "'raw_top30_llm_rest', 'mine']" in done.stdout


def test_tables_that_few_recipes_read_make_none_stale_in_the_ui(location: ModuleType) -> None:
    graph = location.build_defs().resolve_asset_graph()
    mappings = graph.get(dg.AssetKey("training_sets")).partition_mappings
    idle = {
        key.to_user_string()
        for key, mapping in mappings.items()
        if isinstance(mapping, dg.SpecificPartitionsPartitionMapping)
    }
    assert idle == {"raw_shards", "synthetic_captions", "image_text_scores"}


def test_the_funnel_and_the_uids_are_shown(location: ModuleType, home: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(location, instance)
    (done,) = result.asset_materializations_for_node("training_sets")
    assert "| **pairs** | 24 |" in done.metadata["funnel"].value
    assert done.metadata["uids"].value == str(home / "training_sets" / "llm.npy")


def test_an_unknown_recipe_is_named(location: ModuleType) -> None:
    from flip_training.cli import app

    result = CliRunner().invoke(app, ["build", "poems"])
    assert result.exit_code == 1
    assert "recipe 'poems' is not one of template, llm, template_llm" in result.output


def test_a_data_root_without_a_dataset_says_what_is_missing(
    location: ModuleType, tmp_path: Path
) -> None:
    from flip_training.cli import app

    result = CliRunner().invoke(app, ["--home", str(tmp_path / "empty"), "build", "llm"])
    assert result.exit_code == 1
    assert "no shard of llm_captions is built" in result.output


@pytest.mark.slow
def test_the_real_command_trains_the_real_preset(home: Path) -> None:
    command = [sys.executable, "-m", "flip_training.cli", "--home", str(home), "build", "llm"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "✓ llm built in" in done.stdout
    assert "mean test recall" in done.stdout
