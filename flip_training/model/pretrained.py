"""First weights of the two encoders: a CLIP and a BERT in transformers' file format.

From the hub or a folder, whole checkpoints included: CLIP's text half, BERT's heads and the
embeddings of its second token type are left aside. What does not fit is refused, not repaired.
"""

from typing import Any, NamedTuple

from torch import Tensor, nn
from transformers import AutoConfig, BertModel, CLIPVisionModel, PretrainedConfig

from flip_training.model.model_config import TextConfig, VisionConfig


class _Source(NamedTuple):
    """A setting that names weights, and its value."""

    setting: str
    value: str

    def refusal(self, reason: object) -> ValueError:
        """The error to raise."""
        return ValueError(f"{self.setting} {self.value!r} do not fit: {reason}")


def load_clip(encoder: nn.Module, config: VisionConfig) -> None:
    """Give an image encoder the weights of ``config.weights``.

    Raises:
        ValueError: If there is no CLIP of that name, or its shape or arithmetic is another.
    """
    source = _Source("vision.weights", config.weights)
    whole = _read_config(source, "clip", "clip_vision_model")
    _require_equal(
        source,
        getattr(whole, "vision_config", whole),
        hidden_size=config.width,
        intermediate_size=4 * config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        image_size=config.image_size,
        patch_size=config.patch_size,
        hidden_act=config.activation,
    )
    # transformers 5 has no prefix here, earlier ones have.
    given = {
        name.removeprefix("vision_model."): weight
        for name, weight in _read_weights(source, CLIPVisionModel).items()
        if not name.endswith("position_ids")
    }
    _copy_rows(source, given, encoder)


def load_bert(encoder: nn.Module, config: TextConfig) -> None:
    """Give a text encoder the weights of ``config.weights``.

    Cross-attention and the embeddings of added tokens, which BERT has not, stay as they are.

    Raises:
        ValueError: If there is no BERT of that name, or its shape or arithmetic is another.
    """
    source = _Source("text.weights", config.weights)
    _require_equal(
        source,
        _read_config(source, "bert"),
        hidden_size=config.width,
        intermediate_size=4 * config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        hidden_act="gelu",
    )
    given = _read_weights(source, BertModel, add_pooling_layer=False)
    # Every caption is of BERT's first token type: its embedding can sit in the positions'.
    token_type = given.pop("embeddings.token_type_embeddings.weight")[0]
    positions = "embeddings.position_embeddings.weight"
    given[positions] = given[positions] + token_type
    _copy_rows(source, given, encoder)


def _read_config(source: _Source, *model_types: str) -> PretrainedConfig:
    try:
        found = AutoConfig.from_pretrained(source.value)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{source.setting} {source.value!r} is neither a folder with a model nor a model of "
            f"the hub that can be read: {str(error).strip().splitlines()[0]}"
        ) from error
    if found.model_type not in model_types:
        raise source.refusal(f"model_type is {found.model_type!r}, not {model_types[0]!r}")
    return found  # type: ignore[no-any-return]


def _require_equal(source: _Source, found: Any, **expected: object) -> None:
    for name, value in expected.items():
        if getattr(found, name) != value:
            raise source.refusal(f"{name} is {getattr(found, name)!r}, not {value!r}")


def _read_weights(source: _Source, kind: Any, **options: Any) -> dict[str, Tensor]:
    try:
        model, info = kind.from_pretrained(source.value, output_loading_info=True, **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise source.refusal(error) from error
    # transformers draws what a file lacks at random.
    if missing := sorted(info["missing_keys"]):
        raise source.refusal(f"{len(missing)} weights are missing, first {missing[0]}")
    return dict(model.state_dict())


def _copy_rows(source: _Source, given: dict[str, Tensor], encoder: nn.Module) -> None:
    """Copy weights by name; a table may have more rows than the given one, for added tokens."""
    own = encoder.state_dict()
    for name, weight in given.items():
        if name not in own or not _fits(weight, own[name]):
            raise source.refusal(name)
        own[name][: len(weight)] = weight
    encoder.load_state_dict(own)


def _fits(weight: Tensor, place: Tensor) -> bool:
    return weight.shape[1:] == place.shape[1:] and len(weight) <= len(place)
