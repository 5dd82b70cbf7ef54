"""The commands ``flip embed-faces`` and ``flip embed-target``: what the cluster filter reads.

Arguments in, text out; embedding belongs to ``embedding``, which is imported when they run.
"""

import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flip_training.commands.terminal import console, errors, stop
from flip_training.pairs.image_embeddings import CLIP_SETTING
from flip_training.storage import GateFailed, PartitionMissing, Storage

if TYPE_CHECKING:
    from flip_training.pairs.embedding import PictureEncoder


_Clip = Annotated[
    str, typer.Option("--clip", envvar=CLIP_SETTING, help="CLIP: name on the hub, or folder.")
]
_BatchSize = Annotated[int, typer.Option(min=1, help="Pictures per call of the model.")]


def embed_faces(clip: _Clip = "", batch_size: _BatchSize = 64) -> None:
    """Embed every shard's crops that are not embedded yet; can be stopped and started again."""
    from flip_training.pairs.embedding import embed_shard

    storage, encoder = _open(clip)
    shards = storage.partitions("face_crops")
    for number, shard in enumerate(shards, 1):
        try:
            done = embed_shard(storage, shard, encoder, batch_size)
        except (PartitionMissing, GateFailed, OSError, tarfile.TarError) as error:
            errors.print(f"✗ {shard} is passed over: {error}", soft_wrap=True)
            continue
        told = f"{done.counts['embedded']:.0f} faces" if done else "up to date"
        console.print(f"✓ {number}/{len(shards)} {shard}: {told}", soft_wrap=True)


def embed_target(
    name: Annotated[str, typer.Argument(help="What recipes call it.")],
    place: Annotated[Path, typer.Argument(exists=True, help="Folder or tar of pictures.")],
    clip: _Clip = "",
    batch_size: _BatchSize = 64,
) -> None:
    """Embed the pictures that faces should be like, for recipes with in_clusters."""
    from flip_training.pairs import embedding

    storage, encoder = _open(clip)
    try:
        done = embedding.embed_target(storage, name, place, encoder, batch_size)
    except (ValueError, OSError, tarfile.TarError) as error:
        raise stop(f"{place}: {error}") from None
    console.print(
        f"✓ {name}: {done.counts['embedded']:.0f} pictures, {done.counts['unreadable']:.0f} "
        "unreadable",
        soft_wrap=True,
    )


def _open(clip: str) -> "tuple[Storage, PictureEncoder]":
    from flip_training.pairs.embedding import EncoderUnavailable, PictureEncoder

    try:
        return Storage.from_environment(), PictureEncoder(clip)
    except (EncoderUnavailable, ValueError) as error:
        raise stop(str(error)) from None
