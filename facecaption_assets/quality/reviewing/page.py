"""The page that reviewers open: one folder, no network, works from a file.

What the page does belongs to its templates, what it shows to ``sampling``. The folder holds
nothing that tells where a caption comes from, so that it can be handed to reviewers as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from upath import UPath

from facecaption_assets.attributes.vocabulary import DEFINITIONS, GROUPS
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.reviewing import review_key
from facecaption_assets.quality.reviewing.review_key import ReviewItem, ReviewKey
from facecaption_assets.quality.reviewing.sampling import SOURCES, NothingToReview, draw_items
from facecaption_assets.quality.templating import environment
from facecaption_assets.quality.thumbnails import publish_thumbnails, thumbnail_name
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

#: Longer side of a shown picture, px: stubble and earrings must be seen.
_PICTURE_PX: Final = 512


@dataclass(frozen=True)
class ReviewPage:
    """A review that was written.

    Attributes:
        key: What is shown, and where it comes from.
        folder: What reviewers are given.
    """

    key: ReviewKey
    folder: UPath

    @property
    def page(self) -> UPath:
        """What a reviewer opens."""
        return self.folder / "index.html"


def write_review(storage: Storage, sources: Sequence[str], sample: int, seed: int) -> ReviewPage:
    """Write a review below ``<home>/reports``; the same arguments write the same one again.

    Faces on the opt-out list are not shown, and pictures of them that an earlier run wrote are
    removed.

    Args:
        storage: Data root.
        sources: Some of ``sampling.SOURCES``, in any order.
        sample: Most captions.
        seed: Which of them, and in which order.

    Raises:
        NothingToReview: If a source has no caption, or no face of any may be shown.
    """
    ordered = [name for name in SOURCES if name in sources]
    with open_tables(storage) as connection:
        items, strata = draw_items(connection, OptOut.read(storage), ordered, sample, seed)
    if not items:
        raise NothingToReview("no face that has captions may be shown")
    key = ReviewKey(f"{'-'.join(ordered)}-{sample}-{seed}", items, strata)
    written = ReviewPage(key, review_key.review_folder(storage, key.review))
    publish_thumbnails(storage, written.folder / "pictures", items, _PICTURE_PX)
    storage.write_text(written.page, _render(key))
    review_key.write_key(storage, key)
    return written


def _render(key: ReviewKey) -> str:
    template = environment().get_template("review.html")
    return template.render(content=_content(key), items=len(key.items))


def _content(key: ReviewKey) -> dict[str, Any]:
    """What the page's script is given: nothing of where a caption comes from."""
    return {
        "schema": review_key.SCHEMA_VERSION,
        "review": key.review,
        "somethingElse": review_key.SOMETHING_ELSE,
        "groups": {group.replace("_", " "): names for group, names in GROUPS.items()},
        "meanings": {name: entry.positive for name, entry in DEFINITIONS.items()},
        "items": [_shown(item) for item in key.items],
    }


def _shown(item: ReviewItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "picture": thumbnail_name(item, _PICTURE_PX),
        "caption": item.caption,
        "named": item.named,
        "mayBeWrong": item.may_be_wrong,
    }
