"""The command ``facecaption add-source``: register pictures, wherever they are.

What a source is belongs to ``shards.sources``. How its files are read is imported when the command
runs, so that ``--help`` answers at once.
"""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from facecaption_assets.shards.sources import Source, SourceError, add_laion_parts, add_source
from facecaption_assets.storage import Storage
from facecaption_assets.terminal import console, stop

_CHOICE: Final = (
    "give one of --images DIR, --webdataset DIR, --parquet PATH, --facecaption PATH, --sample "
    "and --laion-part PART"
)

_Name = Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")]
_Images = Annotated[Path | None, typer.Option(help="Folder of pictures, any depth.")]
_WebDataset = Annotated[
    Path | None, typer.Option(help="Folder of WebDataset tars, such as img2dataset's output.")
]
_Parquet = Annotated[
    Path | None, typer.Option(help="Parquet file, or folder of them, with an image column.")
]
_FaceCaption = Annotated[
    Path | None, typer.Option(help="FaceCaption-15M's Parquet file, or folder of them.")
]
_Sample = Annotated[bool, typer.Option(help="The sample of AI-generated people.")]
_LaionPart = Annotated[
    str | None, typer.Option(help="LAION-Face: a part, 00 to 31, or 20m or 50m for many.")
]
_ImageColumn = Annotated[
    str | None, typer.Option(help="Parquet: column of the pictures; default: the only one.")
]
_TextColumn = Annotated[
    str | None, typer.Option(help="Parquet: column of the alt-texts; default: by its name.")
]
_RowsPerShard = Annotated[
    int | None, typer.Option(help="Most pictures in one shard; default: the profile's.")
]


def add(
    name: _Name,
    images: _Images = None,
    webdataset: _WebDataset = None,
    parquet: _Parquet = None,
    facecaption: _FaceCaption = None,
    sample: _Sample = False,
    laion_part: _LaionPart = None,
    image_column: _ImageColumn = None,
    text_column: _TextColumn = None,
    rows_per_shard: _RowsPerShard = None,
) -> None:
    """Register a source of pictures."""
    files = {"webdataset": webdataset, "parquet": parquet, "facecaption": facecaption}
    places = {kind: place for kind, place in {"folder": images, **files}.items() if place}
    if len(places) + sample + (laion_part is not None) != 1:
        raise stop(_CHOICE)
    storage = Storage(os.environ["FACECAPTION_HOME"])
    kind, place = next(iter(places.items()), ("laion" if laion_part else "sample", None))
    at = str(place.expanduser().absolute()) if place else None
    try:
        if laion_part is not None:
            _refuse_columns(name, image_column, text_column)
            names = add_laion_parts(storage, name, laion_part, rows_per_shard)
        else:
            _add(storage, Source(name, kind, at, rows_per_shard, None, image_column, text_column))
            names = [name]
    except SourceError as error:
        raise stop(str(error)) from None
    added = f"Source {name} is" if len(names) == 1 else f"Sources {', '.join(names)} are"
    console.print(f"{added} registered. Build: facecaption build {' '.join(names)}")


def _add(storage: Storage, source: Source) -> None:
    """Register a source; an import only if its files are what they should be."""
    from facecaption_assets.shards.opening import require_import

    require_import(source, storage)
    add_source(storage, source)


def _refuse_columns(name: str, *columns: str | None) -> None:
    if any(column is not None for column in columns):
        raise SourceError(f"source {name}: LAION-Face has no image_column and no text_column")
