import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.reviewing.page import ReviewPage, write_review
from facecaption_assets.quality.reviewing.review_key import ReviewMissing, key_path, read_key
from facecaption_assets.quality.reviewing.sampling import NothingToReview
from facecaption_assets.storage import Storage

Home = Callable[..., Storage]
HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)> {{ 7 * 7 }}'


class Reader(HTMLParser):
    """Collects what a browser would see of a page: tags, references, ids, and the content."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.content = ""
        self._in_content = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.references += [v for k, v in attrs if k in ("src", "href", "action") and v]
        self.ids += [v for k, v in attrs if k == "id" and v]
        self.labels += [v for k, v in attrs if k in ("for", "aria-labelledby") and v]
        self._in_content = found.get("id") == "content"

    def handle_data(self, data: str) -> None:
        if self._in_content:
            self.content += data

    def handle_endtag(self, tag: str) -> None:
        self._in_content = False


def read(page: ReviewPage) -> tuple[Reader, dict[str, Any]]:
    reader = Reader()
    reader.feed(page.page.read_text(encoding="utf-8"))
    return reader, json.loads(reader.content)


def write(storage: Storage, sample: int = 100, seed: int = 0) -> ReviewPage:
    return write_review(storage, ["template", "llm"], sample, seed)


@pytest.fixture
def storage(build_home: Home) -> Storage:
    return build_home(shards=2, pictures=8)


def test_the_page_has_every_caption_with_its_picture(storage: Storage) -> None:
    page = write(storage)
    _, content = read(page)
    assert len(content["items"]) == 16
    pictures = {path.name for path in (page.folder / "pictures").iterdir()}
    assert {item["picture"] for item in content["items"]} == pictures
    assert sorted(name for names in content["groups"].values() for name in names) == sorted(
        ATTRIBUTES
    )


def test_the_page_refers_to_nothing_outside_of_its_folder(storage: Storage) -> None:
    reader, _ = read(page := write(storage))
    assert reader.references == ["data:,"]
    assert "default-src 'none'" in page.page.read_text(encoding="utf-8")
    assert {path.name for path in page.folder.iterdir()} == {"index.html", "pictures"}


def test_the_folder_does_not_tell_where_a_caption_comes_from(storage: Storage) -> None:
    page = write(storage)
    _, content = read(page)
    assert {field for item in content["items"] for field in item} == {
        *("id", "picture", "caption", "named", "mayBeWrong")
    }
    for hidden in ("accepted", "fell_back", "captioned", "predicted_sex"):
        assert hidden not in page.page.read_text(encoding="utf-8")


def test_every_label_belongs_to_something_and_no_id_is_twice(storage: Storage) -> None:
    reader, _ = read(write(storage))
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.labels) <= set(reader.ids)
    assert reader.labels


def test_captions_are_text_and_never_markup(storage: Storage) -> None:
    plain, _ = read(write(storage))
    table = storage.read_table("llm_captions", "drawn-00000")
    hostile = pa.array([HOSTILE] * table.num_rows, pa.string())
    table = table.set_column(table.column_names.index("caption"), "caption", hostile)
    storage.commit(table, Provenance("llm_captions", "drawn-00000", "test"))
    reader, content = read(write(storage))
    assert reader.tags == plain.tags
    assert HOSTILE in {item["caption"] for item in content["items"]}


def test_the_same_arguments_write_the_same_page(storage: Storage) -> None:
    page = write(storage, 6)
    before = page.page.read_bytes(), key_path(storage, page.key.review).read_bytes()
    again = write_review(storage, ["llm", "template"], 6, 0)
    assert again == page
    assert (page.page.read_bytes(), key_path(storage, page.key.review).read_bytes()) == before
    assert write(storage, 6, seed=1).folder != page.folder


def test_an_opt_out_takes_a_face_from_a_page_that_is_written_again(storage: Storage) -> None:
    page = write(storage)
    gone = page.key.items[0].face_id
    storage.opt_out_folder.mkdir()
    (storage.opt_out_folder / "list.txt").write_text(gone)
    again = write(storage)
    assert again.folder == page.folder
    left = [item for item in page.key.items if item.face_id != gone]
    assert again.key.items == left
    assert gone not in page.page.read_text(encoding="utf-8")
    assert not [path for path in (page.folder / "pictures").iterdir() if gone in path.name]


def test_a_review_of_which_no_face_may_be_shown_is_refused(storage: Storage) -> None:
    storage.opt_out_folder.mkdir()
    keys = {item.face_id for item in write(storage).key.items}
    (storage.opt_out_folder / "list.txt").write_text("\n".join(keys))
    with pytest.raises(NothingToReview, match="may be shown"):
        write(storage)


def test_the_key_is_read_as_it_was_written(storage: Storage) -> None:
    page = write(storage)
    assert read_key(storage, page.key.review) == page.key


@pytest.mark.parametrize("review", ["llm-5-0", "../secret", ""])
def test_a_review_that_was_never_written_is_named(review: str, storage: Storage) -> None:
    with pytest.raises(ReviewMissing, match=re.escape(f"no review '{review}' in")):
        read_key(storage, review)


def test_a_key_of_another_version_is_refused(storage: Storage) -> None:
    page = write(storage)
    path = key_path(storage, page.key.review)
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(ReviewMissing, match="schema_version is 99, not 1"):
        read_key(storage, page.key.review)
