"""Which of a recipe's partitions are missing or stale, and why.

Compares what was recorded at the time of writing with the settings and inputs of now; building
belongs to ``defs`` and the command line.
"""

from typing import Final

from flip_training.config import Preset
from flip_training.gates import GATES
from flip_training.pairs.inputs import NOT_BUILDABLE, find_inputs
from flip_training.pairs.recipe_files import all_recipes
from flip_training.pairs.recipes import Recipe
from flip_training.presets import preset_from_environment
from flip_training.storage import Storage, Verdict
from flip_training.versions import checkpoint_version, retrieval_version, training_set_version

#: Assets of a recipe, each built on those before it.
CHAIN: Final = ("training_sets", "flip_checkpoints", "flip_retrieval")


def stale_reason(storage: Storage, asset: str, recipe: Recipe, preset: Preset) -> str | None:
    """Why the recipe's partition must be built or checked; None where it is up to date.

    Raises:
        PartitionMissing: If the dataset has not what the recipe reads.
        GateFailed: If none of its shards is usable and one has failed a gate.
    """
    if reason := _outdated(storage, asset, recipe, preset):
        return reason
    judged = {v.check for v in storage.read_verdicts(asset, recipe.name)}
    if waiting := [g.name for g in GATES if g.asset == asset and g.name not in judged]:
        return f"not checked yet: {', '.join(waiting)}"
    return None


def is_current(storage: Storage, asset: str, recipe: Recipe, preset: Preset) -> bool:
    """Whether building the recipe's partition would only repeat what is there.

    That is so where it was made with these settings from these inputs, and no blocking check has
    failed. It may still be unchecked: then it needs checks, not another training.

    Raises:
        PartitionMissing: If the dataset has not what the recipe reads.
        GateFailed: If none of its shards is usable and one has failed a gate.
    """
    outdated = _outdated(storage, asset, recipe, preset)
    return outdated is None and not _failed(storage, asset, recipe.name)


def _outdated(storage: Storage, asset: str, recipe: Recipe, preset: Preset) -> str | None:
    provenance = storage.read_provenance(asset, recipe.name)
    if provenance is None:
        return "missing"
    if provenance.code_version != _code_version(asset, recipe, preset):
        return "settings have changed"
    if dict(provenance.input_versions) != _input_versions(storage, asset, recipe):
        return "inputs have changed"
    return None


def first_to_build(storage: Storage, recipe: Recipe, preset: Preset) -> tuple[str, str] | None:
    """The first asset of the chain that must be built, and why; None if all are up to date.

    A checkpoint is not trained again while the pairs before it have failed their gate.

    Raises:
        PartitionMissing: If the dataset has not what the recipe reads.
        GateFailed: If none of its shards is usable and one has failed a gate.
    """
    find_inputs(storage, recipe)
    for asset in CHAIN:
        if reason := stale_reason(storage, asset, recipe, preset):
            return asset, reason
        if _failed(storage, asset, recipe.name):
            return None
    return None


def _failed(storage: Storage, asset: str, recipe: str) -> list[Verdict]:
    return [v for v in storage.read_verdicts(asset, recipe) if v.blocking and not v.passed]


def states(storage: Storage, preset: Preset) -> list[tuple[str, str, str, str]]:
    """State of every partition: (asset, recipe, state, reason).

    A state is ``done``, ``stale``, ``failed`` (a blocking check) or ``missing``. A recipe that
    cannot be built is missing, and its first asset says why.

    Raises:
        RecipeError: If a file among the recipes is none.
    """
    return [
        (asset, recipe.name, *_state(storage, asset, recipe, preset))
        for recipe in all_recipes(storage).values()
        for asset in CHAIN
    ]


def _state(storage: Storage, asset: str, recipe: Recipe, preset: Preset) -> tuple[str, str]:
    if storage.read_provenance(asset, recipe.name) is None:
        return "missing", why_not(storage, recipe) if asset == CHAIN[0] else ""
    if failed := _failed(storage, asset, recipe.name):
        return "failed", "; ".join(f"{v.check}: {v.reason}" for v in failed)
    try:
        for name in CHAIN[: CHAIN.index(asset) + 1]:
            if reason := stale_reason(storage, name, recipe, preset):
                return "stale", reason if name == asset else f"{name}: {reason}"
    except NOT_BUILDABLE as error:
        return "stale", str(error)
    return "done", ""


def why_not(storage: Storage, recipe: Recipe) -> str:
    """Why a recipe cannot be built, after "cannot be built: "; empty where it can."""
    try:
        find_inputs(storage, recipe)
    except NOT_BUILDABLE as error:
        return f"cannot be built: {error}"
    return ""


def status_rows(home: str) -> list[tuple[str, str, str, str]]:
    """``states`` of a data root with the environment's preset; other packages' entry point."""
    return states(Storage.at(home), preset_from_environment())


def failed_checks(storage: Storage, recipe: Recipe, blocking: bool) -> list[tuple[str, Verdict]]:
    """Checks of the recipe's present partitions that failed, with their assets."""
    return [
        (asset, verdict)
        for asset in CHAIN
        for verdict in storage.read_verdicts(asset, recipe.name)
        if not verdict.passed and verdict.blocking == blocking
    ]


def _code_version(asset: str, recipe: Recipe, preset: Preset) -> str:
    if asset == "training_sets":
        return training_set_version(recipe)
    if asset == "flip_checkpoints":
        return checkpoint_version(recipe, preset)
    return retrieval_version(preset)


def _input_versions(storage: Storage, asset: str, recipe: Recipe) -> dict[str, str]:
    if asset == "training_sets":
        return dict(find_inputs(storage, recipe).versions)
    inputs = ("training_sets",) if asset == "flip_checkpoints" else CHAIN[:2]
    records = (storage.read_provenance(name, recipe.name) for name in inputs)
    return {f"{r.asset}/{recipe.name}": r.data_version for r in records if r}
