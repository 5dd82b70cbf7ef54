"""Checks of ``quality_report`` over all shards together; the rules belong to ``quality``."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import dagster as dg

from facecaption_assets.defs.gates import record, suite_table
from facecaption_assets.defs.report_links import report_link
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.provenance import Verdict
from facecaption_assets.quality import dataset_rules
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.dataset_rules import Fault
from facecaption_assets.quality.dataset_suites import hold_dataset, table_suites
from facecaption_assets.quality.gate_page import gate_page
from facecaption_assets.schema import WHOLE_DATASET

if TYPE_CHECKING:
    import duckdb

_ASSET: Final = "quality_report"
_SUITES: Final = "tables_well_formed"

#: What each rule's check says where nothing is at fault.
_GOOD: Final = {
    "ids_unique": "Every id occurs once.",
    "references_intact": "Every row stems from a row that the stage before has kept.",
    "rows_conserved": "What a stage has kept has a row in the next, from plan to final captions.",
    "split_groups_agree": "Every picture has one split group.",
    "numbers_finite": "No number is NaN or infinite.",
    "versions_agree": "All shards of each table were made by the same code and settings.",
}

#: A dataset of two versions is no fault while it is being rebuilt.
_ONLY_WARN: Final = frozenset({"versions_agree"})

_SPECS: Final = [
    *(
        dg.AssetCheckSpec(
            name,
            asset=_ASSET,
            description=getattr(dataset_rules, name).__doc__,
            blocking=name not in _ONLY_WARN,
        )
        for name in _GOOD
    ),
    dg.AssetCheckSpec(
        _SUITES,
        asset=_ASSET,
        description="The expectations of every table's suite hold over all shards together.",
        blocking=True,
    ),
]


@dg.multi_asset_check(specs=_SPECS, name="quality_report_dataset_gates")
def dataset_gates(
    context: dg.AssetCheckExecutionContext, dataset: Dataset
) -> Iterator[dg.AssetCheckResult]:
    """Everything that no check of a single shard can see, from one look at all tables."""
    with open_tables(dataset.storage) as connection:
        for name, find in _rules(dataset, connection).items():
            yield _rule_result(dataset, name, find())
        yield _suites_result(dataset, connection)


def _rules(
    dataset: Dataset, connection: "duckdb.DuckDBPyConnection"
) -> Mapping[str, Callable[[], list[Fault]]]:
    return {
        "ids_unique": partial(dataset_rules.ids_unique, connection),
        "references_intact": partial(dataset_rules.references_intact, connection),
        "rows_conserved": partial(dataset_rules.rows_conserved, connection, dataset.storage),
        "split_groups_agree": partial(dataset_rules.split_groups_agree, connection),
        "numbers_finite": partial(dataset_rules.numbers_finite, connection),
        "versions_agree": partial(dataset_rules.versions_agree, dataset.storage),
    }


def _rule_result(dataset: Dataset, name: str, faults: list[Fault]) -> dg.AssetCheckResult:
    outcome = dataset_rules.judge(faults, _GOOD[name])
    blocking = name not in _ONLY_WARN
    verdict = Verdict(name, outcome.passed, blocking, outcome.reason)
    record(dataset.storage, _ASSET, WHOLE_DATASET, verdict)
    return dg.AssetCheckResult(
        asset_key=_ASSET,
        check_name=name,
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description=outcome.reason,
        metadata={**outcome.numbers, "faults": _fault_table(faults)},
    )


def _suites_result(
    dataset: Dataset, connection: "duckdb.DuckDBPyConnection"
) -> dg.AssetCheckResult:
    suites = table_suites(dataset.profile.rewriting)
    results = hold_dataset(connection, dataset.storage, suites, _ASSET, _SUITES)
    failed = {table: result for table, result in results.items() if not result.passed}
    critical = any(result.has_critical_failure for result in failed.values())
    rules = sum(len(suite) for suite in suites.values())
    reason = (
        f"Expectations do not hold over all shards of {', '.join(failed)}."
        if failed
        else f"All {rules} expectations of {len(suites)} tables hold over all shards."
    )
    record(dataset.storage, _ASSET, WHOLE_DATASET, Verdict(_SUITES, not critical, True, reason))
    return dg.AssetCheckResult(
        asset_key=_ASSET,
        check_name=_SUITES,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        description=reason,
        metadata={
            **{table: suite_table(result) for table, result in results.items()},
            **{
                f"{table}_failing_rows": dg.MetadataValue.url(
                    report_link(str(gate_page(_ASSET, table)))
                )
                for table in failed
            },
        },
    )


def _fault_table(faults: list[Fault]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({"table": f.table, "rows": f.rows, "what": f.what, "example": f.example})
            for f in faults
        ],
        schema=dg.TableSchema(
            [
                dg.TableColumn(name, "int" if name == "rows" else "string")
                for name in ("table", "rows", "what", "example")
            ]
        ),
    )
