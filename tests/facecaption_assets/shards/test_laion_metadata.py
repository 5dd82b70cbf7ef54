import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.schema import LAION_FACE_METADATA
from facecaption_assets.shards.laion_metadata import PartReport, build_part
from facecaption_assets.shards.opt_out import OptOut


@pytest.fixture
def build(tmp_path):
    def run(ids, *tables, safe=None, opt_out=None) -> tuple[list[dict], PartReport]:
        files = []
        for number, table in enumerate(tables):
            pq.write_table(table, tmp_path / f"{number}.parquet")
            files.append(UPath(tmp_path / f"{number}.parquet"))
        writer = LongTableWriter(tmp_path / "out.parquet", LAION_FACE_METADATA.arrow)
        report = build_part(
            np.array(sorted(ids), np.int64), files, safe, opt_out or OptOut.none(), writer
        )
        writer.finish()
        writer.close({})
        return pq.read_table(tmp_path / "out.parquet").to_pylist(), report

    return run


def reasons(rows: list[dict]) -> dict[int, str | None]:
    return {row["sample_id"]: row["drop_reason"] for row in rows}


def test_rows_of_the_parts_ids_are_kept_in_file_order_with_their_columns(build, laion_rows) -> None:
    rows, report = build([3, 5], laion_rows([9.0, 5.0, 4.0, 3.0]))
    assert [row["sample_id"] for row in rows] == [5, 3]
    assert rows[0] == {
        "sample_id": 5,
        "url": "https://a.example/5.0.jpg",
        "alt_text": "a person called 5.0",
        "width": 640,
        "height": 480,
        "similarity": pytest.approx(0.33),
        "nsfw": "UNLIKELY",
        "license": "?",
        "status": "kept",
        "drop_reason": None,
    }
    assert report.rows_read == 4


def test_ids_that_are_in_no_file_are_rows_and_listed(build, laion_rows) -> None:
    rows, report = build([1, 2, 3], laion_rows([2]))
    assert reasons(rows) == {2: None, 1: "not_in_metadata", 3: "not_in_metadata"}
    assert report.missing_listed == [1, 3]
    assert report.drop_reasons == {"not_in_metadata": 2}


def test_nan_and_inexact_ids_match_nothing_and_are_reported(build, laion_rows) -> None:
    table = laion_rows([1, np.nan, 2.5, 2.0**53, 0])
    rows, report = build([0, 1, 2, 2**53], table)
    assert reasons(rows) == {
        **{1: None, 0: None},
        **dict.fromkeys((2, 2**53), "not_in_metadata"),
    }
    assert (report.nan_ids, report.inexact_ids) == (1, 2)
    assert report.inexact_listed == ["2.5", "9007199254740992.0"]


def test_of_repeated_rows_the_first_is_kept_within_and_across_files(build, laion_rows) -> None:
    first = laion_rows(
        [7, 7, 8], TEXT=["one", "two", "three"], URL=[f"http://a/{i}" for i in "123"]
    )
    second = laion_rows([8, 7], TEXT=["four", "five"])
    rows, report = build([7, 8], first, second)
    assert [row["alt_text"] for row in rows] == ["one", "three"]
    assert report.repeated_rows == 3


def test_a_picture_that_two_ids_share_is_planned_once(build, laion_rows) -> None:
    rows, _ = build([1, 2], laion_rows([1, 2], URL=["http://a/x.jpg"] * 2))
    assert reasons(rows) == {1: None, 2: "repeated_url"}


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b.jpg", "", "https://", "data:image/png;base64,", None]
)
def test_what_is_no_web_url_is_dropped(build, laion_rows, url) -> None:
    rows, _ = build([1], laion_rows([1], URL=[url]))
    assert reasons(rows) == {1: "unusable_url"}


def test_dropped_rows_hold_their_id_and_reason_only(build, laion_rows) -> None:
    table = laion_rows([1, 2, 3])
    rows, _ = build(
        [1, 2, 3],
        table,
        safe=np.array([True, False, True]),
        opt_out=OptOut.of("https://a.example/3.jpg"),
    )
    assert reasons(rows) == {1: None, 2: "not_in_safe_list", 3: "opted_out"}
    for row in rows[1:]:
        held = {name for name, value in row.items() if value is not None}
        assert held == {"sample_id", "status", "drop_reason"}


def test_texts_that_are_not_utf8_and_sizes_without_meaning_do_not_stop_a_part(
    build, laion_rows
) -> None:
    broken = pa.array([b"caf\xe9", b"fine", None], pa.binary()).view(pa.string())
    table = laion_rows([1, 2, 3], TEXT=broken, WIDTH=[np.nan, 1e12, 640.5], NSFW=[None] * 3)
    rows, _ = build([1, 2, 3], table)
    assert [row["alt_text"] for row in rows] == ["caf\ufffd", "fine", None]
    assert [row["width"] for row in rows] == [None] * 3
    assert all(row["status"] == "kept" for row in rows)


def test_a_url_that_is_not_utf8_is_unusable(build, laion_rows) -> None:
    url = pa.array([b"http://a/caf\xe9.jpg"], pa.binary()).view(pa.string())
    assert reasons(build([1], laion_rows([1], URL=url))[0]) == {1: "unusable_url"}


def test_a_part_without_ids_has_no_rows(build, laion_rows) -> None:
    rows, report = build([], laion_rows([1, 2]))
    assert rows == []
    assert report.rows_read == 2


def test_many_rows_agree_with_pandas(build, laion_rows) -> None:
    random = np.random.default_rng(0)
    ids = random.choice(200_000, 140_000)
    part = np.unique(random.choice(250_000, 30_000))
    rows, report = build(
        part, laion_rows(ids.astype(np.float64), URL=[f"http://a/{n}" for n in range(len(ids))])
    )
    frame = laion_rows(ids).to_pandas()
    expected = frame[frame["SAMPLE_ID"].isin(part)].drop_duplicates("SAMPLE_ID")
    kept = [row["sample_id"] for row in rows if row["status"] == "kept"]
    assert kept == expected["SAMPLE_ID"].astype(int).tolist()
    assert len(rows) == len(part)
    assert report.repeated_rows == frame["SAMPLE_ID"].isin(part).sum() - len(expected)
