"""Code versions: hashes of the settings that a partition depends on. Free of torch.

Beside the settings, each names the version of its own algorithm; raise it when the code's meaning
changes, and the partitions show as stale.
"""

from dataclasses import asdict

from flip_training.config import NOT_LEARNT, Preset, fingerprint
from flip_training.pairs.recipes import Recipe


def training_set_version(recipe: Recipe) -> str:
    """Version of the choice and the splits of a recipe's pairs."""
    return fingerprint("training_sets-4", recipe)


def checkpoint_version(recipe: Recipe, preset: Preset) -> str:
    """Version of a recipe's training: of all that decides what is learnt."""
    learnt = {k: v for k, v in asdict(preset.train).items() if k not in NOT_LEARNT}
    return fingerprint("flip_checkpoints-3", recipe.name, preset.model, learnt)


def retrieval_version(preset: Preset) -> str:
    """Version of the retrieval metrics."""
    return fingerprint("flip_retrieval-4", preset.evaluation)
