"""A registered source → the object that lists and reads its pictures."""

from pathlib import Path

from facecaption_assets.models import ModelStore
from facecaption_assets.shards.folder import PictureFolder
from facecaption_assets.shards.laion_part import LaionPart
from facecaption_assets.shards.pictures import PictureSource
from facecaption_assets.shards.sample import SampleArchive
from facecaption_assets.shards.sources import Source, SourceError
from facecaption_assets.storage import Storage


def open_source(source: Source, store: ModelStore, storage: Storage) -> PictureSource:
    """The pictures of a registered source.

    Raises:
        SourceError: If its folder is not there.
        ModelUnavailable: If the sample's archive cannot be had.
    """
    if source.kind == "sample":
        return SampleArchive(store.path("openpeople"))
    if source.part is not None:
        return LaionPart(storage, source.part)
    root = Path(source.images or "")
    if not root.is_dir():
        raise SourceError(f"source {source.name}: images {source.images} is not a folder")
    return PictureFolder(root)
