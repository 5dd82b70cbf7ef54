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


def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")],
    images: Annotated[Path | None, typer.Option(help="Folder of pictures, any depth.")] = None,
    webdataset: Annotated[
        Path | None, typer.Option(help="Folder of WebDataset tars, such as img2dataset's output.")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(help="Parquet file, or folder of them, with an image column.")
    ] = None,
    facecaption: Annotated[
        Path | None, typer.Option(help="FaceCaption-15M's Parquet file, or folder of them.")
    ] = None,
    sample: Annotated[bool, typer.Option(help="The sample of AI-generated people.")] = False,
    laion_part: Annotated[
        str | None, typer.Option(help="LAION-Face: a part, 00 to 31, or 20m or 50m for many.")
    ] = None,
    image_column: Annotated[
        str | None, typer.Option(help="Parquet: column of the pictures; default: the only one.")
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(help="Parquet: column of the alt-texts; default: by its name.")
    ] = None,
    rows_per_shard: Annotated[
        int | None, typer.Option(help="Most pictures in one shard; default: the profile's.")
    ] = None,
) -> None:
    """Register a source of pictures."""
    storage = Storage(os.environ["FACECAPTION_HOME"])
    places = {
        "folder": images,
        "webdataset": webdataset,
        "parquet": parquet,
        "facecaption": facecaption,
    }
    chosen = [(kind, place) for kind, place in places.items() if place is not None]
    if len(chosen) + sample + (laion_part is not None) != 1:
        raise stop(_CHOICE)
    kind, place = chosen[0] if chosen else ("sample" if sample else "laion", None)
    images_at = str(place.expanduser().absolute()) if place else None
    try:
        if laion_part is not None:
            _refuse_columns(name, image_column, text_column)
            names = add_laion_parts(storage, name, laion_part, rows_per_shard)
        else:
            names = [name]
            _add(
                storage,
                Source(name, kind, images_at, rows_per_shard, None, image_column, text_column),
            )
    except SourceError as error:
        raise stop(str(error)) from None
    added = f"Source {name} is" if len(names) == 1 else f"Sources {', '.join(names)} are"
    console.print(f"{added} registered. Build: facecaption build {' '.join(names)}")


def _add(storage: Storage, source: Source) -> None:
    """Register a source; of an import, only once its files turn out to be what they should."""
    from facecaption_assets.shards.opening import require_import

    require_import(source, storage)
    add_source(storage, source)


def _refuse_columns(name: str, *columns: str | None) -> None:
    if any(column is not None for column in columns):
        raise SourceError(f"source {name}: LAION-Face has no image_column and no text_column")
