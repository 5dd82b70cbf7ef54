"""The one resource: the data root and the preset that is trained."""

import os

import dagster as dg

from flip_training.config import Preset
from flip_training.overriding import changes_from_environment, overridden
from flip_training.presets import changed_preset, name_from_environment, preset
from flip_training.storage import Storage


class Trainer(dg.ConfigurableResource):
    """Where the dataset lies and with which settings it is trained on.

    Attributes:
        home: Data root, a local or mounted folder.
        preset_name: Named setting.
        changes: Single settings instead of the preset's, such as ``train.lr=1e-4``.
        processes: How many train together: a number, or auto for one per visible GPU.
    """

    home: str
    preset_name: str
    changes: list[str] = []  # noqa: RUF012 - a field of a model, copied for each instance
    processes: str = "auto"

    @property
    def storage(self) -> Storage:
        """The data root."""
        return Storage.at(self.home)

    @property
    def preset(self) -> Preset:
        """The settings, with their changes."""
        return overridden(preset(self.preset_name), self.changes)

    @property
    def arguments(self) -> list[str]:
        """The same choice for a command line of this package."""
        changes = [part for change in self.changes for part in ("--set", change)]
        return ["--home", str(self.storage.home), "--preset", self.preset_name, *changes]


def open_trainer(home: str | None = None, preset_name: str | None = None) -> Trainer:
    """The resource for a data root and a preset; by default, those of the environment.

    Raises:
        ValueError: If the data root is a URL, or the environment names or changes an unknown
            setting.
    """
    storage = Storage.at(home) if home else Storage.from_environment()
    name = preset_name or name_from_environment()
    changed_preset(name)  # A wrong change is told now, and not when a run has started.
    return Trainer(
        home=str(storage.home),
        preset_name=name,
        changes=list(changes_from_environment()),
        processes=os.environ.get("FLIP_PROCESSES", "auto"),
    )
