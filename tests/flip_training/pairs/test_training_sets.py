"""Which pairs are chosen, and that no group is on two sides of a split."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from flip_training.pairs.inputs import find_inputs
from flip_training.pairs.recipes import RECIPES, Recipe
from flip_training.pairs.training_sets import (
    accounted_rows,
    build_training_set,
    straddling_groups,
)
from flip_training.storage import GateFailed, PartitionMissing, Storage, Verdict

TEMPLATE, LLM, BOTH = (RECIPES[name] for name in ("template", "llm", "template_llm"))
SHARD = "colours-00000"


def rows_of(storage: Storage, recipe: Recipe) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = storage.read_table("training_sets", recipe.name).to_pylist()
    return rows


@pytest.mark.parametrize(("recipe", "pairs"), [(TEMPLATE, 24), (LLM, 24), (BOTH, 48)])
def test_a_recipe_takes_the_captions_of_its_tables(
    storage: Storage, recipe: Recipe, pairs: int
) -> None:
    done = build_training_set(storage, recipe)
    assert done.rows == done.counts["pairs"] == pairs
    assert {row["caption_source"] for row in rows_of(storage, recipe)} == set(recipe.sources)


def test_every_split_has_pairs_and_no_group_is_in_two(storage: Storage) -> None:
    build_training_set(storage, LLM)
    table = storage.read_table("training_sets", "llm")
    assert set(table["split"].to_pylist()) == {"train", "val", "test"}
    assert straddling_groups(table) == []


def test_only_people_with_captions_are_held_out(
    storage: Storage, rewrite: Callable[..., None]
) -> None:
    build_training_set(storage, LLM)
    silent = {row["split_group"] for row in rows_of(storage, LLM) if row["split"] != "train"}
    rejected = {"status": "rejected", "caption": None}
    for shard in (SHARD, "colours-00001"):
        rewrite(
            "llm_captions",
            shard,
            lambda _, row: row.update(rejected) if row["split_group"] in silent else None,
        )
    build_training_set(storage, LLM)
    assert {row["split"] for row in rows_of(storage, LLM)} == {"train", "val", "test"}


def test_recipes_hold_out_the_same_people(storage: Storage) -> None:
    held_out = []
    for recipe in (TEMPLATE, LLM):
        build_training_set(storage, recipe)
        rows = rows_of(storage, recipe)
        held_out.append({row["split_group"] for row in rows if row["split"] == "test"})
    assert held_out[0] == held_out[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "unavailable", "caption": None}, "excluded_status_unavailable"),
        ({"caption": "  "}, "excluded_empty_caption"),
        ({"face_id": "colours-00000-09999-0"}, "excluded_no_crop"),
    ],
)
def test_rows_that_are_no_pairs_are_counted_by_reason(
    storage: Storage, rewrite: Callable[..., None], change: dict[str, object], reason: str
) -> None:
    rewrite("llm_captions", SHARD, lambda index, row: row.update(change) if index == 0 else None)
    done = build_training_set(storage, LLM)
    assert done.counts[reason] == 1
    assert accounted_rows(storage, done, LLM) == (24, 24)


@pytest.mark.parametrize("status", ["accepted", "repaired", "fell_back"])
def test_a_row_that_has_a_caption_is_a_pair_however_it_came_about(
    storage: Storage, rewrite: Callable[..., None], status: str
) -> None:
    rewrite("llm_captions", SHARD, lambda index, row: row.update({"status": status}))
    assert build_training_set(storage, LLM).rows == 24


def test_a_caption_that_a_face_has_twice_is_one_pair(
    storage: Storage, rewrite: Callable[..., None]
) -> None:
    template = storage.read_table("template_captions", SHARD)["caption"][0].as_py()
    fallback = {"status": "fell_back", "caption": template}
    rewrite("llm_captions", SHARD, lambda index, row: row.update(fallback) if index == 0 else None)
    done = build_training_set(storage, BOTH)
    assert (done.rows, done.counts["excluded_same_caption"]) == (47, 1)


def opt_out(storage: Storage, *lines: str) -> None:
    storage.opt_out_folder.mkdir()
    (storage.opt_out_folder / "list.txt").write_text("\n".join(lines))


@pytest.mark.parametrize(
    "entry",
    [
        "colours-00000-00000",
        "colours-00000-00000-0",
        "file:///pictures/0.jpg  # asked on Monday",
        hashlib.sha256(b"colours-00000-00000").hexdigest().upper(),
    ],
)
def test_opted_out_pictures_are_left_out_however_they_are_named(
    storage: Storage, entry: str
) -> None:
    # Both shards have a picture of row 0 with the same address.
    opt_out(storage, "# list", "", entry)
    done = build_training_set(storage, LLM)
    assert done.counts["excluded_opted_out"] in (1, 2)
    assert "colours-00000-00000-0" not in {row["face_id"] for row in rows_of(storage, LLM)}


def test_an_opt_out_list_needs_the_record_of_the_pictures(storage: Storage, home: Path) -> None:
    opt_out(storage, "https://example.org/a.jpg")
    (home / "raw_shards" / f"{SHARD}.parquet").unlink()
    with pytest.raises(PartitionMissing, match="raw_shards of colours-00000"):
        build_training_set(storage, LLM)


def fail_gate(storage: Storage, asset: str, shard: str) -> None:
    provenance = storage.read_provenance(asset, shard)
    assert provenance is not None
    verdict = Verdict("rows_conserved", False, True, "one row is lost", provenance.data_version)
    storage.record_verdict(asset, shard, verdict)


def test_a_shard_that_failed_a_gate_is_left_out(storage: Storage) -> None:
    fail_gate(storage, "face_crops", SHARD)
    done = build_training_set(storage, LLM)
    assert (done.rows, done.counts["left_out"]) == (12, 1)
    assert "one row is lost" in find_inputs(storage, LLM).left_out[SHARD]


def test_nothing_is_built_from_failed_shards_only(storage: Storage) -> None:
    for shard in (SHARD, "colours-00001"):
        fail_gate(storage, "llm_captions", shard)
    with pytest.raises(GateFailed, match="rows_conserved: one row is lost"):
        build_training_set(storage, LLM)


def test_a_dataset_without_captions_is_named(tmp_path: Path) -> None:
    with pytest.raises(PartitionMissing, match="no shard of llm_captions"):
        build_training_set(Storage(tmp_path), LLM)


def test_equal_inputs_give_equal_versions(storage: Storage) -> None:
    first, second = (build_training_set(storage, LLM) for _ in range(2))
    assert first == second
