import pytest

from facecaption_assets.shards.downloading.ledger import Record
from facecaption_assets.shards.downloading.spool import Spool


def record(key: str, status: str = "success") -> Record:
    return Record(key, f"http://x/{key}", status, "s", fields={"attempts": 1, "note": "ö\ud800"})


def test_what_was_added_is_there_after_opening_again(tmp_path) -> None:
    with Spool(tmp_path / "spool") as spool:
        spool.add(record("a"), b"first")
        spool.add(record("b", "missing"))
        spool.add(record("a"), b"second")
    with Spool(tmp_path / "spool") as spool:
        assert [spool.get(key) for key in spool] == [record("a"), record("b", "missing")]
        assert spool.get("c") is None
        assert spool.read("a") == b"second"


@pytest.mark.parametrize("lost", [1, 5, 30, 120])
def test_a_torn_last_entry_is_cut_off(tmp_path, lost) -> None:
    with Spool(tmp_path) as spool:
        spool.add(record("a"), b"first")
        spool.add(record("b"), b"x" * 20)
    entries = tmp_path / "entries"
    entries.write_bytes(entries.read_bytes()[:-lost])
    with Spool(tmp_path) as spool:
        assert list(spool) == ["a"]
        spool.add(record("c"), b"third")
    with Spool(tmp_path) as spool:
        assert list(spool) == ["a", "c"]
        assert (spool.read("a"), spool.read("c")) == (b"first", b"third")
