"""Automation conditions.

https://docs.dagster.io/guides/automate/declarative-automation
"""

from typing import Any, TypeAlias

import dagster as dg

_AC = dg.AutomationCondition
# Dagster types some operators for assets and some for checks as well; ours join both kinds.
_Condition: TypeAlias = dg.AutomationCondition[Any]

_missing: _Condition = _AC.missing().newly_true()
_changed: _Condition = _AC.code_version_changed() | _AC.any_deps_updated()
_blocked: _Condition = _AC.any_deps_missing() | _AC.any_deps_in_progress() | _AC.in_progress()

#: Rebuild a shard's slice when it is missing, its settings changed, or what it reads changed; not
#: while an input is missing or being built, nor behind a failed gate.
rebuild_slice = (
    (_missing | _changed).since_last_handled() & ~_blocked & _AC.all_deps_blocking_checks_passed()
).with_label("rebuild_slice")
