"""Factories of asset checks; predicates and suites belong to ``quality``.

Dagster holds back what is downstream of a failed blocking check within the same run only, so each
verdict is also recorded beside the partition, where a later run's ``Storage.require`` finds it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg

from facecaption_assets.defs.partitions import shards
from facecaption_assets.defs.report_links import report_link
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.provenance import Verdict
from facecaption_assets.quality.expectations import SuiteResult, validate
from facecaption_assets.quality.failing_rows import failing_rows_of_table
from facecaption_assets.quality.gate_page import gate_page, write_gate_page
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.schema import WHOLE_DATASET
from facecaption_assets.storage import Storage


def gate(
    asset: str,
    name: str,
    judge: Callable[[Dataset, str], Outcome],
    *,
    blocking: bool = True,
    partitions: dg.PartitionsDefinition | None = shards,
) -> dg.AssetChecksDefinition:
    """A check from a predicate on the partition's tables; its docstring is the description.

    Args:
        asset: Asset that is checked.
        name: A fact that reads true, such as ``rows_conserved``.
        judge: Function of the dataset and the partition's key.
        blocking: Whether a failure holds back what is downstream, or only warns.
        partitions: The asset's partition set; None for an asset over the whole dataset.
    """
    severity = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(
        asset=asset,
        name=name,
        description=judge.__doc__,
        blocking=blocking,
        partitions_def=partitions,
    )
    def check(context: dg.AssetCheckExecutionContext, dataset: Dataset) -> dg.AssetCheckResult:
        run = context.op_execution_context
        shard = run.partition_key if run.has_partition_key else WHOLE_DATASET
        outcome = judge(dataset, shard)
        record(
            dataset.storage, asset, shard, Verdict(name, outcome.passed, blocking, outcome.reason)
        )
        return dg.AssetCheckResult(
            passed=outcome.passed,
            severity=severity,
            description=outcome.reason,
            metadata=dict(outcome.numbers),
        )

    return check


def expectation_gate(
    asset: str, name: str, expectations: Callable[[Dataset], list[Any]], description: str
) -> dg.AssetChecksDefinition:
    """A check from a Great Expectations suite on the shard's table.

    A failed critical expectation blocks; a failed warning warns. The rows that broke one are on a
    page among the reports, for as long as the check fails.

    Args:
        asset: Asset that is checked.
        name: A fact that reads true.
        expectations: Function of the dataset, whose settings a suite may depend on, that makes
            the suite; called when the check runs.
        description: What the suite holds, for the UI.
    """

    @dg.asset_check(
        asset=asset, name=name, description=description, blocking=True, partitions_def=shards
    )
    def check(context: dg.AssetCheckExecutionContext, dataset: Dataset) -> dg.AssetCheckResult:
        shard = context.op_execution_context.partition_key
        table, suite = dataset.storage.read_table(asset, shard), expectations(dataset)
        result = validate(table, suite, name)
        reason = _suite_reason(result)
        verdict = Verdict(name, not result.has_critical_failure, True, reason)
        record(dataset.storage, asset, shard, verdict)
        failed = [] if result.passed else failing_rows_of_table(table, suite, result)
        write_gate_page(dataset.storage, asset, shard, name, failed)
        return dg.AssetCheckResult(
            passed=result.passed,
            severity=(
                dg.AssetCheckSeverity.ERROR
                if result.has_critical_failure
                else dg.AssetCheckSeverity.WARN
            ),
            description=reason,
            metadata={"expectations": suite_table(result), **_page_link(asset, shard, failed)},
        )

    return check


def _page_link(asset: str, shard: str, failed: list[Any]) -> dict[str, dg.UrlMetadataValue]:
    page = report_link(str(gate_page(asset, shard)))
    return {"failing_rows": dg.MetadataValue.url(page)} if failed else {}


def record(storage: Storage, asset: str, shard: str, verdict: Verdict) -> None:
    """Keep a verdict on what is there now, for later runs."""
    version = storage.require_built(asset, shard).data_version
    storage.record_verdict(asset, shard, replace(verdict, data_version=version))


def _suite_reason(result: SuiteResult) -> str:
    failed = [f"{row.expectation} on {row.column}" for row in result.rows if not row.passed]
    if not failed:
        return f"All {len(result.rows)} expectations hold."
    return f"{len(failed)} of {len(result.rows)} expectations do not hold: {'; '.join(failed)}"


def suite_table(result: SuiteResult) -> dg.TableMetadataValue:
    """What became of every expectation, as the UI shows it."""
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    "expectation": row.expectation,
                    "column": row.column,
                    "severity": row.severity,
                    "holds": row.passed,
                    "observed": str(row.observed),
                }
            )
            for row in result.rows
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn("expectation", "string"),
                dg.TableColumn("column", "string"),
                dg.TableColumn("severity", "string"),
                dg.TableColumn("holds", "bool"),
                dg.TableColumn("observed", "string"),
            ]
        ),
    )
