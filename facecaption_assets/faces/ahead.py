"""Work done ahead of whoever asks for it: in threads, in order, within bounds.

It knows nothing of pictures or faces. What is worked on and how much it weighs belongs to
``face_crops``.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Bounds:
    """How much may be held at a time.

    Attributes:
        count: Most items.
        weight: Most of what they weigh together, in any unit; a heavier item is held alone.
    """

    count: int
    weight: float


def ahead(
    pool: Executor,
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    weigh: Callable[[_Item], float],
    bounds: Bounds,
) -> Iterator[_Result]:
    """Results of all items in their order.

    While the caller is busy with one, the pool works on those that follow. Items are asked for in
    the caller's thread.

    Args:
        pool: Where the work is done; its waiting work is the caller's to cancel.
        work: What is done; an error of it is raised where its result is due.
        items: What it is done to.
        weigh: Weight of an item and its result.
        bounds: What may be under way or waiting to be taken.
    """
    waiting: deque[tuple[Future[_Result], float]] = deque()
    held = 0.0
    for item in items:
        weight = weigh(item)
        while waiting and (len(waiting) >= bounds.count or held + weight > bounds.weight):
            future, freed = waiting.popleft()
            held -= freed
            yield future.result()
            # Else the result lives on here while the next one is waited for.
            del future
        waiting.append((pool.submit(work, item), weight))
        held += weight
        del item
    while waiting:
        yield waiting.popleft()[0].result()


def windows(
    items: Iterable[_Item], weigh: Callable[[_Item], float], bounds: Bounds
) -> Iterator[deque[_Item]]:
    """Runs of neighbouring items, each as long as the bounds allow; they are the caller's."""
    window: deque[_Item] = deque()
    held = 0.0
    for item in items:
        weight = weigh(item)
        if window and (len(window) >= bounds.count or held + weight > bounds.weight):
            yield window
            window, held = deque(), 0.0
        window.append(item)
        held += weight
        del item
    if window:
        yield window
