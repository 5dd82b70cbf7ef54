import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from facecaption_assets.shards.pth_files import UnsafeFile, read_pth


class RunsACommand:
    """What a malicious file holds: unpickling it runs a command."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_would_run_a_command_is_refused_and_runs_nothing(tmp_path, zipped) -> None:
    mark, path = tmp_path / "mark", tmp_path / "evil.pth"
    torch.save({0: [1, RunsACommand(mark)]}, path, _use_new_zipfile_serialization=zipped)
    # The file is what it claims to be: an ordinary unpickler runs the command.
    torch.load(path, weights_only=False)
    assert mark.exists()
    mark.unlink()
    with pytest.raises(UnsafeFile, match=r"evil\.pth is refused: it asks for posix\.system"):
        read_pth(path)
    assert not mark.exists()


def test_a_bare_malicious_pickle_is_refused_whatever_its_protocol(tmp_path) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        mark, path = tmp_path / "mark", tmp_path / f"evil{protocol}.pth"
        path.write_bytes(pickle.dumps({0: RunsACommand(mark)}, protocol))
        with pytest.raises(UnsafeFile, match="is refused"):
            read_pth(path)
        assert not mark.exists()


def test_the_error_does_not_recommend_to_load_the_file_anyway(tmp_path) -> None:
    path = tmp_path / "evil.pth"
    torch.save([RunsACommand(tmp_path / "mark")], path)
    with pytest.raises(UnsafeFile) as caught:
        read_pth(path)
    assert "weights_only" not in str(caught.value)
    assert "nothing in it was run" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04 half a zip"])
def test_a_damaged_file_is_named(tmp_path, content) -> None:
    path = tmp_path / "ids.pth"
    path.write_bytes(content)
    with pytest.raises(UnsafeFile, match=r"ids\.pth"):
        read_pth(path)


def test_containers_arrays_numbers_and_tensors_come_out_as_they_went_in(tmp_path) -> None:
    saved = {
        0: [1, 2**62],
        1: (1.5, {3}),
        2: torch.arange(3),
        3: np.arange(4.0),
        4: np.array([2**60]),
        5: np.float32(0.5),
        6: np.array([True]),
    }
    torch.save(saved, tmp_path / "plain.pth")
    read = read_pth(tmp_path / "plain.pth")
    assert read[0] == saved[0]
    assert read[1] == saved[1]
    assert read[5] == saved[5]
    for place in (2, 3, 4, 6):
        assert read[place].tolist() == saved[place].tolist()
        assert read[place].dtype == saved[place].dtype


def test_a_missing_file_is_missing(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pth(tmp_path / "none.pth")


def test_arrays_of_older_numpy_are_read(tmp_path) -> None:
    path = tmp_path / "old.pth"
    saved = [np.arange(3, dtype=np.float32), np.float64(0.5)]
    torch.save(saved, path, _use_new_zipfile_serialization=False)
    new, old = b"cnumpy._core.multiarray", b"cnumpy.core.multiarray"
    path.write_bytes(path.read_bytes().replace(new, old))
    assert old in path.read_bytes()
    array, number = read_pth(path)
    assert array.tolist() == [0, 1, 2]
    assert number == 0.5
