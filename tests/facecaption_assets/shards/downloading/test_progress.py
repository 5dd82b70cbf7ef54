from facecaption_assets.shards.downloading.progress import Progress


def test_a_line_has_rate_success_share_and_time_left() -> None:
    with Progress(10, lambda line: None) as progress:
        for success in (True, True, True, False):
            progress.count(success=success)
        assert progress.line(2.0) == "4 of 10 URLs, 2.0/s, 75% success, 3 s left"
