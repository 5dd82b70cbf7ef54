import pytest

from facecaption_assets.shards.downloading.progress import Progress


def count_four(progress: Progress) -> None:
    for success in (True, True, True, False):
        progress.count(success=success)


@pytest.mark.parametrize(
    ("total", "elapsed_s", "left"),
    [(10, 2, "3 s"), (1000, 2, "8 min 18 s"), (20_000, 2, "2 h 46 min")],
)
def test_a_line_has_rate_success_share_and_time_left(total, elapsed_s, left) -> None:
    with Progress(total, lambda line: None) as progress:
        count_four(progress)
        assert progress.line(elapsed_s) == f"4 of {total:,} URLs, 2.0/s, 75% success, {left} left"


def test_the_end_is_told_however_quick_it_was() -> None:
    lines: list[str] = []
    with Progress(4, lines.append) as progress:
        count_four(progress)
    (line,) = lines
    assert line.startswith("4 of 4 URLs, ")
    assert line.endswith("/s, 75% success, done in 0 s")


def test_a_download_that_broke_off_is_not_told_as_done() -> None:
    lines: list[str] = []
    with pytest.raises(OSError, match="disk"), Progress(4, lines.append) as progress:
        count_four(progress)
        raise OSError("disk full")
    assert lines == []
