"""Recipes: which captions a FLIP is trained on. One recipe is one partition.

Data only; choosing and splitting the pairs belongs to ``training_sets``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A choice of captions and the shares of the splits.

    Attributes:
        name: Partition key.
        caption_tables: Assets whose captions are taken. Where a face has several captions, each
            epoch shows one of them.
        val_share: Share of the split groups that is held out for choosing settings.
        test_share: Share of the split groups that is held out for reporting.
    """

    name: str
    caption_tables: tuple[str, ...]
    val_share: float = 0.1
    test_share: float = 0.2

    def __post_init__(self) -> None:
        if not self.caption_tables:
            raise ValueError(f"recipe {self.name!r}: caption_tables must not be empty")
        if min(self.val_share, self.test_share) <= 0 or self.val_share + self.test_share >= 1:
            raise ValueError(
                f"recipe {self.name!r}: val_share {self.val_share} and test_share "
                f"{self.test_share} must be positive and leave something to train on"
            )


RECIPES: Final[Mapping[str, Recipe]] = {
    r.name: r
    for r in (
        Recipe(name="template", caption_tables=("template_captions",)),
        Recipe(name="llm", caption_tables=("llm_captions",)),
        Recipe(name="template_llm", caption_tables=("template_captions", "llm_captions")),
    )
}


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        ValueError: If there is none.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe {name!r} is not one of {', '.join(RECIPES)}")
    return RECIPES[name]
