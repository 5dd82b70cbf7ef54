import subprocess
import sys
from pathlib import Path

import pytest

from facecaption_assets.rewriting.cache import RequestCache, request_key
from facecaption_assets.rewriting.client import Completion

PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "h\u00e9"}], "seed": 1}
ANSWER = Completion("The man smiles.", 5, 4, "m")


def test_what_was_stored_is_found_later(tmp_path: Path) -> None:
    with RequestCache(tmp_path / "new") as cache:
        assert cache.lookup(PAYLOAD) is None
        cache.store(PAYLOAD, ANSWER)
    with RequestCache(tmp_path / "new") as cache:
        assert cache.lookup(dict(reversed(PAYLOAD.items()))) == ANSWER


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with RequestCache(tmp_path) as cache:
        cache.store(PAYLOAD, ANSWER)
        cache.store(PAYLOAD, Completion("Other.", 1, 1, "m"))
        assert cache.lookup(PAYLOAD) == ANSWER


@pytest.mark.parametrize("change", [{"model": "n"}, {"seed": 2}, {"grammar": "root"}])
def test_another_request_has_another_key(change: dict[str, object]) -> None:
    assert request_key(PAYLOAD) != request_key(PAYLOAD | change)


def test_the_key_does_not_change_between_versions() -> None:
    """A change here forgets every answer that users have paid for."""
    key = "ecf9e98ec0641e23113ff3ce8bdc78d0ddd249886517fd4a7f68cc83d4e65667"
    assert request_key({"b": "x", "a": 1}) == key


def test_a_closed_cache_says_how_to_use_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="with"):
        RequestCache(tmp_path).lookup(PAYLOAD)


WRITER = """
import os, signal, sys
from pathlib import Path
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.client import Completion
with RequestCache(Path(sys.argv[1])) as cache:
    for i in range(200):
        cache.store({"writer": sys.argv[2], "i": i}, Completion(str(i), 1, 1, "m"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_several_processes_write_at_once_and_death_loses_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [-9, -9]
    with RequestCache(tmp_path) as cache:
        for name in "ab":
            texts = [cache.lookup({"writer": name, "i": i}) for i in range(200)]
            assert [t.text for t in texts if t] == [str(i) for i in range(200)]
