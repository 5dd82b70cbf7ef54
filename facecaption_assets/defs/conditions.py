"""Automation conditions.

https://docs.dagster.io/guides/automate/declarative-automation
"""

import dagster as dg

from facecaption_assets.schema import PART_TABLES

_AC = dg.AutomationCondition
_missing = _AC.missing().newly_true()
_changed = _AC.code_version_changed() | _AC.any_deps_updated()

#: Show where shards and published faces come from. None of their partitions is a shard's, so
#: conditions on all dependencies would never hold of them.
_LINEAGE_ONLY = dg.AssetSelection.assets(*PART_TABLES)

#: Rebuild a shard's slice when it is missing, its settings changed, or what it reads changed; not
#: while an input is missing or being built, nor behind a failed gate.
rebuild_slice = (
    (
        # Dagster annotates this method for conditions on checks as well, which `|` does not give.
        (_missing | _changed).since_last_handled()  # type: ignore[misc]
        & ~_AC.any_deps_missing()
        & ~_AC.any_deps_in_progress()
        & ~_AC.in_progress()
        & _AC.all_deps_blocking_checks_passed()
    )
    .ignore(_LINEAGE_ONLY)
    .with_label("rebuild_slice")
)
