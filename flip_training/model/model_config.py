"""What a FLIP is: the shapes of its two encoders and of the space that they share.

Validated values without a default for what defines a model; named ones are in ``presets``. Free of
torch. How a model is trained belongs to ``config``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

#: Bounds of the learnt temperature.
TEMP_RANGE: Final = (0.001, 0.5)

#: Rows of BERT's position table.
_BERT_POSITIONS = 512


def require(condition: bool, setting: str, value: object, expected: str) -> None:
    """Refuse a value.

    Raises:
        ValueError: If the condition does not hold; names the setting, what it must be and what
            it is.
    """
    if not condition:
        raise ValueError(f"{setting} must be {expected}, got {value!r}")


def _require_heads(encoder: str, width: int, heads: int) -> None:
    require(heads > 0, f"{encoder}.heads", heads, "positive")
    require(
        width > 0 and width % heads == 0, f"{encoder}.width", width, f"a multiple of heads {heads}"
    )


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """The image encoder, a CLIP ViT.

    Attributes:
        image_size: Side of the square input, px; a multiple of ``patch_size``.
        patch_size: Side of a patch, px.
        width: Width of a token.
        layers: Transformer layers.
        heads: Attention heads; divides ``width``.
        activation: Between the two matrices of a layer: ``quick_gelu`` is OpenAI's CLIPs',
            ``gelu`` most others'.
        weights: Hub name or folder of a CLIP to start from; empty means random weights.
    """

    image_size: int
    patch_size: int
    width: int
    layers: int
    heads: int
    activation: Literal["quick_gelu", "gelu"] = "quick_gelu"
    weights: str = ""

    def __post_init__(self) -> None:
        require(
            0 < self.patch_size <= self.image_size and self.image_size % self.patch_size == 0,
            "vision.image_size",
            self.image_size,
            f"a multiple of patch_size {self.patch_size}",
        )
        _require_heads("vision", self.width, self.heads)
        require(self.layers > 0, "vision.layers", self.layers, "positive")
        require(
            self.activation in ("quick_gelu", "gelu"),
            "vision.activation",
            self.activation,
            "quick_gelu or gelu",
        )

    @property
    def tokens(self) -> int:
        """Tokens of a picture: its patches and the class token."""
        return (self.image_size // self.patch_size) ** 2 + 1


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """The text encoder, a BERT with cross-attention.

    Attributes:
        width: Width of a token.
        layers: Transformer layers.
        heads: Attention heads; divides ``width``.
        max_length: Longest caption, tokens with [CLS] and [SEP]; also the longest in words.
        dropout: Probability, in hidden states and in attention.
        vocab_size: Tokens, [DEC] and [ENC] included; 0 until a tokenizer has been chosen.
        enc_token_id: Id of [ENC]; 0 until a tokenizer has been chosen.
        weights: Hub name or folder of a BERT whose tokenizer and weights are taken; empty means
            random weights and a vocabulary made from the training captions.
        init_std: Standard deviation of random weights. BERT's suits its width of 768; a narrow
            encoder needs about ``width ** -0.5``, or its layers hardly change what they are given
            and matching is learnt too late.
    """

    width: int
    layers: int
    heads: int
    max_length: int = 65
    dropout: float = 0.1
    init_std: float = 0.02
    vocab_size: int = 0
    enc_token_id: int = 0
    weights: str = ""

    def __post_init__(self) -> None:
        _require_heads("text", self.width, self.heads)
        require(self.layers > 0, "text.layers", self.layers, "positive")
        require(self.max_length >= 3, "text.max_length", self.max_length, "at least 3")
        require(0 <= self.dropout < 1, "text.dropout", self.dropout, "in [0, 1)")
        require(0 < self.init_std < 1, "text.init_std", self.init_std, "in (0, 1)")

    @property
    def positions(self) -> int:
        """Rows of the position table: BERT's where its weights are taken, else what is needed."""
        return max(_BERT_POSITIONS, self.max_length) if self.weights else self.max_length


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The two encoders and the space they share.

    Attributes:
        vision: The image encoder.
        text: The text encoder.
        embed_dim: Width of the shared space of ITC.
        temp: Temperature that training starts from, in [0.001, 0.5].
        contrast: The loss of ITC, ``softmax`` or ``sigmoid``, by which the model learns either a
            temperature or SigLIP's scale and bias; a training sets it to its own.
    """

    vision: VisionConfig
    text: TextConfig
    embed_dim: int
    temp: float = 0.07
    contrast: Literal["softmax", "sigmoid"] = "softmax"

    def __post_init__(self) -> None:
        require(self.embed_dim > 0, "embed_dim", self.embed_dim, "positive")
        low, high = TEMP_RANGE
        require(low <= self.temp <= high, "temp", self.temp, f"in [{low}, {high}]")
        require(
            self.contrast in ("softmax", "sigmoid"),
            "contrast",
            self.contrast,
            "softmax or sigmoid",
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ModelConfig":
        """What ``to_dict`` gave.

        Raises:
            KeyError: If an encoder is missing.
            TypeError: If a setting is unknown or missing.
            ValueError: If a value is not allowed.
        """
        rest = {name: value for name, value in values.items() if name not in ("vision", "text")}
        vision, text = VisionConfig(**values["vision"]), TextConfig(**values["text"])
        return cls(vision=vision, text=text, **rest)
