import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from facecaption_assets.faces.ahead import Bounds, ahead, windows


def weight(item: int) -> float:
    return float(item)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


@pytest.mark.parametrize("bounds", [Bounds(1, 1), Bounds(3, 1e9), Bounds(99, 5), Bounds(99, 1e9)])
def test_results_come_in_order_whatever_finishes_first(pool, bounds) -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return -item

    assert list(ahead(pool, work, range(20), weight, bounds)) == [-n for n in range(20)]


def test_nothing_comes_of_nothing(pool) -> None:
    assert list(ahead(pool, str, [], weight, Bounds(2, 2))) == []


@pytest.mark.parametrize(("bounds", "most"), [(Bounds(3, 1e9), 3), (Bounds(99, 4), 4)])
def test_no_more_is_held_than_the_bounds_allow(pool, bounds, most) -> None:
    held, highest = 0, 0
    lock = threading.Lock()

    def work(item: int) -> int:
        nonlocal held, highest
        with lock:
            held += 1
            highest = max(highest, held)
        return item

    for _ in ahead(pool, work, [1] * 30, weight, bounds):
        with lock:
            held -= 1
    # One more may have been begun between taking a result and counting it.
    assert most <= highest <= most + 1


def test_what_is_heavier_than_the_bounds_is_held_alone(pool) -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for item in (1, 50, 1, 1):
            asked.append(item)
            yield item

    results = ahead(pool, int, items(), weight, Bounds(9, 10))
    assert (next(results), asked) == (1, [1, 50])
    assert (next(results), asked) == (50, [1, 50, 1])
    assert (list(results), asked) == ([1, 1], [1, 50, 1, 1])


def test_work_goes_on_while_the_caller_is_busy(pool) -> None:
    done = threading.Event()

    def work(item: int) -> int:
        if item == 3:
            done.set()
        return item

    results = ahead(pool, work, range(9), weight, Bounds(5, 1e9))
    assert next(results) == 0
    assert done.wait(5)


def test_an_error_is_raised_where_its_result_is_due(pool) -> None:
    results = ahead(pool, lambda n: 1 // n, [1, 0, 1], weight, Bounds(9, 9))
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (Bounds(2, 1e9), [[1, 2], [3, 9], [1]]),
        (Bounds(9, 5), [[1, 2], [3], [9], [1]]),
        (Bounds(9, 1e9), [[1, 2, 3, 9, 1]]),
    ],
)
def test_windows_are_as_long_as_the_bounds_allow(bounds, expected) -> None:
    assert [list(window) for window in windows([1, 2, 3, 9, 1], weight, bounds)] == expected


def test_there_is_no_window_of_nothing() -> None:
    assert list(windows([], weight, Bounds(2, 2))) == []
