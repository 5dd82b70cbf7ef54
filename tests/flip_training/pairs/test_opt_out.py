"""The opt-out list as training reads it, from the folder that the dataset reads."""

from pathlib import Path

import pytest

from flip_training.pairs.opt_out import OptOut, OptOutError
from tests.opt_out_cases import HASH, SUM, USELESS


def read(tmp_path: Path, *lines: str, name: str = "list.txt", encoding: str = "utf-8") -> OptOut:
    folder = tmp_path / "optout"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines), encoding)
    return OptOut.read(folder)


def test_all_files_of_the_folder_are_one_list(tmp_path: Path) -> None:
    read(tmp_path, "example.com", name="domains.txt", encoding="utf-8-sig")
    listed = read(tmp_path, "# more", "", "mine-00000-00001\r", name="keys.txt")
    assert listed.covers("https://www.example.com/a.jpg")
    assert listed.covers(None, "mine-00000-00001")
    assert not listed.covers("mine-00000-00002", None, "")


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("a.org", {"url": "file:///1", "final_url": "https://www.a.org/1"}),
        ("https://a.org/1", {"url": "x.tar", "metadata": '{"url": "https://a.org/1"}'}),
        (SUM, {"sha256": SUM.lower()}),
        (f"phash:{HASH}", {"phash": HASH.lower()}),
    ],
)
def test_a_row_is_covered_by_whichever_column_names_it(
    tmp_path: Path, line: str, row: dict[str, str]
) -> None:
    listed = read(tmp_path, line)
    assert listed.covers_row(row)
    assert not listed.covers_row(dict.fromkeys(row))


@pytest.mark.parametrize("line", USELESS)
def test_a_line_that_would_leave_nothing_out_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(OptOutError, match=r"list\.txt, line 2: "):
        read(tmp_path, "# list", line)


def test_a_file_that_would_be_passed_over_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptOutError, match=r"list\.csv is not a \.txt file"):
        read(tmp_path, "a.org", name="list.csv")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptOutError, match=r"list\.txt is not UTF-8"):
        read(tmp_path, "bücher.example", encoding="latin-1")


def test_the_list_of_an_earlier_data_root_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "opt_out.txt").write_text("mine-00000-00001\n")
    with pytest.raises(OptOutError, match=r"opt_out\.txt is not read any more"):
        OptOut.read(tmp_path / "optout")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert not read(tmp_path, "https://example.org/one").covers("https://example.org/twenty")
    assert read(tmp_path, "https://example.org/twenty").covers("https://example.org/twenty")


def test_the_version_is_of_the_entries_and_not_of_the_files(tmp_path: Path) -> None:
    first = read(tmp_path, "b.org", "a.org").version
    assert read(tmp_path, "# sorted", "a.org", "B.org.", "b.org # twice").version == first
    assert read(tmp_path, "a.org").version != first
    assert OptOut.read(tmp_path / "none").version == ""
