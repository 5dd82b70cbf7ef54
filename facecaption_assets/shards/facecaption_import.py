"""FaceCaption-15M's published table as a source: its pictures are URLs, its rows their faces.

The rows of one URL are the faces of one picture. The bytes are downloaded by URL, never read from
here; a copy of the table that has pixels is read by ``parquet_images``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pyarrow as pa

from facecaption_assets.shards.facecaption_index import NO_URL, FaceIndex, write_index
from facecaption_assets.shards.facecaption_rows import describe_faces
from facecaption_assets.shards.import_files import ImportFiles
from facecaption_assets.shards.index_cache import IndexCache
from facecaption_assets.shards.pictures import PictureUnreadable, SideCar


@dataclass(frozen=True)
class FaceCaptionList:
    """The pictures of the table, known by their URLs.

    Attributes:
        files: The Parquet file, or those it was split into.
        indexes: Where the sorted rows are kept.
    """

    files: ImportFiles
    indexes: IndexCache

    @cached_property
    def _index(self) -> FaceIndex:
        paths = list(self.files.paths.values())
        try:
            path = self.indexes.get(
                "faces", self.files.version, lambda target: write_index(paths, target)
            )
        except (pa.ArrowException, duckdb.Error, OSError, ValueError) as error:
            raise self.files.unusable(self.files.root, error) from error
        return FaceIndex(path)

    def list_names(self) -> Iterator[str]:
        """URLs, each once; ``facecaption:ID`` for a face whose URL is not known.

        Raises:
            SourceError: If the table cannot be read, or has no URLs.
        """
        return self._index.names()

    def url(self, name: str) -> str:
        """The picture's http(s) URL, which is its name."""
        return name

    def fingerprint(self, name: str) -> str | None:
        """None: what is behind a URL is known when it has been fetched."""
        return None

    def side_car(self, name: str) -> SideCar:
        """The web's text, and every face with its captions and its box."""
        return describe_faces(self._index.rows(name))

    def read(self, url: str, max_bytes: int) -> bytes:
        """Never succeeds: pictures of the web are downloaded.

        Raises:
            PictureUnreadable: Always; says so where there is no URL to download from.
        """
        if url.startswith(NO_URL):
            raise PictureUnreadable(f"face {url.removeprefix(NO_URL)} has no URL in the table")
        raise PictureUnreadable(f"{url} is on the web and has to be downloaded")
