"""What was read of a file, kept as long as the file is the same one.

Many recipes ask for the records of the same shards; each is read once. Which files there are
belongs to ``storage``.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

_More = ParamSpec("_More")
_Found = TypeVar("_Found")

#: Results that are kept: several for each shard of a large dataset.
_MOST: Final = 1 << 16


def kept_while_unchanged(
    read: Callable[Concatenate[Path, _More], _Found],
) -> Callable[Concatenate[Path, _More], _Found]:
    """Let a function of a file be called once for each state of the file and other arguments.

    What it returns is shared and must not be changed. A file is the same as long as its inode,
    size and times are; whatever is published gets a new inode.
    """

    @lru_cache(maxsize=_MOST)
    def keep(path: Path, _: object, *args: _More.args, **kwargs: _More.kwargs) -> _Found:
        return read(path, *args, **kwargs)

    @wraps(read)
    def ask(path: Path, *args: _More.args, **kwargs: _More.kwargs) -> _Found:
        now = path.stat()
        state = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        return keep(path, state, *args, **kwargs)

    return ask
