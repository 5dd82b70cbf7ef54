"""A training that diverged is not silently started into the same end again."""

from pathlib import Path

import pytest

from flip_training.training.divergence import (
    TrainingDiverged,
    record_divergence,
    refuse_known_divergence,
)


def test_nothing_recorded_refuses_nothing(tmp_path: Path) -> None:
    refuse_known_divergence(tmp_path, "settings")


def test_the_same_settings_are_refused_until_the_record_is_deleted(tmp_path: Path) -> None:
    record_divergence(tmp_path, "settings", "the loss is not finite at step 3")
    for _ in range(2):
        with pytest.raises(TrainingDiverged, match=r"finite at step 3.*delete .*diverged\.json"):
            refuse_known_divergence(tmp_path, "settings")
    (tmp_path / "diverged.json").unlink()
    refuse_known_divergence(tmp_path, "settings")


def test_other_settings_are_not_refused(tmp_path: Path) -> None:
    record_divergence(tmp_path, "settings", "the loss is not finite at step 3")
    refuse_known_divergence(tmp_path, "other settings")
    assert list(tmp_path.iterdir()) == []
