"""What was read of a file, kept as long as the file is the same one.

Many recipes ask for the records of the same shards; each is read once. Which files there are
belongs to ``storage``.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, cast

_More = TypeVarTuple("_More")
_Found = TypeVar("_Found")

#: Results that are kept: several for each shard of a large dataset.
_MOST: Final = 1 << 16


def kept_while_unchanged(
    read: Callable[[Path, *_More], _Found],
) -> Callable[[Path, *_More], _Found]:
    """Let a function of a file be called once for each state of the file and other arguments.

    What it returns is shared and must not be changed. A file is the same as long as its inode,
    size and times are; whatever is published gets a new inode.
    """

    @lru_cache(maxsize=_MOST)
    def keep(_: Hashable, path: Path, *more: Hashable) -> _Found:
        return read(path, *cast(tuple[*_More], more))

    @wraps(read)
    def ask(path: Path, /, *more: *_More) -> _Found:
        now = path.stat()
        state = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        return keep(state, path, *cast(tuple[Hashable, ...], more))

    return ask
