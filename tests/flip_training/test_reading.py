"""What was read of a file is kept as long as the file is the same one."""

from pathlib import Path

import pytest

from flip_training.freshness import states
from flip_training.pairs import inputs
from flip_training.presets import tiny
from flip_training.publishing import publish
from flip_training.reading import kept_while_unchanged
from flip_training.storage import Storage


def test_a_file_is_read_once_until_another_takes_its_name(tmp_path: Path) -> None:
    read: list[str] = []

    @kept_while_unchanged
    def text(path: Path, mark: str) -> str:
        read.append(path.read_text())
        return read[-1] + mark

    path = tmp_path / "a.txt"
    path.write_text("one")
    assert [text(path, "!"), text(path, "!"), text(path, "?")] == ["one!", "one!", "one?"]
    (tmp_path / "b.txt").write_text("two")
    publish(tmp_path / "b.txt", path)
    assert text(path, "!") == "two!"
    assert read == ["one", "one", "two"]
    path.unlink()
    with pytest.raises(FileNotFoundError):
        text(path, "!")


def test_the_states_of_all_recipes_open_each_table_a_few_times(
    storage: Storage, score, monkeypatch: pytest.MonkeyPatch
) -> None:
    score()
    opened: list[Path] = []
    real = inputs.pq.read_metadata

    def counted(path: Path) -> object:
        opened.append(path)
        return real(path)

    monkeypatch.setattr("pyarrow.parquet.read_metadata", counted)
    first = states(storage, tiny())
    # The record of each table; of those with optional columns, these too.
    assert max(opened.count(path) for path in opened) <= 2
    opened.clear()
    assert states(storage, tiny()) == first
    assert opened == []
