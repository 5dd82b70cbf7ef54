"""The code location and its dataset, for commands that run jobs."""

from typing import TYPE_CHECKING, Any

from facecaption_assets.terminal import stop

if TYPE_CHECKING:
    from facecaption_assets.defs.resources import Dataset


def open_location() -> "tuple[Any, Dataset]":
    """Definitions and dataset of the data root that the environment names."""
    from facecaption_assets.defs import resources
    from facecaption_assets.profiles import ProfileError

    try:
        from facecaption_assets.definitions import defs  # Reads the profile.
    except ProfileError as error:
        raise stop(str(error)) from None
    return defs, resources.open_dataset()
