from pathlib import Path

import pytest

from facecaption_assets.attributes.label_files import LabelFileError, LabelTable, read_labels
from facecaption_assets.attributes.vocabulary import ATTRIBUTES


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str) -> LabelTable:
        path = tmp_path / "labels.txt"
        path.write_text(text, encoding="utf-8")
        return read_labels(path)

    return read


def test_celebas_own_file_is_read(read) -> None:
    values = ["1" if index % 2 else "-1" for index in range(40)]
    table = read(
        f"2\n{' '.join(ATTRIBUTES)} \n000001.jpg  {'  '.join(values)}\n"
        f"000002.jpg {' '.join(['-1'] * 40)}\n"
    )
    assert table.names == ["000001.jpg", "000002.jpg"]
    assert table.attributes == ATTRIBUTES
    assert table.values[0].tolist() == [int(value) for value in values]
    assert table.groups == {}


def test_csv_has_any_columns_and_groups_what_is_no_attribute(read) -> None:
    table = read('name,Smiling,sex,Male\n"a, b.jpg",1,male,1\nc.jpg,,female,-1\n\n')
    assert table.names == ["a, b.jpg", "c.jpg"]
    assert table.attributes == ("Smiling", "Male")
    assert table.values.tolist() == [[1, 1], [0, -1]]
    assert table.groups == {"sex": ["male", "female"]}


@pytest.mark.parametrize(
    ("cells", "values"), [("1\nb,0\nc,-1", [1, 0, -1]), ("1\nb,0\nc,", [1, -1, 0])]
)
def test_zero_is_no_unless_the_file_says_no_by_minus_one(read, cells: str, values) -> None:
    assert read(f"name,Smiling\na,{cells}\n").values[:, 0].tolist() == values


def test_decimals_of_pandas_are_labels(read) -> None:
    table = read("name,Smiling,Male\na,1.0,-1.0\nb,,0.0\n")
    assert table.values.tolist() == [[1, -1], [0, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names none of CelebA's attributes"),
        ("name,sex\na,1\n", "names none of CelebA's attributes"),
        ("name,Young,smiling\na,1,1\n", "line 1 names 'smiling'; CelebA spells it Smiling"),
        ("name,Wearing Hat\na,1\n", "CelebA spells it Wearing_Hat"),
        ("name,Smiling,Smiling\na,1,1\n", "names a column twice"),
        ("name,Smiling\n", "has no labels"),
        ("name,Smiling\na,yes\n", "line 2 says 'yes' of Smiling"),
        ("name,Smiling\na,1\na,1\n", "line 3 lacks a name, or repeats one: 'a'"),
        ("name,Smiling\na,1,2\n", "line 2 has 3 values, not 2"),
        ("1\nSmiling Moustache\na 1 1\n", "line 2 names 'Moustache'"),
        ("1\nSmiling Smiling\na 1 -1\n", "line 2 names an attribute twice"),
        ("1\nSmiling\na 2\n", "line 3 says '2' of Smiling"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(read, text: str, message: str) -> None:
    with pytest.raises(LabelFileError, match=message):
        read(text)


def test_missing_file_and_binary_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelFileError, match="No such file"):
        read_labels(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(LabelFileError, match=r"binary\.csv"):
        read_labels(tmp_path / "binary.csv")


def test_selected_rows_keep_their_groups(read) -> None:
    table = read("name,Smiling,sex\na,1,m\nb,-1,f\nc,1,x\n").select([2, 0])
    assert (table.names, table.groups) == (["c", "a"], {"sex": ["x", "m"]})
    assert table.values.tolist() == [[1], [1]]
