"""Settings of the stage that labels face crops."""

from dataclasses import dataclass, field

from facecaption_assets.setting_checks import require_attributes, require_within


@dataclass(frozen=True, kw_only=True)
class AttributeSettings:
    """Which annotators label a face, and when a probability becomes a state.

    Attributes:
        annotators: Names of annotators, in order; for an attribute that several cover, the first
            with a probability speaks.
        positive_threshold: Probability above which an attribute is positive. FaceCaption-15M: 0.85.
        negative_threshold: Probability below which it is negative; between the two it is unknown.
        thresholds: Per attribute (negative, positive), where the two above do not fit.
        min_positive: Fewest positive attributes with which a face is kept for captioning.
            FaceCaption-15M keeps more than five of forty.
        batch_size: Crops per model call.
    """

    annotators: tuple[str, ...] = ("face_parsing", "age_gender", "blendshapes")
    positive_threshold: float = 0.85
    negative_threshold: float = 0.15
    thresholds: dict[str, tuple[float, float]] = field(default_factory=dict)
    min_positive: int = 6
    batch_size: int = 8

    def __post_init__(self) -> None:
        require_within(self, min_positive=(0, 40), batch_size=(1, 4096))
        require_attributes("thresholds", self.thresholds)
        _require_pair(
            "negative_threshold and positive_threshold",
            (self.negative_threshold, self.positive_threshold),
        )
        for attribute, pair in self.thresholds.items():
            _require_pair(f"thresholds.{attribute}", pair)


def _require_pair(setting: str, pair: object) -> None:
    match pair:
        case (int() | float() as negative, int() | float() as positive):
            if 0 <= negative <= positive <= 1:
                return
    raise ValueError(
        f"{setting} is {pair}; allowed is (negative, positive) with 0 <= negative <= positive <= 1"
    )
