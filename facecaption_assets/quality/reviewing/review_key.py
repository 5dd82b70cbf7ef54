"""The key of a review: what each shown caption is and where it comes from.

It lies beside the reviewers' folder, not in it: they must not know the source of a caption. What
they are shown belongs to ``page``, who is drawn to ``sampling``.
"""

import json
import re
from dataclasses import asdict, dataclass
from typing import Final

from upath import UPath

from facecaption_assets.schema import ATTRIBUTE_COLUMNS
from facecaption_assets.storage import Storage

#: Raised when pages, answers or keys of another shape are written.
SCHEMA_VERSION: Final = 1

#: What a reviewer marks where a caption says something wrong that is none of its attributes.
SOMETHING_ELSE: Final = "something_else"

_SEXED: Final = re.compile(
    r"\b(he|she|his|hers?|him|(wo)?m[ae]n|(fe)?males?|boys?|girls?|lad(y|ies)|gentlem[ae]n|guys?)\b",
    re.IGNORECASE,
)
_REVIEW_ID: Final = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True)
class ReviewItem:
    """A face with a caption, as one reviewer judges it.

    Attributes:
        id: Of the face and the text, so that answers outlive a page that is written again.
        face_id: The face.
        shard: Its shard.
        sha256: Of the crop's bytes, hex.
        caption: The text.
        sources: Where the text comes from; several, where they say the same of the face.
        statuses: Status of the caption in each of them.
        named: Attributes that the caption names, in CelebA's order.
        predicted_sex: ``female``, ``male`` or ``unknown``: the labels' guess.
        predicted_age: Age group by the estimated age, or ``unknown``.
    """

    id: str
    face_id: str
    shard: str
    sha256: str
    caption: str
    sources: list[str]
    statuses: list[str]
    named: list[str]
    predicted_sex: str
    predicted_age: str

    @property
    def may_be_wrong(self) -> list[str]:
        """Attributes that a reviewer may call wrong: the named ones, and a sex that is told."""
        told = {*self.named, *(["Male"] if _SEXED.search(self.caption) else [])}
        return [name for name in ATTRIBUTE_COLUMNS if name in told]


@dataclass(frozen=True)
class Stratum:
    """Faces with captions of one source and one predicted sex, in the whole dataset."""

    source: str
    predicted_sex: str
    faces: int


@dataclass(frozen=True)
class ReviewKey:
    """All captions of a review in the order of the page, and what they were drawn from."""

    review: str
    items: list[ReviewItem]
    strata: list[Stratum]


class ReviewMissing(LookupError):
    """There is no review of the name in the data root."""


def review_folder(storage: Storage, review: str) -> UPath:
    """What reviewers are given: the page and its pictures."""
    return storage.reports / f"review-{review}"


def key_path(storage: Storage, review: str) -> UPath:
    """Where the key of a review is."""
    return storage.reports / f"review-{review}.key.json"


def write_key(storage: Storage, key: ReviewKey) -> None:
    """Put the key beside the reviewers' folder."""
    content = {"schema_version": SCHEMA_VERSION, **asdict(key)}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    storage.write_text(key_path(storage, key.review), text)


def read_key(storage: Storage, review: str) -> ReviewKey:
    """The key of a review.

    Raises:
        ReviewMissing: If there is none, or it was written by another version.
    """
    path = key_path(storage, review)
    if not _REVIEW_ID.fullmatch(review) or not path.exists():
        raise ReviewMissing(
            f"there is no review {review!r} in {storage.reports}: its key, written by "
            "`facecaption review`, stays in the data root"
        )
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ReviewMissing(
            f"{path}: schema_version is {content.get('schema_version')!r}, not {SCHEMA_VERSION}"
        )
    return ReviewKey(
        review=content["review"],
        items=[ReviewItem(**item) for item in content["items"]],
        strata=[Stratum(**stratum) for stratum in content["strata"]],
    )
