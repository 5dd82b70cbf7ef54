"""``facecaption hash-benchmark``: make a benchmark's pictures known, so that nobody trains on them.

Arguments in, text out; the hashing belongs to ``shards.benchmark_hashes``.
"""

import os
import tarfile
from pathlib import Path
from typing import Annotated

import typer

from facecaption_assets.storage import Storage
from facecaption_assets.terminal import print_marked, stop


def hash_benchmark(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    place: Annotated[Path, typer.Argument(exists=True, help="Folder or tar of its pictures.")],
) -> None:
    """Record a benchmark's pictures by hash; training leaves out faces that are in it."""
    from facecaption_assets.shards import benchmark_hashes

    storage = Storage(os.environ["FACECAPTION_HOME"])
    try:
        hashed = benchmark_hashes.hash_benchmark(storage, name, place)
    except (benchmark_hashes.BenchmarkError, OSError, tarfile.TarError) as error:
        raise stop(str(error)) from None
    without = f", {hashed.without_phash} by their bytes only" if hashed.without_phash else ""
    print_marked("✓", "green", f"{name}: {hashed.pictures} pictures known{without}")
