"""The one resource: the data root and the preset that is trained."""

import dagster as dg

from flip_training.config import Preset
from flip_training.presets import preset, preset_from_environment
from flip_training.storage import Storage


class Trainer(dg.ConfigurableResource):
    """Where the dataset lies and with which settings it is trained on.

    Attributes:
        home: Data root, a local or mounted folder.
        preset_name: Named setting.
    """

    home: str
    preset_name: str

    @property
    def storage(self) -> Storage:
        """The data root."""
        return Storage.at(self.home)

    @property
    def preset(self) -> Preset:
        """The settings."""
        return preset(self.preset_name)

    @property
    def arguments(self) -> list[str]:
        """The same choice for a command line of this package."""
        return ["--home", str(self.storage.home), "--preset", self.preset_name]


def open_trainer(home: str | None = None, preset_name: str | None = None) -> Trainer:
    """The resource for a data root and a preset; by default, those of the environment.

    Raises:
        ValueError: If the data root is a URL, or the environment names an unknown preset.
    """
    storage = Storage.at(home) if home else Storage.from_environment()
    name = preset_name or preset_from_environment().name
    return Trainer(home=str(storage.home), preset_name=name)
