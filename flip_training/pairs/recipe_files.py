"""Recipes of users: one TOML file each in ``<home>/recipes``, beside those of the package.

What a recipe may say belongs to ``recipes``. The file's name is the recipe's and its partition
key; the code location reads the folder when it loads.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from flip_training.pairs.recipes import RECIPES, Cut, Recipe, Take
from flip_training.storage import Storage

for _part in (Cut, Take, Recipe):
    with_config(ConfigDict(extra="forbid"))(_part)

_ADAPTER = TypeAdapter(Recipe)


class RecipeError(ValueError):
    """A recipe that there is not, or a file that is no recipe."""


def all_recipes(storage: Storage) -> dict[str, Recipe]:
    """The package's recipes and the data root's, by name.

    Raises:
        RecipeError: If a file is not a recipe; names the file, the key and the value.
    """
    files = sorted(storage.recipes_folder.glob("*.toml"))
    return {**RECIPES, **{path.stem: read_recipe(path) for path in files}}


def find_recipe(storage: Storage, name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        RecipeError: If there is none, or a file is not a recipe.
    """
    known = all_recipes(storage)
    if name not in known:
        raise RecipeError(f"recipe {name!r} is not one of {', '.join(known)}")
    return known[name]


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        RecipeError: If it is not one, or has the name of one of the package's.
    """
    if path.stem in RECIPES:
        raise RecipeError(f"{path}: {path.stem!r} is a recipe of the package; rename the file")
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        if "name" in values:
            raise RecipeError(f"{path}: name = {values['name']!r} is given by the file's name")
        # As JSON, whose lists may become tuples although nothing else is converted.
        text = json.dumps({**values, "name": path.stem}, default=str)
        return _ADAPTER.validate_json(text, strict=True)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    except ValidationError as error:
        problems = "; ".join(_told(problem) for problem in error.errors())
        raise RecipeError(f"{path}: {problems}") from error


def _told(problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}" if key else str(problem["ctx"]["error"])
    if problem["type"] == "missing":
        return f"{key} is missing"
    return f"{key} = {problem['input']!r}: {problem['msg']}"
