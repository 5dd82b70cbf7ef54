"""What is said and remembered of a training whose losses are not finite any more.

A training is deterministic: started again with the same settings it would end the same way, so the
next one is refused until the settings or the mind of the user have changed.
"""

import json
import os
from pathlib import Path
from typing import Final

from flip_training.publishing import publish

_FILE: Final = "diverged.json"


class TrainingDiverged(RuntimeError):
    """A loss or a gradient is not finite any more."""


def record_divergence(work: Path, fingerprint: str, reason: str) -> None:
    """Remember in a training's folder that it diverged with these settings."""
    work.mkdir(parents=True, exist_ok=True)
    local = work / f".{_FILE}.{os.getpid()}"
    local.write_text(json.dumps({"fingerprint": fingerprint, "reason": reason}), "utf-8")
    publish(local, work / _FILE)


def refuse_known_divergence(work: Path, fingerprint: str) -> None:
    """Do nothing, unless a training of this folder diverged with the same settings and pairs.

    Raises:
        TrainingDiverged: If it did.
    """
    path = work / _FILE
    if not path.exists():
        return
    record = json.loads(path.read_text("utf-8"))
    if record["fingerprint"] == fingerprint:
        raise TrainingDiverged(
            f"a training with the same settings diverged before: {record['reason']}. To try the "
            f"same once more, delete {path}"
        )
    path.unlink(missing_ok=True)
