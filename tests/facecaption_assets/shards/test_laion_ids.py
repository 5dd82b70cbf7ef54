import os

import numpy as np
import pytest
import torch

from facecaption_assets.shards import laion_ids
from facecaption_assets.shards.laion_ids import part_ids, to_part_ids
from facecaption_assets.shards.sources import SourceError


@pytest.mark.parametrize(
    "entries",
    [
        [3, 1, 2, 1],
        (3, 1, 2, 1),
        np.array([3, 1, 2, 1]),
        np.array([3.0, 1.0, 2.0, 1.0]),
        torch.tensor([3, 1, 2, 1]),
        [3.0, 1.0, 2.0, 1.0],
    ],
    ids=["list", "tuple", "integers", "floats", "tensor", "list of floats"],
)
def test_ids_come_sorted_and_once_from_every_kind_of_list(entries) -> None:
    found = to_part_ids(entries, "ids")
    assert found.ids.tolist() == [1, 2, 3]
    assert found.counts == {"num_listed": 4, "num_repeated": 1, "num_nan": 0, "num_inexact": 0}


def test_a_set_is_a_list_and_nan_and_inexact_ids_are_counted() -> None:
    assert to_part_ids({5, 4}, "ids").ids.tolist() == [4, 5]
    found = to_part_ids([1.0, float("nan"), 2.5], "ids")
    assert found.ids.tolist() == [1]
    assert (found.num_nan, found.num_inexact) == (1, 1)


def test_what_are_no_ids_is_refused_with_its_place() -> None:
    with pytest.raises(SourceError, match=r"part 03.*must be numbers"):
        to_part_ids(["a"], "ids.pth, part 03")


@pytest.mark.parametrize(
    "listed",
    [{0: [1], 1: [2]}, [[1], [2]], ([1], [2]), torch.tensor([[1], [2]]), np.array([[1], [2]])],
    ids=["dict", "list", "tuple", "tensor", "array"],
)
def test_parts_come_from_every_kind_of_file(storage, tmp_path, listed) -> None:
    torch.save(listed, tmp_path / "ids.pth")
    assert part_ids(storage, str(tmp_path / "ids.pth"), "01").ids.tolist() == [2]
    with pytest.raises(SourceError, match="no ids for part 02; it has those of 00, 01"):
        part_ids(storage, str(tmp_path / "ids.pth"), "02")


def test_the_file_is_opened_once_until_it_changes(storage, tmp_path, monkeypatch) -> None:
    path = tmp_path / "ids.pth"
    torch.save([[1], [2]], path)
    opened = []
    read = laion_ids.read_pth
    monkeypatch.setattr(laion_ids, "read_pth", lambda file: opened.append(file) or read(file))
    for part in ("00", "01", "00"):
        part_ids(storage, str(path), part)
    assert len(opened) == 1
    torch.save([[7]], path)
    os.utime(path, (0, 0))
    assert part_ids(storage, str(path), "00").ids.tolist() == [7]
    assert len(opened) == 2


@pytest.mark.parametrize("path", ["", "/no/such/ids.pth"])
def test_a_missing_file_names_the_setting(storage, path) -> None:
    with pytest.raises(SourceError, match=r"\[laion\] ids"):
        part_ids(storage, path, "00")


def test_a_file_that_is_no_list_of_parts_is_refused(storage, tmp_path) -> None:
    torch.save(7, tmp_path / "ids.pth")
    with pytest.raises(SourceError, match="not a list of parts"):
        part_ids(storage, str(tmp_path / "ids.pth"), "00")
