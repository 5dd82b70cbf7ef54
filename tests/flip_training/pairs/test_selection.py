"""What a recipe takes, against the same strategies as sets of made-up scores."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flip_training.pairs.candidates import CANDIDATES, FACE_SCORES, PICTURES, ShardCandidates
from flip_training.pairs.inputs import InputUnavailable
from flip_training.pairs.recipes import RECIPES, Cut, Recipe, Take
from flip_training.pairs.selection import Chosen, Selection

#: Score of a face's only caption by source; None: not scored. Eighths are exact, and ties occur.
Scores = list[tuple[float | None, float | None]]
SCORES = st.lists(
    st.tuples(*[st.one_of(st.none(), st.integers(-8, 8).map(lambda n: n / 8))] * 2),
    min_size=1,
    max_size=24,
)
ALL_SCORED = st.lists(
    st.tuples(*[st.integers(-8, 8).map(lambda n: n / 8)] * 2), min_size=1, max_size=24
)
SOURCES = ("raw", "synthetic")


def caption(face: str, source: str, score: float | None, index: int = 0, text: str = "") -> dict:
    return {
        "shard": "s",
        "face_id": face,
        "key": f"key-{face}",
        "split_group": f"group-{face}",
        "crop_sha256": f"sum-{face}",
        "source": source,
        "caption_index": index,
        "caption": text or f"{source} {index} of {face}",
        "score": score,
        "score_status": "missing" if score is None else "scored",
    }


def choose(folder: Path, recipe: Recipe, rows: list[dict], clustered=(), scored=None) -> Chosen:
    order = {source: place for place, source in enumerate(recipe.sources)}
    wanted = [{**r, "source_order": order[r["source"]]} for r in rows if r["source"] in order]
    ranked = [r for r in (rows if scored is None else scored) if r["score"] is not None]
    tables = [
        pa.Table.from_pylist(found, schema=schema)
        for found, schema in ((wanted, CANDIDATES), (ranked, FACE_SCORES), ([], PICTURES))
    ]
    with Selection(recipe, folder) as selection:
        selection.add(ShardCandidates(*tables, len(wanted), Counter()))
        selection.add_clustered(clustered)
        return selection.choose()


def rows_of(scores: Scores) -> list[dict]:
    return [
        caption(f"f{place:03}", source, score)
        for place, pair in enumerate(scores)
        for source, score in zip(SOURCES, pair, strict=True)
    ]


def top(scores: Scores, source: str, share: float) -> float:
    """The score that a share of the scored faces reaches, by sorting."""
    found = sorted((pair[SOURCES.index(source)] for pair in scores), reverse=True)
    return found[max(1, int(round(share * 100) * len(found) // 100)) - 1]


def strategies(scores: Scores) -> dict[str, set[tuple[int, str]]]:
    """The published strategies as sets of (face, source), by their definitions."""
    raw30, syn30 = top(scores, "raw", 0.3), top(scores, "synthetic", 0.3)
    syn50 = top(scores, "synthetic", 0.5)
    every = range(len(scores))

    def at_least(source: str, least: float) -> set[int]:
        return {face for face in every if scores[face][SOURCES.index(source)] >= least}

    def of(source: str, faces: set[int]) -> set[tuple[int, str]]:
        return {(face, source) for face in faces}

    raw, synthetic = at_least("raw", raw30), at_least("synthetic", syn50)
    same = of("synthetic", at_least("synthetic", raw30) - raw)
    return {
        "raw_top30": of("raw", raw),
        "synthetic_top50": of("synthetic", synthetic),
        "synthetic_top30_by_raw_score": of("synthetic", raw),
        "raw_top30_synthetic_rest": of("raw", raw) | of("synthetic", set(every) - raw),
        "raw_top30_synthetic_same_threshold": of("raw", raw) | same,
        "synthetic_top50_raw_same_threshold": of("synthetic", synthetic)
        | of("raw", at_least("raw", syn50) - synthetic),
        "raw_and_synthetic_top30_synthetic_same_threshold": of("raw+synthetic", raw) | same,
        "raw_top30_union_synthetic_top30": of("raw", raw)
        | of("synthetic", at_least("synthetic", syn30)),
    }


QUICK = settings(
    max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", strategies([(0.0, 0.0)]))
@settings(QUICK, max_examples=3)
@given(scores=ALL_SCORED)
def test_every_strategy_is_its_definition(tmp_path: Path, name: str, scores: Scores) -> None:
    pairs = choose(tmp_path, RECIPES[name], rows_of(scores)).pairs
    taken = list(zip(pairs["face_id"].to_pylist(), pairs["source"].to_pylist(), strict=True))
    assert len(taken) == len(set(taken))
    assert {(int(face[1:]), source) for face, source in taken} == strategies(scores)[name]


@settings(QUICK, max_examples=4)
@given(ALL_SCORED)
def test_sizes_are_those_of_the_paper(tmp_path: Path, scores: Scores) -> None:
    def size(name: str) -> int:
        return choose(tmp_path, RECIPES[name], rows_of(scores)).pairs.num_rows

    raw30 = top(scores, "raw", 0.3)
    rest = sum(synthetic >= raw30 for raw, synthetic in scores if raw < raw30)
    assert size("raw_top30_synthetic_rest") == len(scores)
    assert size("raw_top30_synthetic_same_threshold") == size("raw_top30") + rest
    assert size("raw_and_synthetic_top30_synthetic_same_threshold") == size("raw_top30") + rest


NAMES = [name for name, r in RECIPES.items() if set(r.sources) <= set(SOURCES)]


@QUICK
@given(SCORES, st.sampled_from(NAMES))
def test_candidates_are_taken_or_counted_under_a_reason(
    tmp_path: Path, scores: Scores, name: str
) -> None:
    recipe = RECIPES[name]
    rows = [row for row in rows_of(scores) if row["source"] in recipe.sources]
    try:
        chosen = choose(tmp_path, recipe, rows_of(scores), clustered=["f000"])
    except InputUnavailable:
        assume(False)
    accounted = chosen.pairs.num_rows + chosen.num_joined + sum(chosen.excluded.values())
    assert accounted == len(rows)
    for step, take in zip(chosen.steps, recipe.takes, strict=True):
        considered = [row for row in rows if row["source"] in take.captions]
        assert sum(step.rows.values()) == len(considered)


def test_top_30_of_ten_faces_are_three_and_ties_pass_together(tmp_path: Path) -> None:
    scores: Scores = [(n / 16, None) for n in range(10)]
    chosen = choose(tmp_path, RECIPES["raw_top30"], rows_of(scores))
    (threshold,) = chosen.thresholds
    assert (chosen.pairs.num_rows, threshold.passing, threshold.value) == (3, 3, 7 / 16)
    tied: Scores = [(0.5, None)] * 4 + [(0.25, None)] * 6
    chosen = choose(tmp_path, RECIPES["raw_top30"], rows_of(tied))
    assert (chosen.pairs.num_rows, chosen.thresholds[0].passing) == (4, 4)


def test_an_absolute_threshold_needs_no_share(tmp_path: Path) -> None:
    cut = Cut(score_of="raw", at_least=0.25)
    recipe = Recipe(name="mine", takes=(Take(captions=("raw",), where=(cut,)),))
    chosen = choose(tmp_path, recipe, rows_of([(0.25, None), (0.125, None), (None, None)]))
    assert chosen.pairs["face_id"].to_pylist() == ["f000"]
    assert chosen.excluded == {"below_threshold": 1, "not_scored_missing": 1}
    assert chosen.thresholds == ()


def test_the_best_of_a_face_by_score_and_equal_ones_by_index(tmp_path: Path) -> None:
    rows = [caption("a", "llm", score, i) for i, score in enumerate([0.1, 0.4, 0.4])]
    rows += [caption("b", "llm", None), caption("b", "llm", 0.0, 1)]
    chosen = choose(tmp_path, RECIPES["llm_best"], rows)
    kept = list(
        zip(*(chosen.pairs[c].to_pylist() for c in ("face_id", "caption_index")), strict=True)
    )
    assert kept == [("a", 1), ("b", 1)]
    assert chosen.excluded == {"not_best": 2, "not_scored_missing": 1}


def test_a_repeated_text_takes_no_place_of_the_best(tmp_path: Path) -> None:
    rows = [caption("a", "llm", 0.5, i, "the same") for i in range(2)]
    rows.append(caption("a", "llm", 0.1, 2, "another"))
    recipe = Recipe(name="mine", takes=(Take(captions=("llm",), best=2),))
    chosen = choose(tmp_path, recipe, rows)
    assert chosen.pairs["caption"].to_pylist() == ["the same", "another"]
    assert chosen.excluded == {"same_caption": 1}


def test_a_text_that_an_earlier_step_took_is_not_taken_again(tmp_path: Path) -> None:
    rows = [caption("a", "template", None, 0, "one"), caption("a", "llm", None, 0, "one")]
    takes = (Take(captions=("template",)), Take(captions=("llm",)))
    chosen = choose(tmp_path, Recipe(name="mine", takes=takes), rows)
    assert chosen.pairs["source"].to_pylist() == ["template"]
    assert chosen.excluded == {"same_caption": 1}


def test_joined_captions_are_whole_sentences_in_order(tmp_path: Path) -> None:
    rows = [
        caption("a", "raw", None, 0, " cat photo "),
        caption("a", "llm", None, 3, "She smiles."),
    ]
    rows += [caption("b", "llm", None, 0, "Alone.")]
    chosen = choose(tmp_path, RECIPES["raw_and_llm"], rows)
    assert chosen.pairs["caption"].to_pylist() == ["cat photo. She smiles.", "Alone."]
    assert chosen.pairs["source"].to_pylist() == ["raw+llm", "llm"]
    assert chosen.pairs["caption_index"].to_pylist() == [0, 0]
    assert chosen.num_joined == 1


def test_only_faces_like_the_target_are_taken(tmp_path: Path) -> None:
    scores: Scores = [(None, 0.5), (None, 0.25), (None, 0.125), (None, 0.0)]
    recipe = RECIPES["synthetic_top75_in_clusters"]
    chosen = choose(tmp_path, recipe, rows_of(scores), clustered=["f001", "f003"])
    assert chosen.pairs["face_id"].to_pylist() == ["f001"]
    assert chosen.excluded == {"outside_clusters": 2, "below_threshold": 1}


def test_another_source_judges_a_face_by_its_best_score(tmp_path: Path) -> None:
    rows = [caption("a", "synthetic", None), caption("b", "synthetic", None)]
    raw = [caption("a", "raw", 0.0), caption("a", "raw", 0.9, 1), caption("b", "raw", 0.5)]
    cut = Cut(score_of="raw", top=0.5)
    recipe = Recipe(name="mine", takes=(Take(captions=("synthetic",), where=(cut,)),))
    chosen = choose(tmp_path, recipe, rows, scored=raw)
    assert chosen.pairs["face_id"].to_pylist() == ["a"]
    unscored = replace(recipe, takes=(replace(recipe.takes[0], where=(replace(cut, top=1.0),)),))
    assert choose(tmp_path, unscored, rows, scored=raw[:2]).excluded == {"not_scored_raw": 1}


def test_a_source_without_any_score_sets_no_threshold(tmp_path: Path) -> None:
    with pytest.raises(InputUnavailable, match="no usable face has a crop_cosine of a raw caption"):
        choose(tmp_path, RECIPES["raw_top30"], rows_of([(None, 0.5)]))
