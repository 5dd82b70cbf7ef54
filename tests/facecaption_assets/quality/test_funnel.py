from collections.abc import Callable
from pathlib import Path

from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.duplicates import build_duplicates
from facecaption_assets.quality.funnel import count_funnel
from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.storage import Storage


def test_funnel_counts_every_committed_shard(build_home: Callable[..., Storage]) -> None:
    funnel = count_funnel(build_home(shards=2, pictures=16))
    assert {step.name: step.count for step in funnel.steps} == {
        "pictures planned": 32,
        "pictures fetched": 28,
        "pictures with a face": 24,
        "faces found": 28,
        "faces kept": 24,
        "faces labelled": 20,
        "template captions": 20,
        "final captions": 20,
        "of them rewritten": 12,
        "without duplicates": 0,
    }
    assert {step.name: step.lost for step in funnel.steps if step.lost} == {
        "pictures fetched": {"missing": 4},
        "pictures with a face": {"no_face": 4},
        "faces kept": {"too_small": 4},
        "faces labelled": {"too_few_labels": 4},
        "of them rewritten": {"fell back: missing_attribute": 8},
    }


def test_left_out_rows_are_counted_by_the_kind_of_their_entry(
    build_home: Callable[..., Storage],
) -> None:
    storage = build_home(shards=1, pictures=16)
    raw = storage.read_table("raw_shards", "drawn-00000").to_pylist()
    raw[1] |= {"status": "opted_out", "error_message": "on the opt-out list by domain"}
    provenance = storage.require_built("raw_shards", "drawn-00000")
    storage.commit(RAW_SHARDS.from_rows(raw), provenance)
    fetched = count_funnel(storage).steps[1]
    assert fetched.lost == {"missing": 2, "on the opt-out list by domain": 1}


def test_stages_that_are_not_built_say_so(build_home: Callable[..., Storage]) -> None:
    storage = build_home(shards=1)
    storage.table_path("llm_captions", "drawn-00000").unlink()
    funnel = count_funnel(storage)
    assert [step.shards for step in funnel.steps[-2:]] == [0, 0]
    assert funnel.to_text().splitlines()[-2:] == [
        "of them rewritten      0  not built",
        "without duplicates     0  not built",
    ]


def test_text_is_aligned(build_home: Callable[..., Storage]) -> None:
    lines = count_funnel(build_home(shards=2, pictures=16)).to_text().splitlines()
    assert lines[0] == f"pictures planned      32  {'█' * 24}"
    assert lines[2] == "                       4  - missing"
    assert all(line == line.rstrip() for line in lines)


def test_an_empty_home_has_nothing(tmp_path: Path) -> None:
    funnel = count_funnel(Storage(str(tmp_path)))
    assert funnel.is_empty
    assert funnel.to_text() == "Nothing is built yet."


def test_a_step_that_lags_behind_says_so(build_home: Callable[..., Storage]) -> None:
    storage = build_home(shards=2, pictures=16)
    storage.table_path("llm_captions", "drawn-00001").unlink()
    funnel = count_funnel(storage)
    (rewritten,) = [x for x in funnel.to_text().splitlines() if x.startswith("of them rewritten")]
    assert rewritten.endswith(" 1 of 2 shards")
    shares = [funnel.share_of_step_before(i) for i in range(len(funnel.steps))]
    kept = 24 / 28  # pictures with a face of those fetched, and faces kept of those found
    assert shares == [None, 28 / 32, kept, None, kept, 20 / 24, 1.0, None, 0.6, None]


def test_captions_of_copies_are_counted_out_by_reason(build_home: Callable[..., Storage]) -> None:
    storage = build_home(shards=2, pictures=16)
    build_duplicates(storage, DuplicateSettings(), "v1")
    step = count_funnel(storage).steps[-1]
    # Crops of the second shard have the bytes of the first one's.
    assert (step.count, step.shards, step.lost) == (10, 2, {"exact duplicate": 10})
