"""A registered source → the object that lists and reads its pictures."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.models import ModelStore
from facecaption_assets.shards.facecaption_import import FaceCaptionList
from facecaption_assets.shards.facecaption_rows import describe_face_row
from facecaption_assets.shards.folder import PictureFolder
from facecaption_assets.shards.import_files import ImportFiles
from facecaption_assets.shards.index_cache import IndexCache
from facecaption_assets.shards.laion_part import LaionPart
from facecaption_assets.shards.parquet_columns import image_columns
from facecaption_assets.shards.parquet_images import ParquetPictures
from facecaption_assets.shards.pictures import PictureSource
from facecaption_assets.shards.sample import SampleArchive
from facecaption_assets.shards.sources import IMPORTS, Source, require_place
from facecaption_assets.shards.webdataset_import import WEBDATASET_SUFFIXES, WebDatasetFolder
from facecaption_assets.storage import Storage


def open_source(source: Source, store: ModelStore, storage: Storage) -> PictureSource:
    """The pictures of a registered source.

    Raises:
        SourceError: If its folder or file is not there, or is not what its kind says.
        ModelUnavailable: If the sample's archive cannot be had.
    """
    if source.kind == "sample":
        return SampleArchive(store.path("openpeople"))
    if source.part is not None:
        return LaionPart(storage, source.part)
    require_place(source)
    if source.kind == "folder":
        return PictureFolder(Path(source.images or ""))
    return open_import(source, storage)


def open_import(
    source: Source, storage: Storage
) -> WebDatasetFolder | ParquetPictures | FaceCaptionList:
    """The pictures of a source of kind webdataset, parquet or facecaption.

    Raises:
        SourceError: If there are no such files, or the first has no usable columns.
    """
    root = Path(source.images or "")
    suffixes = WEBDATASET_SUFFIXES if source.kind == "webdataset" else (".parquet",)
    files = ImportFiles(source.name, root, suffixes)
    first = next(iter(files.paths))
    if source.kind == "webdataset":
        return WebDatasetFolder(files, IndexCache(storage, source.name))
    if source.kind == "facecaption":
        if source.image_column is None and not _has_pixels(files, first):
            return FaceCaptionList(files, IndexCache(storage, source.name))
        found = ParquetPictures(files, source.image_column, None, describe_face_row)
    else:
        found = ParquetPictures(files, source.image_column, source.text_column)
    found.columns_of(first)
    return found


def require_import(source: Source, storage: Storage) -> None:
    """Check that an import can be read, before it gets its name for good.

    Raises:
        SourceError: As for ``open_import``. Other kinds pass.
    """
    if source.kind in IMPORTS:
        require_place(source)
        open_import(source, storage)


def _has_pixels(files: ImportFiles, file: str) -> bool:
    path = files.paths[file]
    try:
        with path.open("rb") as opened:
            return bool(image_columns(pq.read_schema(opened)))
    except (pa.ArrowException, OSError) as error:
        raise files.unusable(path, error) from error
