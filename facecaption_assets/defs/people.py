"""Checks on groups of people: of a shard, and of the whole dataset. They warn and never block."""

from collections.abc import Iterable

import dagster as dg

from facecaption_assets.defs.gates import gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.freshness import SHARD_INPUTS
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.people.findings import Comparison, find_steps
from facecaption_assets.quality.people.judging import judge_steps, tables_keep_people_alike
from facecaption_assets.schema import TABLES


def _alike(dataset: Dataset, shard: str) -> Outcome:
    """From the labels on, no stage of the shard drops one group far more than another.

    Groups are predicted sexes and ages, and skin tones that side-cars state. What is lost before
    the labels cannot be split by a prediction.
    """
    storage, settings = dataset.storage, dataset.profile.quality
    tables = {
        name: storage.read_table(name, shard)
        for name in SHARD_INPUTS["shard_quality"]
        if name in TABLES and storage.read_provenance(name, shard) is not None
    }
    return tables_keep_people_alike(tables, settings)


shard_keeps_people_alike = gate("shard_quality", "stages_keep_people_alike", _alike, blocking=False)


@dg.asset_check(asset="quality_report", name="stages_keep_people_alike")
def dataset_keeps_people_alike(
    context: dg.AssetCheckExecutionContext, dataset: Dataset
) -> dg.AssetCheckResult:
    """From the labels on, no stage drops one group of people far more than another.

    Asked of all built shards together, so that it sees what is too small for one.
    """
    settings = dataset.profile.quality
    with open_tables(dataset.storage) as connection:
        steps = find_steps(connection, settings.skin_tone_field)
    outcome = judge_steps(steps, settings)
    tables = {factor: _table(compared) for factor, compared in steps.items()}
    return dg.AssetCheckResult(
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=outcome.reason,
        metadata={**outcome.numbers, **tables},
    )


def _table(compared: Iterable[Comparison]) -> dg.TableMetadataValue:
    names = ("step", "group", "faces", "passed", "interval_95")
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    "step": comparison.meaning,
                    "group": group,
                    "faces": found.size,
                    "passed": f"{found.value:.1%}",
                    "interval_95": f"{found.low:.1%} to {found.high:.1%}",
                }
            )
            for comparison in compared
            for group, found in comparison.groups.items()
        ],
        schema=dg.TableSchema(
            [dg.TableColumn(name, "int" if name == "faces" else "string") for name in names]
        ),
    )
