"""The opt-out list: one canonical form of an entry, in the list and of what is asked about."""

from pathlib import Path

import pytest

from flip_training.opt_out import OptOut

SUM = "ab" * 32


@pytest.mark.parametrize(
    ("line", "identifier"),
    [
        ("mine-00000-00007", "mine-00000-00007"),
        ("  mine-00000-00007-1\t", "mine-00000-00007-1"),
        ("https://example.org/a.jpg#top", "https://example.org/a.jpg#top"),
        ("https://example.org/a.jpg # asked on Monday", "https://example.org/a.jpg"),
        ("https://example.org/a.jpg\t# asked", "https://example.org/a.jpg"),
        (SUM.upper(), SUM),
        (f"sha256:{SUM}", SUM),
        (f"sha256:{SUM.upper()}  # of the file", SUM),
        (SUM, f"sha256:{SUM.upper()}"),
    ],
)
def test_an_entry_is_found_however_it_is_written(
    tmp_path: Path, line: str, identifier: str
) -> None:
    path = tmp_path / "opt_out.txt"
    path.write_text(f"# the list\n\n{line}\r\n", "utf-8")
    assert OptOut.read(path).covers(None, identifier)


def test_a_byte_order_mark_is_no_part_of_the_first_entry(tmp_path: Path) -> None:
    path = tmp_path / "opt_out.txt"
    path.write_text("mine-00000-00007\n", "utf-8-sig")
    assert OptOut.read(path).covers("mine-00000-00007")


def test_keys_and_addresses_keep_their_case(tmp_path: Path) -> None:
    path = tmp_path / "opt_out.txt"
    path.write_text("https://example.org/A.jpg\n")
    assert not OptOut.read(path).covers("https://example.org/a.jpg", "", None)


def test_comments_and_blanks_are_no_entries(tmp_path: Path) -> None:
    path = tmp_path / "opt_out.txt"
    path.write_text("# nobody yet\n  # nor here\n\n   \n")
    assert OptOut.read(path).entries == frozenset()


def test_the_version_is_of_the_entries_and_not_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "opt_out.txt"
    versions = []
    for text in ("b\na\n", "# sorted\na\n\nb # twice\nb\n", "a\n"):
        path.write_text(text)
        versions.append(OptOut.read(path).version)
    assert versions[0] == versions[1] != versions[2]
    assert OptOut.read(tmp_path / "none.txt").version == ""
