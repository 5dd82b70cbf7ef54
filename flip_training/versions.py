"""Code versions: hashes of the settings that a partition depends on. Free of torch.

Beside the settings, each names the version of its own algorithm; raise it when the code's meaning
changes, and the partitions show as stale.
"""

from flip_training.config import Preset, fingerprint
from flip_training.recipes import Recipe


def training_set_version(recipe: Recipe) -> str:
    """Version of the choice and the splits of a recipe's pairs."""
    return fingerprint("training_sets-4", recipe)


def checkpoint_version(recipe: Recipe, preset: Preset) -> str:
    """Version of a recipe's training."""
    return fingerprint("flip_checkpoints-2", recipe.name, preset.model, preset.train)


def retrieval_version(preset: Preset) -> str:
    """Version of the retrieval metrics."""
    return fingerprint("flip_retrieval-2", preset.evaluation)
