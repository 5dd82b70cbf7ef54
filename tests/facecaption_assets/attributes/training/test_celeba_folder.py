from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.attributes.training.celeba_folder import CelebaError, read_celeba
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from tests.celeba_training import PLANTED, write_celeba


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_celeba(tmp_path / "celeba", 4, 2)


def test_splits_and_labels_are_those_of_the_files(folder: Path) -> None:
    partition = folder / "list_eval_partition.txt"
    lines = partition.read_text().splitlines()
    partition.write_text("\n".join([f"{lines[0].split()[0]} 2", *lines[1:]]))
    celeba = read_celeba(folder)
    assert [path.name for path in celeba.training.pictures] == [
        "000002.jpg",
        "000003.jpg",
        "000004.jpg",
    ]
    assert all(path.exists() for path in celeba.validation.pictures)
    expected = np.zeros((3, 40), bool)
    expected[[0, 2], ATTRIBUTES.index(PLANTED)] = True
    np.testing.assert_array_equal(celeba.training.labels, expected)


@pytest.mark.parametrize(
    "name", ["img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"]
)
def test_missing_part_is_named(folder: Path, name: str) -> None:
    (folder / name).rename(folder / "elsewhere")
    with pytest.raises(CelebaError, match=rf"celeba has no {name}$"):
        read_celeba(folder)


def test_missing_pictures_are_counted_and_the_first_is_named(folder: Path) -> None:
    for name in ("000002.jpg", "000003.jpg"):
        (folder / "img_align_celeba" / name).unlink()
    message = r"img_align_celeba lacks 2 of 4 pictures for training, the first 000002\.jpg"
    with pytest.raises(CelebaError, match=message):
        read_celeba(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("list_attr_celeba.txt", "Smiling", "Grinning", "line 2 names 'Grinning'"),
        ("list_attr_celeba.txt", "Bald Bangs", "Bangs Bald", "CelebA's 40 attributes in their"),
        ("list_attr_celeba.txt", "000003.jpg  -1", "000003.jpg  0", r"of 5_o.*, 000003\.jpg"),
        ("list_attr_celeba.txt", "000003.jpg  -1", "000003.jpg", "line 5 has 40 values, not 41"),
        ("list_attr_celeba.txt", "000003.jpg", "3.jpg", r"lacks 1 of 4 .*000003\.jpg"),
        ("list_eval_partition.txt", "000003.jpg 0", "000003.jpg 7", "line 3 is not a picture and"),
        ("list_eval_partition.txt", " 1", " 2", "names no picture for validation"),
    ],
)
def test_malformed_lists_are_refused_with_the_line(
    folder: Path, name: str, old: str, new: str, message: str
) -> None:
    path = folder / name
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CelebaError, match=rf"{name}.*{message}"):
        read_celeba(folder)


@pytest.mark.parametrize("name", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_blank_lines_carriage_returns_and_byte_order_marks_change_nothing(
    folder: Path, name: str
) -> None:
    expected = read_celeba(folder)
    first, second, *rest = (folder / name).read_text().splitlines()
    text = "\r\n".join([first, second, "", *rest, ""])
    (folder / name).write_bytes(text.encode("utf-8-sig"))
    found = read_celeba(folder)
    assert found.training.pictures == expected.training.pictures
    np.testing.assert_array_equal(found.training.labels, expected.training.labels)


def test_list_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "list_attr_celeba.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CelebaError, match=r"list_attr_celeba\.txt: .* can't decode"):
        read_celeba(folder)
