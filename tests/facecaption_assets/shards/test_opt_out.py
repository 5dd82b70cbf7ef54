import pytest

from facecaption_assets.shards.opt_out import OptOut, OptOutError, count_left_out, left_out_by
from facecaption_assets.shards.opt_out_entries import Kind
from tests.opt_out_cases import COVERED, HASH, NOT_COVERED, PERCEPTUAL, SUM


def write(storage, name: str, text: str) -> None:
    storage.write_text(storage.opt_out_folder / name, text)


@pytest.mark.parametrize(("line", "identifier"), COVERED)
def test_an_entry_covers_every_form_of_what_it_names(line, identifier) -> None:
    assert OptOut.of(line).covers(None, identifier)


@pytest.mark.parametrize(("line", "identifier"), NOT_COVERED)
def test_an_entry_covers_nothing_else(line, identifier) -> None:
    assert not OptOut.of(line).covers("", identifier)


@pytest.mark.parametrize(("line", "phash", "is_covered"), PERCEPTUAL)
def test_perceptual_hashes_are_covered_within_the_entrys_distance(line, phash, is_covered) -> None:
    listed = OptOut.of(line, f"phash:{'0' * 16}/0")
    assert listed.covering(phash=phash) is (Kind.PHASH if is_covered else None)


@pytest.mark.parametrize(
    ("line", "row", "kind"),
    [
        ("mine-00000-00001", {"key": "mine-00000-00001", "face_id": None}, Kind.KEY),
        ("mine-00000-00001-0", {"face_id": "mine-00000-00001-0"}, Kind.FACE_ID),
        ("https://a.org/1", {"url": "file:///1", "final_url": "https://a.org/1"}, Kind.URL),
        ("a.org", {"url": "x.tar#1", "metadata": '{"url": "https://www.a.org/1"}'}, Kind.DOMAIN),
        (SUM, {"sha256": SUM.lower(), "phash": None}, Kind.SHA256),
        (f"phash:{HASH}", {"phash": HASH.lower()}, Kind.PHASH),
        ("a.org", {"url": "file:///1", "metadata": '{"url": 3, "page": "https://a.org/"}'}, None),
        ("a.org", {"metadata": None}, None),
    ],
)
def test_a_row_is_covered_by_whichever_column_names_it(line, row, kind) -> None:
    assert OptOut.of(line).covering_row(row) is kind


def test_all_files_of_the_folder_are_one_list(storage) -> None:
    write(storage, "by mail.txt", "\ufeffmine-00000-00001\r\n# two more\r\nexample.com\r\n")
    write(storage, "more.txt", f"phash:{HASH}\n")
    write(storage, ".more.txt.swp", "what an editor leaves\n")
    listed = OptOut.read(storage)
    assert listed.covers("mine-00000-00001")
    assert listed.covers("https://example.com/a")
    assert listed.covering(phash=HASH) is Kind.PHASH


def test_no_folder_and_an_empty_one_cover_nothing(storage) -> None:
    assert not OptOut.read(storage)
    write(storage, "list.txt", "# nobody yet\n")
    assert not OptOut.read(storage)
    assert not OptOut.none().covers("mine-00000-00001")


def test_a_changed_file_is_read_again(storage) -> None:
    for name in ("one", "two"):
        write(storage, "list.txt", f"https://example.org/{name}\n")
        assert OptOut.read(storage).covers(f"https://example.org/{name}")
    assert not OptOut.read(storage).covers("https://example.org/one")


def test_a_useless_line_is_named_with_its_file(storage) -> None:
    write(storage, "list.txt", "# list\nexample.com\nphoto.jpg\n")
    with pytest.raises(OptOutError, match=r"list\.txt, line 3: 'photo\.jpg' is not"):
        OptOut.read(storage)


@pytest.mark.parametrize("name", ["list.csv", "list", "list.txt.gz"])
def test_a_file_that_would_be_passed_over_is_an_error(storage, name) -> None:
    write(storage, name, "example.com\n")
    with pytest.raises(OptOutError, match=f"{name} is not a .txt file"):
        OptOut.read(storage)


def test_a_file_in_another_encoding_is_named(storage) -> None:
    write(storage, "list.txt", "")
    (storage.opt_out_folder / "list.txt").write_bytes("bücher.example\n".encode("latin-1"))
    with pytest.raises(OptOutError, match=r"list\.txt is not UTF-8"):
        OptOut.read(storage)


def test_the_list_of_an_earlier_data_root_is_not_passed_over(storage) -> None:
    storage.write_text(storage.retired_opt_out_list, "mine-00000-00001\n")
    with pytest.raises(OptOutError, match=r"opt_out\.txt is not read any more"):
        OptOut.read(storage)


def test_the_version_is_of_the_entries_and_not_of_the_files(storage) -> None:
    versions = []
    for first, second in [
        ("b.org\n", "a.org\n"),
        ("# x\na.org\nb.org\n", "B.org\n"),
        ("", "a.org"),
    ]:
        write(storage, "1.txt", first)
        write(storage, "2.txt", second)
        versions.append(OptOut.read(storage).version)
    assert versions[0] == versions[1] != versions[2]
    assert OptOut.none().version == ""
    kinds = {OptOut.of(line).version for line in ("a.org", "http://a.org/", f"phash:{HASH}")}
    assert len(kinds) == 3


def test_left_out_rows_are_counted_by_the_entrys_kind() -> None:
    messages = [left_out_by(Kind.URL), f"{left_out_by(Kind.URL)}, behind a redirect"]
    messages += [left_out_by(Kind.DOMAIN), None, "the server answered 404"]
    assert count_left_out(messages) == {"opted_out_by_domain": 1, "opted_out_by_url": 2}
