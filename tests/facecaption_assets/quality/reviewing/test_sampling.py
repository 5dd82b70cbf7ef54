from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.reviewing.review_key import ReviewItem, Stratum
from facecaption_assets.quality.reviewing.sampling import (
    NothingToReview,
    draw_items,
    still_shown,
)
from facecaption_assets.schema import DUPLICATE_FACES
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

Home = Callable[..., Storage]
BUILT = ("template", "llm")


def draw(
    storage: Storage,
    sample: int = 1000,
    seed: int = 0,
    sources: tuple[str, ...] = BUILT,
    opt_out: OptOut | None = None,
) -> tuple[list[ReviewItem], list[Stratum]]:
    with open_tables(storage) as connection:
        return draw_items(connection, opt_out or OptOut.none(), sources, sample, seed)


def faces(items: list[ReviewItem]) -> set[str]:
    return {item.face_id for item in items}


def test_every_caption_is_drawn_where_there_are_not_more(build_home: Home) -> None:
    items, strata = draw(build_home(shards=2, pictures=8))
    # Ten faces have captions. Four rewritings fell back: their text is the template's, one item.
    assert Counter(tuple(item.sources) for item in items) == {
        ("llm",): 6,
        ("template",): 6,
        ("llm", "template"): 4,
    }
    assert {(s.source, s.predicted_sex): s.faces for s in strata} == {
        ("template", "female"): 4,
        ("template", "male"): 6,
        ("llm", "female"): 4,
        ("llm", "male"): 6,
    }


def test_an_item_says_all_that_is_known(build_home: Home) -> None:
    items, _ = draw(build_home(shards=1, pictures=8), sources=("llm",))
    [item] = [item for item in items if item.face_id == "drawn-00000-00005-0"]
    assert item.caption == "Smiling gently, the woman has brown hair over the forehead."
    assert (item.sources, item.statuses) == (["llm"], ["accepted"])
    assert item.named == ["Brown_Hair", "Eyeglasses", "Smiling", "Young"]
    assert item.may_be_wrong == ["Brown_Hair", "Eyeglasses", "Male", "Smiling", "Young"]
    assert (item.predicted_sex, item.predicted_age) == ("female", "unknown")


def test_sources_and_sexes_have_even_shares_of_a_sample(build_home: Home) -> None:
    items, _ = draw(build_home(shards=1, pictures=24), sample=20)
    assert len(items) == 20
    drawn = Counter((source, item.predicted_sex) for item in items for source in item.sources)
    assert set(drawn) == {(s, sex) for s in BUILT for sex in ("female", "male")}
    assert max(drawn.values()) - min(drawn.values()) <= 1


def test_sources_are_compared_on_the_same_faces(build_home: Home) -> None:
    items, _ = draw(build_home(shards=1, pictures=24), sample=14)
    by_source = {s: {i.face_id for i in items if s in i.sources} for s in BUILT}
    assert len(by_source["template"] ^ by_source["llm"]) <= 1


def test_the_seed_decides_what_is_drawn_and_in_which_order(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=24)
    assert draw(storage, 8) == draw(storage, 8)
    assert faces(draw(storage, 8)[0]) != faces(draw(storage, 8, seed=1)[0])
    ids = [item.id for item in draw(storage)[0]]
    other = [item.id for item in draw(storage, seed=1)[0]]
    assert ids != other
    assert set(ids) == set(other)


def test_opted_out_faces_are_replaced_by_others(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=24)
    before, _ = draw(storage, 8)
    gone = before[0].face_id
    after, _ = draw(storage, 8, opt_out=OptOut.of(gone))
    assert len(after) == 8
    assert gone not in faces(after)
    assert faces(before) - {gone} <= faces(after)


def test_copies_of_a_face_are_not_drawn(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    kept, copy = "drawn-00000-00005-0", "drawn-00000-00007-0"
    rows = [
        {"face_id": kept, "group_id": kept, "is_kept": True, "distance": 0, "sha256": "a"},
        {"face_id": copy, "group_id": kept, "is_kept": False, "distance": 0, "sha256": "b"},
    ]
    path = storage.table_path("duplicate_faces", "all")
    path.parent.mkdir()
    pq.write_table(DUPLICATE_FACES.from_rows(rows), path.path)
    found = faces(draw(storage)[0])
    assert kept in found
    assert copy not in found


def test_one_caption_of_a_face_is_drawn_from_a_source(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    table = storage.read_table("template_captions", "drawn-00000")
    second = pc.add(table["caption_index"], pa.scalar(1, pa.int16()))
    more = table.set_column(table.column_names.index("caption_index"), "caption_index", second)
    more = more.cast(table.schema)
    both = pa.concat_tables([table, more])
    storage.commit(both, Provenance("template_captions", "drawn-00000", "test"))
    items, [female, male] = draw(storage, sources=("template",))
    assert len(items) == len(faces(items)) == female.faces + male.faces == 5


def test_alt_texts_can_be_asked_for(build_home: Home) -> None:
    items, _ = draw(build_home(shards=1, pictures=8), sources=("alt_text",))
    assert len(items) == 5
    assert all(item.named == [] and item.statuses == ["as found"] for item in items)


def test_captions_of_a_captioner_can_be_asked_for(build_home: Home) -> None:
    items, [female, male] = draw(build_home(shards=1, pictures=8), sources=("synthetic",))
    assert len(items) == female.faces + male.faces == len(faces(items))
    assert {(*item.named, *item.statuses) for item in items} == {("captioned",)}


def test_a_source_without_captions_is_named(storage: Storage) -> None:
    with pytest.raises(NothingToReview, match="no captions of template, llm to review"):
        draw(storage)


def test_faces_that_were_dropped_since_are_not_shown_any_more(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    asked = {"drawn-00000-00004-0", "drawn-00000-00005-0", "drawn-00000-00002-1", "unknown-0"}
    with open_tables(storage) as connection:
        shown = still_shown(connection, OptOut.of("drawn-00000-00004"), asked)
    assert shown == {"drawn-00000-00005-0"}
