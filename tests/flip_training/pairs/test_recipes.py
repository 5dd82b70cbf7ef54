"""Recipes as data: which there are, what they read, and what is refused."""

from pathlib import Path

import pytest

from flip_training.pairs.recipe_files import RecipeError, all_recipes, find_recipe
from flip_training.pairs.recipes import RECIPES, Cut, Recipe, Take
from flip_training.storage import Storage

RAW = Take(captions=("raw",))


@pytest.mark.parametrize(
    ("name", "tables", "scored"),
    [
        ("template_llm", ("template_captions", "llm_captions"), ()),
        ("raw", ("face_crops",), ()),
        ("raw_top30", ("face_crops",), ("raw",)),
        ("synthetic_top30_by_raw_score", ("synthetic_captions",), ("raw",)),
        (
            "raw_top30_synthetic_same_threshold",
            ("face_crops", "synthetic_captions"),
            ("raw", "synthetic"),
        ),
        ("llm_best", ("llm_captions",), ("llm",)),
    ],
)
def test_a_recipe_reads_what_its_steps_need(name, tables, scored) -> None:
    assert (RECIPES[name].caption_tables, RECIPES[name].scored_sources) == (tables, scored)


def test_only_the_cluster_recipes_need_embeddings() -> None:
    clustered = {name for name, recipe in RECIPES.items() if recipe.uses_clusters}
    assert clustered == {"synthetic_top75_in_clusters", "raw_top30_in_clusters"}


def test_keys_are_the_names() -> None:
    assert all(name == recipe.name for name, recipe in RECIPES.items())


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Cut(score_of="web", top=0.3), "score_of must be one of raw, .*got 'web'"),
        (lambda: Cut(score_of="raw", top=30), "top must be a share above 0 and up to 1, got 30"),
        (lambda: Cut(score_of="raw"), "either top or at_least"),
        (lambda: Cut(score_of="raw", top=0.1, at_least=0.2), "either top or at_least"),
        (
            lambda: Cut(score_of="raw", at_least=0.2, threshold_of="llm"),
            "threshold_of must be given with top",
        ),
        (lambda: Take(captions=()), "captions must be at least one source"),
        (lambda: Take(captions=("raw", "raw")), "captions must be different sources"),
        (lambda: Take(captions=("raw",), joined=True), "captions must be several where joined"),
        (lambda: Take(captions=("raw",), best=-1), "best must be 0 or more, got -1"),
        (lambda: Recipe(name="Raw Top", takes=(RAW,)), "name must be like raw_top30"),
        (lambda: Recipe(name="raw", takes=()), "takes must be at least one step"),
        (lambda: Recipe(name="raw", takes=(RAW, RAW)), r"step 2 takes \['raw'\] again"),
        (
            lambda: Recipe(name="all", takes=(RAW,), val_share=0.5, test_share=0.5),
            "leave something to train on",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(build, message) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def write(home: Path, name: str, text: str) -> Storage:
    (home / "recipes").mkdir(exist_ok=True)
    (home / "recipes" / f"{name}.toml").write_text(text)
    return Storage(home)


def test_a_file_among_the_recipes_is_a_recipe(tmp_path) -> None:
    text = """
        score = "picture_cosine"
        test_share = 0.1
        [[takes]]
        captions = ["raw"]
        where = [{ score_of = "raw", top = 0.3 }]
        [[takes]]
        captions = ["synthetic"]
        faces = "rest"
        where = [{ score_of = "synthetic", top = 0.3, threshold_of = "raw" }]
    """
    storage = write(tmp_path, "mine", text)
    published = RECIPES["raw_top30_synthetic_same_threshold"].takes
    expected = Recipe(name="mine", takes=published, score="picture_cosine", test_share=0.1)
    assert find_recipe(storage, "mine") == expected
    assert list(all_recipes(storage)) == [*RECIPES, "mine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "takes is missing"),
        ("takes = ", "Invalid value"),
        ("name = 'other'\n[[takes]]\ncaptions = ['raw']", "name = 'other' is given by the file"),
        ("[[takes]]\ncaptions = 'raw'", r"takes\.0\.captions = 'raw'"),
        ("[[takes]]\ncaptions = ['web']", r"takes\.0: captions must be one of .* got 'web'"),
        ("[[takes]]\ncaptions = ['raw']\nbest_of = 2", r"takes\.0\.best_of = 2"),
        ("val_share = 'few'\n[[takes]]\ncaptions = ['raw']", "val_share = 'few'"),
        ("val_share = nan\n[[takes]]\ncaptions = ['raw']", "val_share nan and test_share 0.2"),
        ("target = '../x'\n[[takes]]\ncaptions = ['raw']", r"target must be .* got '\.\./x'"),
        (
            "[[takes]]\ncaptions = ['raw']\nwhere = [{score_of = 'raw', at_least = nan}]",
            r"takes\.0\.where\.0: at_least must be a finite number, got nan",
        ),
        ("score = 'clip'\n[[takes]]\ncaptions = ['raw']", "score = 'clip'.*'crop_cosine'"),
        (
            "[[takes]]\ncaptions = ['raw']\nwhere = [{score_of = 'raw', top = 30}]",
            r"takes\.0\.where\.0: top must be a share above 0 and up to 1, got 30",
        ),
    ],
)
def test_a_file_that_is_no_recipe_is_named_with_key_and_value(tmp_path, text, message) -> None:
    storage = write(tmp_path, "mine", text)
    with pytest.raises(RecipeError, match=rf"recipes/mine\.toml: .*{message}"):
        all_recipes(storage)


def test_a_file_cannot_replace_a_recipe_of_the_package(tmp_path) -> None:
    storage = write(tmp_path, "llm", "[[takes]]\ncaptions = ['llm']")
    with pytest.raises(RecipeError, match="'llm' is a recipe of the package; rename the file"):
        all_recipes(storage)


def test_an_unknown_recipe_is_told_what_there_is(tmp_path) -> None:
    with pytest.raises(RecipeError, match="recipe 'poems' is not one of template, llm"):
        find_recipe(Storage(tmp_path), "poems")
