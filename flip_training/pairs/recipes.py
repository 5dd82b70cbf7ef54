"""Recipes: which captions a FLIP is trained on. One recipe is one partition.

Data only: recipes of users are read in ``recipe_files``, choosing the captions belongs to
``selection``, splitting the pairs to ``training_sets``.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from flip_training.model.model_config import require

#: Caption source → the dataset's table of it. The web's own text stands beside the faces.
CAPTION_TABLES: Final[Mapping[str, str]] = {
    "raw": "face_crops",
    "template": "template_captions",
    "llm": "llm_captions",
    "synthetic": "synthetic_captions",
}

Score = Literal["crop_cosine", "picture_cosine", "crop_clip_s", "picture_clip_s"]

TARGET_NAME: Final = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")  # a file's
_NAME: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def _require_source(setting: str, source: str) -> None:
    require(source in CAPTION_TABLES, setting, source, f"one of {', '.join(CAPTION_TABLES)}")


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A least score.

    A caption is held against it by its own score or, where it is of another source than
    ``score_of``, by the best that its face has of that source.

    Attributes:
        score_of: Source whose score counts.
        top: Share of the faces, over the whole dataset, that sets the threshold: it is the score
            of the last face among them, and who scores as much passes too.
        threshold_of: Source whose ``top`` share sets the threshold; empty: ``score_of``.
        at_least: The threshold itself, instead of a share.
    """

    score_of: str
    top: float | None = None
    threshold_of: str = ""
    at_least: float | None = None

    def __post_init__(self) -> None:
        _require_source("score_of", self.score_of)
        if self.threshold_of:
            _require_source("threshold_of", self.threshold_of)
        if (self.top is None) == (self.at_least is None):
            raise ValueError(
                f"a cut has either top or at_least, got top = {self.top!r} and "
                f"at_least = {self.at_least!r}"
            )
        if self.top is not None:
            require(0 < self.top <= 1, "top", self.top, "a share above 0 and up to 1")
        elif self.at_least is not None:
            require(math.isfinite(self.at_least), "at_least", self.at_least, "a finite number")
            require(not self.threshold_of, "threshold_of", self.threshold_of, "given with top")

    @property
    def ranked(self) -> str:
        """Source whose scores set the threshold."""
        return self.threshold_of or self.score_of

    def __str__(self) -> str:
        if self.top is None:
            return f"{self.score_of} scores at least {self.at_least}"
        as_what = "" if self.ranked == self.score_of else f"as {self.ranked} does "
        return f"{self.score_of} scores {as_what}in the top {self.top:.0%}"


@dataclass(frozen=True, kw_only=True)
class Take:
    """One step of a recipe: captions that are taken.

    Attributes:
        captions: Sources whose captions are taken.
        where: What a caption must pass, all of it.
        faces: ``all``, or ``rest``: only those of which no earlier step has taken a caption.
        joined: Make one text of the face's captions, the best of each source, in this order.
        best: Most captions of a face, the best by their own scores; 0: all.
        in_clusters: Take only faces whose nearest centroid is that of a target picture as well.
    """

    captions: tuple[str, ...]
    where: tuple[Cut, ...] = ()
    faces: Literal["all", "rest"] = "all"
    joined: bool = False
    best: int = 0
    in_clusters: bool = False

    def __post_init__(self) -> None:
        require(bool(self.captions), "captions", self.captions, "at least one source")
        for source in self.captions:
            _require_source("captions", source)
        is_unique = len(set(self.captions)) == len(self.captions)
        require(is_unique, "captions", self.captions, "different sources")
        require(self.best >= 0, "best", self.best, "0 or more")
        if self.joined:
            require(len(self.captions) > 1, "captions", self.captions, "several where joined")
            require(not self.best, "best", self.best, "0 where captions are joined")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A choice of captions and the shares of the splits.

    Attributes:
        name: Partition key.
        takes: Steps, in order; what any of them takes is trained on. Where a face has several
            captions, each epoch shows one of them.
        score: Column of ``image_text_scores`` that captions are ranked by.
        target: Name of the embedded target pictures of the cluster filter.
        clusters: Most centroids of the cluster filter.
        val_share: Share of the split groups that is held out for choosing settings.
        test_share: Share of the split groups that is held out for reporting.
    """

    name: str
    takes: tuple[Take, ...]
    score: Score = "crop_cosine"
    target: str = "target"
    clusters: int = 1000
    val_share: float = 0.1
    test_share: float = 0.2

    def __post_init__(self) -> None:
        require(bool(_NAME.fullmatch(self.name)), "name", self.name, "like raw_top30")
        require(bool(self.takes), "takes", self.takes, "at least one step")
        require(bool(TARGET_NAME.fullmatch(self.target)), "target", self.target, "like ffhq-256")
        require(self.clusters > 0, "clusters", self.clusters, "positive")
        if not (min(self.val_share, self.test_share) > 0 and self.val_share + self.test_share < 1):
            raise ValueError(
                f"recipe {self.name!r}: val_share {self.val_share} and test_share "
                f"{self.test_share} must be positive and leave something to train on"
            )
        for number, take in enumerate(self.takes):
            before = {source for earlier in self.takes[:number] for source in earlier.captions}
            if take.faces == "all" and (again := before & set(take.captions)):
                raise ValueError(
                    f"recipe {self.name!r}: step {number + 1} takes {sorted(again)} again; say "
                    "faces = 'rest', so that no caption is taken twice"
                )

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources that captions are taken from, in order of mention."""
        return tuple(dict.fromkeys(source for take in self.takes for source in take.captions))

    @property
    def caption_tables(self) -> tuple[str, ...]:
        """The dataset's tables of these."""
        return tuple(CAPTION_TABLES[source] for source in self.sources)

    @property
    def scored_sources(self) -> tuple[str, ...]:
        """Sources whose scores decide; empty where no score is needed."""
        cuts = [cut for take in self.takes for cut in take.where]
        found = {cut.score_of for cut in cuts} | {cut.ranked for cut in cuts}
        found |= {source for take in self.takes if take.best for source in take.captions}
        return tuple(source for source in CAPTION_TABLES if source in found)

    @property
    def uses_clusters(self) -> bool:
        """Whether embeddings of the faces and of target pictures are needed."""
        return any(take.in_clusters for take in self.takes)


def _top(share: float, source: str, threshold_of: str = "") -> tuple[Cut]:
    return (Cut(score_of=source, top=share, threshold_of=threshold_of),)


def _all_of(*captions: str, joined: bool = False) -> tuple[Take]:
    return (Take(captions=captions, joined=joined),)


_RAW_TOP30: Final = Take(captions=("raw",), where=_top(0.3, "raw"))
_SYNTHETIC_LIKE_RAW_TOP30: Final = Take(
    captions=("synthetic",), where=_top(0.3, "synthetic", "raw"), faces="rest"
)


def _unfiltered() -> Iterable[Recipe]:
    yield Recipe(name="template", takes=_all_of("template"))
    yield Recipe(name="llm", takes=_all_of("llm"))
    yield Recipe(name="template_llm", takes=_all_of("template", "llm"))
    yield Recipe(name="raw", takes=_all_of("raw"))
    yield Recipe(name="synthetic", takes=_all_of("synthetic"))
    yield Recipe(name="raw_llm", takes=_all_of("raw", "llm"))
    yield Recipe(name="raw_template_llm_synthetic", takes=_all_of(*CAPTION_TABLES))
    yield Recipe(name="raw_and_synthetic", takes=_all_of("raw", "synthetic", joined=True))
    yield Recipe(name="raw_and_llm", takes=_all_of("raw", "llm", joined=True))


def _published() -> Iterable[Recipe]:
    """The nine strategies of the paper's Table 5 in its order, each at one of its shares."""
    yield Recipe(name="raw_top30", takes=(_RAW_TOP30,))
    synthetic_top50 = Take(captions=("synthetic",), where=_top(0.5, "synthetic"))
    yield Recipe(name="synthetic_top50", takes=(synthetic_top50,))
    by_raw = Take(captions=("synthetic",), where=_top(0.3, "raw"))
    yield Recipe(name="synthetic_top30_by_raw_score", takes=(by_raw,))
    rest = Take(captions=("synthetic",), faces="rest")
    yield Recipe(name="raw_top30_synthetic_rest", takes=(_RAW_TOP30, rest))
    yield Recipe(
        name="raw_top30_synthetic_same_threshold", takes=(_RAW_TOP30, _SYNTHETIC_LIKE_RAW_TOP30)
    )
    raw_like = Take(captions=("raw",), where=_top(0.5, "raw", "synthetic"), faces="rest")
    yield Recipe(name="synthetic_top50_raw_same_threshold", takes=(synthetic_top50, raw_like))
    both = Take(captions=("raw", "synthetic"), where=_top(0.3, "raw"), joined=True)
    yield Recipe(
        name="raw_and_synthetic_top30_synthetic_same_threshold",
        takes=(both, _SYNTHETIC_LIKE_RAW_TOP30),
    )
    synthetic_top30 = Take(captions=("synthetic",), where=_top(0.3, "synthetic"))
    yield Recipe(name="raw_top30_union_synthetic_top30", takes=(_RAW_TOP30, synthetic_top30))
    clustered = Take(captions=("synthetic",), where=_top(0.75, "synthetic"), in_clusters=True)
    yield Recipe(name="synthetic_top75_in_clusters", takes=(clustered,))


def _further() -> Iterable[Recipe]:
    raw = Take(captions=("raw",), where=_top(0.3, "raw"), in_clusters=True)
    yield Recipe(name="raw_top30_in_clusters", takes=(raw,))
    yield Recipe(name="llm_top50", takes=(Take(captions=("llm",), where=_top(0.5, "llm")),))
    yield Recipe(name="llm_best", takes=(Take(captions=("llm",), best=1),))
    yield Recipe(name="synthetic_best", takes=(Take(captions=("synthetic",), best=1),))
    best_of_both = Take(captions=("llm", "synthetic"), best=1)
    yield Recipe(name="llm_or_synthetic_best", takes=(best_of_both,))
    rest = Take(captions=("llm",), faces="rest")
    yield Recipe(name="raw_top30_llm_rest", takes=(_RAW_TOP30, rest))


#: The recipes that come with the package.
#:
#: Source of the strategies: T. Nguyen et al., "Improving Multimodal Datasets with Image
#: Captioning", NeurIPS 2023, Table 5. There the score is ViT-L/14's cosine with the whole picture;
#: here it is, by default, the cosine with the crop, because that is what FLIP sees.
RECIPES: Final[Mapping[str, Recipe]] = {
    r.name: r for recipes in (_unfiltered(), _published(), _further()) for r in recipes
}
