import pytest

from facecaption_assets.faces.labelled_pictures import LabelError, judge_pictures, read_labels
from tests.fakes import CentreDetector

HEADER = "image,left,top,right,bottom,ignore\n"


@pytest.fixture
def read(tmp_path, photos):
    """Reads labels of the photos a.jpg (400 x 400), b.png (500 x 300), c.jpg and d.jpg."""
    path = tmp_path / "boxes.csv"

    def read(rows: str, header: str = HEADER):
        path.write_text(header + rows, encoding="utf-8")
        return read_labels(path, photos)

    read.path = path
    return read


def test_a_picture_has_as_many_rows_as_faces(read, photos) -> None:
    labels = read("a.jpg,1,2,30,40,\nb.png,,,,,\na.jpg,5.5,6,70,80,0\na.jpg,0,0,9,9,1\n")
    assert list(labels) == ["a.jpg", "b.png"]
    assert labels["a.jpg"].faces == [(2, (1, 2, 30, 40)), (4, (5.5, 6, 70, 80))]
    assert labels["a.jpg"].ignored == [(5, (0, 0, 9, 9))]
    assert (labels["b.png"].path, labels["b.png"].faces) == (photos / "b.png", [])


def test_columns_may_come_in_any_order_and_without_ignore(read) -> None:
    labels = read("40, 30, 2, 1, a.jpg\n", "bottom, right, top, left, image\n")
    assert labels["a.jpg"].faces == [(2, (1, 2, 30, 40))]


def test_a_file_saved_by_a_spreadsheet_is_read(read, photos) -> None:
    read.path.write_bytes(b"\xef\xbb\xbf" + HEADER.encode() + b'"a.jpg",1,2,3,4,\r\n\r\n')
    assert read_labels(read.path, photos)["a.jpg"].faces == [(2, (1, 2, 3, 4))]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.jpg,1,2,3,4,\nz.jpg,1,2,3,4,\n", "line 3: image 'z.jpg' is not a file"),
        (",1,2,3,4,\n", "line 2: image '' is not a file"),
        ("a.jpg,1,2,x,4,\n", "line 2: right is 'x', not a number"),
        ("a.jpg,1,2,nan,4,\n", "line 2: right is 'nan', not a number"),
        ("a.jpg,1,2,3,,\n", "line 2: bottom is '', not a number"),
        ("a.jpg,1,2,3\n", "line 2: bottom is '', not a number"),
        ("a.jpg,30,2,3,4,\n", "line 2: box 30, 2, 3, 4 has no area"),
        ("a.jpg,1,2,3,4,maybe\n", "line 2: ignore is 'maybe'"),
        ("a.jpg,1,2,3,4,0,7\n", "line 2: more values than columns"),
        ("a.jpg,,,,,\na.jpg,1,2,3,4,1\n", "no row has the box of a face"),
        ("", "no row has the box of a face"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_file_line_and_value(read, rows, message) -> None:
    with pytest.raises(LabelError, match=message) as caught:
        read(rows)
    assert str(read.path) in str(caught.value)


def test_a_missing_column_is_named(read) -> None:
    with pytest.raises(LabelError, match="line 1: no column right, bottom"):
        read("", "image,left,top,width,height\n")


@pytest.mark.parametrize("data", [b"", b"image,left,top,right,bottom\n\xff\xfe,1,2,3,4\n"])
def test_a_file_that_is_no_table_is_refused_by_name(read, photos, data) -> None:
    read.path.write_bytes(data)
    with pytest.raises(LabelError, match=r"boxes\.csv"):
        read_labels(read.path, photos)


def judged(read, labels):
    return judge_pictures(labels, read.path, CentreDetector(), 0.5)


def test_detections_are_held_against_the_labels_of_their_picture(read) -> None:
    labels = read("a.jpg,100,100,300,300,\nb.png,0,0,100,100,\nc.jpg,,,,,\n")
    found = {name: [v.is_face for v in vs] for name, vs in judged(read, labels).items()}
    assert found == {"a.jpg": [True], "b.png": [False], "c.jpg": []}


def test_a_box_that_leaves_its_picture_a_little_is_clipped(read) -> None:
    # Clipped to 400 x 400, of which the detection at the centre is a quarter.
    labels = read("a.jpg,-50,-50,450,450,\n")
    assert [v.is_face for v in judge_pictures(labels, read.path, CentreDetector(), 0.25)["a.jpg"]]
    assert judged(read, labels)["a.jpg"][0].is_face is False


def test_a_box_outside_its_picture_is_refused_with_the_size_of_the_upright_picture(read) -> None:
    labels = read("a.jpg,1,2,30,40,\nb.png,10,250,100,450,\n")
    with pytest.raises(LabelError, match=r"line 3: box 10, 250, 100, 450 lies .* 500 by 300 px"):
        judged(read, labels)


def test_a_picture_that_cannot_be_decoded_is_refused_by_name_and_line(read) -> None:
    with pytest.raises(LabelError, match=r"line 3: image 'd\.jpg' cannot be read"):
        judged(read, read("a.jpg,1,2,30,40,\nd.jpg,,,,,\n"))
