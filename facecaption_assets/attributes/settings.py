"""Settings of the stage that labels face crops."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from facecaption_assets.setting_checks import require_attributes, require_within


@dataclass(frozen=True, kw_only=True)
class LabelRules:
    """When a probability becomes a state, and how many positives a face needs.

    Attributes:
        positive_threshold: As in ``AttributeSettings``, like the others.
        negative_threshold: Likewise.
        thresholds: Likewise.
        min_positive: Likewise.
    """

    positive_threshold: float
    negative_threshold: float
    thresholds: Mapping[str, tuple[float, float]]
    min_positive: int


#: Rules that have a name. ``paper``: FaceCaption-15M's one threshold over all heads, and more
#: than five labels; its authors label no negatives, ours mirror their threshold.
PRESETS: Final[Mapping[str, LabelRules]] = {
    "paper": LabelRules(
        positive_threshold=0.85, negative_threshold=0.15, thresholds={}, min_positive=6
    )
}


@dataclass(frozen=True, kw_only=True)
class AttributeSettings:
    """Which annotators label a face, and when a probability becomes a state.

    Attributes:
        annotators: Names of annotators, in order; for an attribute that several cover, the first
            with a probability speaks.
        sources: Per attribute, the annotators that speak for it instead, in order; they need not
            be among ``annotators``. An empty list leaves the attribute unknown.
        agreement: Two or more annotators that label an attribute only together, where all of them
            cover it: on opposite sides of the thresholds, the attribute is unknown and the row
            says so. Empty: none. ``sources`` comes first.
        celeba_weights: Checkpoint of ``celeba_resnet50``: a local file of the authors' layout or
            torchvision's, or what ``facecaption train-attributes`` wrote. Nobody can fetch it.
        clip_model: Model of ``clip_zero_shot``: a folder, or a name on the model hub with
            ``@revision``.
        positive_threshold: Probability above which an attribute is positive. FaceCaption-15M: 0.85.
        negative_threshold: Probability below which it is negative; between the two it is unknown.
        thresholds: Per attribute (negative, positive), where the two above do not fit.
        min_positive: Fewest positive attributes with which a face is kept for captioning.
            FaceCaption-15M keeps more than five of forty.
        preset: Named rules of PRESETS, such as ``paper``; they replace the four settings above.
            Empty: none.
        calibration: File that ``facecaption calibrate-attributes`` wrote for these annotators:
            thresholds and the dataset then see calibrated probabilities. Empty: none.
        evaluation_labels: Labels of the dataset's own faces or pictures, a file as for
            ``facecaption evaluate-attributes``, that ``attribute_evaluation`` compares with.
        batch_size: Crops per model call.
    """

    annotators: tuple[str, ...] = ("face_parsing", "age_gender", "blendshapes")
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    agreement: tuple[str, ...] = ()
    celeba_weights: str = ""
    clip_model: str = "openai/clip-vit-large-patch14@32bd64288804d66eefd0ccbe215aa642df71cc41"
    positive_threshold: float = 0.85
    negative_threshold: float = 0.15
    thresholds: dict[str, tuple[float, float]] = field(default_factory=dict)
    min_positive: int = 6
    preset: str = ""
    calibration: str = ""
    evaluation_labels: str = ""
    batch_size: int = 8

    @property
    def rules(self) -> LabelRules:
        """The rules in force: the preset's, else the settings' own."""
        if self.preset:
            return PRESETS[self.preset]
        return LabelRules(
            positive_threshold=self.positive_threshold,
            negative_threshold=self.negative_threshold,
            thresholds=self.thresholds,
            min_positive=self.min_positive,
        )

    @property
    def all_annotators(self) -> tuple[str, ...]:
        """Every annotator that any setting names, once, those of ``annotators`` first."""
        named = (*self.annotators, *self.agreement, *chain(*self.sources.values()))
        return tuple(dict.fromkeys(named))

    def __post_init__(self) -> None:
        require_within(self, min_positive=(0, 40), batch_size=(1, 4096))
        if self.preset and self.preset not in PRESETS:
            raise ValueError(f"preset is {self.preset!r}; allowed is one of {', '.join(PRESETS)}")
        require_attributes("thresholds", self.thresholds)
        require_attributes("sources", self.sources)
        for attribute, names in self.sources.items():
            _require_names(f"sources.{attribute}", names)
        if len(self.agreement) == 1 or len(set(self.agreement)) < len(self.agreement):
            raise ValueError(
                f"agreement is {list(self.agreement)}; it takes two different annotators or more, "
                "or none"
            )
        _require_pair(
            "negative_threshold and positive_threshold",
            (self.negative_threshold, self.positive_threshold),
        )
        for attribute, pair in self.thresholds.items():
            _require_pair(f"thresholds.{attribute}", pair)


def _require_names(setting: str, names: object) -> None:
    if not (isinstance(names, tuple) and all(isinstance(name, str) for name in names)):
        raise ValueError(f"{setting} is {names!r}; allowed is a list of annotators' names")


def _require_pair(setting: str, pair: object) -> None:
    match pair:
        case (int() | float() as negative, int() | float() as positive):
            if 0 <= negative <= positive <= 1:
                return
    raise ValueError(
        f"{setting} is {pair}; allowed is (negative, positive) with 0 <= negative <= positive <= 1"
    )
