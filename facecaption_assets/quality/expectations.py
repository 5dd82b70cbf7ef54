"""Expectations, and tables held against them with Great Expectations.

Great Expectations is imported where a table is held against a suite, because the import takes
seconds. What each table is expected to be belongs to ``suites``; the same rules over long tables to
``aggregates``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Expectation:
    """One rule of a suite.

    Attributes:
        type: Great Expectations' name of the rule, without the leading ``expect_``.
        arguments: The rule's arguments, columns included.
        severity: ``critical`` blocks the stages that follow; ``warning`` does not.
    """

    type: str
    arguments: Mapping[str, Any]
    severity: Severity = "critical"

    @property
    def mostly(self) -> float:
        """Smallest share of the rows, of those that it speaks of, that must keep the rule."""
        return float(self.arguments.get("mostly", 1))

    @property
    def columns(self) -> list[str]:
        """Columns that the rule reads."""
        single = [self.arguments.get(name) for name in ("column", "column_A", "column_B")]
        several = self.arguments.get("column_list", ())
        return [name for name in (*single, *several) if name is not None]


@dataclass(frozen=True)
class ExpectationRow:
    """What became of one expectation.

    Attributes:
        expectation: Great Expectations' name of it, such as ``expect_column_values_to_be_unique``.
        column: Column or columns that it speaks of.
        severity: As in the suite.
        passed: Whether it held.
        observed: The observed value, or a few values that broke it.
        unexpected_percent: Share of the non-null values that broke it, percent; None where the
            expectation does not look at single values, or there were none.
    """

    expectation: str
    column: str
    severity: Severity
    passed: bool
    observed: str
    unexpected_percent: float | None


@dataclass(frozen=True)
class SuiteResult:
    """What became of a suite.

    Attributes:
        passed: Whether every expectation held.
        has_critical_failure: Whether one that blocks did not.
        rows: One entry per expectation.
    """

    passed: bool
    has_critical_failure: bool
    rows: list[ExpectationRow]


def validate(table: pa.Table, expectations: Sequence[Expectation], name: str) -> SuiteResult:
    """Hold a table against a suite; an empty table passes.

    Args:
        table: The shard's rows; only the columns that the suite names are copied.
        expectations: What must hold.
        name: Name of the suite.

    Raises:
        ValueError: If the suite names a column that the table does not have.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    columns = list(dict.fromkeys(column for e in expectations for column in e.columns))
    if missing := [column for column in columns if column not in table.column_names]:
        raise ValueError(f"suite {name} names columns that the table does not have: {missing}")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("shards")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("shard")
        .get_batch(batch_parameters={"dataframe": table.select(columns).to_pandas()})
    )
    configurations = [
        {"type": f"expect_{e.type}", "kwargs": dict(e.arguments), "severity": e.severity}
        for e in expectations
    ]
    suite = gx.ExpectationSuite(name=name, expectations=configurations)
    results = batch.validate(suite, result_format="SUMMARY").results
    rows = [_row(result.to_json_dict()) for result in results]
    failed = [row for row in rows if not row.passed]
    critical = any(row.severity == "critical" for row in failed)
    return SuiteResult(passed=not failed, has_critical_failure=critical, rows=rows)


def _row(result: Any) -> ExpectationRow:
    config, details = result["expectation_config"], result["result"]
    observed = details.get("observed_value", details.get("partial_unexpected_list", ""))
    raised = result["exception_info"]
    if raised.get("raised_exception", True):  # or one entry per metric that raised
        observed = raised.get("exception_message", raised)
    return ExpectationRow(
        expectation=config["type"],
        column=", ".join(Expectation(config["type"], config["kwargs"]).columns),
        severity=config["severity"],
        passed=bool(result["success"]),
        observed="" if observed in ("", []) else str(observed)[:300],
        unexpected_percent=details.get("unexpected_percent"),
    )
