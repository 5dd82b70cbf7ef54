"""The gates of ``flip_training.gates`` as partitioned asset checks.

Dagster holds back what is downstream of a failed blocking check within the same run only, so each
verdict is also recorded beside the partition, where a later run's ``Storage.require`` finds it.
"""

import dagster as dg

from flip_training.defs.partitions import recipes
from flip_training.defs.resources import Trainer
from flip_training.gates import GATES, Gate


def _check(gate: Gate) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=gate.asset,
        name=gate.name,
        description=gate.description,
        blocking=gate.blocking,
        partitions_def=recipes,
    )
    def check(context: dg.AssetCheckExecutionContext, trainer: Trainer) -> dg.AssetCheckResult:
        recipe = context.op_execution_context.partition_key
        verdict = gate.judge(trainer.storage, recipe)
        trainer.storage.record_verdict(gate.asset, recipe, verdict)
        return dg.AssetCheckResult(
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity.ERROR if gate.blocking else dg.AssetCheckSeverity.WARN,
            description=verdict.reason or "Holds.",
        )

    return check


CHECKS = [_check(gate) for gate in GATES]
