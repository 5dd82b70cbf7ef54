"""The authors' checkpoints of FLIP as models of this package.

Names come from reading their code (``models/fflip.py`` and ``models/mm.py`` of the repository
ddw2AIGROUP2CQUPT/FLIP), not from one of their files: pre-training and fine-tuning save a
dictionary whose ``model`` holds the weights beside the optimizer's state. What belongs to training
only, the momentum copies and the queue, is left aside; any other name that is unknown is an error.
"""

import pickle
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from flip_training.model.flip import FLIPModel
from flip_training.model.model_config import ModelConfig, TextConfig, VisionConfig

#: Width of an attention head in every CLIP ViT and BERT that the authors start from.
HEAD_WIDTH: Final = 64

#: Names of what only training needs, and of positions counted from 0, which older versions of
#: transformers saved.
_LEFT_ASIDE: Final = re.compile(
    r"(visual_encoder|text_encoder|vision_proj|text_proj)_m\..*"
    r"|(image|text|idx|ptr)_queue"
    r"|.*\.position_ids"
)


def read_authors_model(path: str | Path, head_width: int = HEAD_WIDTH) -> FLIPModel:
    """The model of an authors' checkpoint, on the CPU and in evaluation mode.

    Args:
        path: ``.pth``, read as plain tensors without running any code, or ``.safetensors``.
        head_width: Width of an attention head, which the weights do not tell.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no checkpoint, or its weights are not those of a FLIP; lists them.
    """
    weights = {own_name(n): t for n, t in _read_weights(Path(path)).items() if not _is_aside(n)}
    try:
        model = FLIPModel(_config_of(weights, head_width))
    except KeyError as error:
        raise ValueError(f"{path} is no checkpoint of FLIP: it has no weight {error}") from error
    expected = model.state_dict()
    problems = [
        *_list("missing", expected.keys() - weights.keys()),
        *_list("unknown", weights.keys() - expected.keys()),
        *_list(
            "of another shape",
            (n for n in expected.keys() & weights.keys() if weights[n].shape != expected[n].shape),
        ),
    ]
    if problems:
        raise ValueError(f"{path} does not hold the weights of a FLIP: {'; '.join(problems)}")
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return model.eval()


def own_name(name: str) -> str:
    """An authors' name of a weight as ours: they wrap CLIP once more and rename its last norm."""
    name = name.removeprefix("module.").replace("visual_encoder.vision_model.", "visual_encoder.")
    return name.replace("visual_encoder.post_layrnorm.", "visual_encoder.post_layernorm.")


def _is_aside(name: str) -> bool:
    return _LEFT_ASIDE.fullmatch(name.removeprefix("module.")) is not None


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file")
    try:
        found = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError) as error:
        raise ValueError(f"{path} cannot be read as plain tensors: {error}") from error
    weights: Any = found.get("model", found) if isinstance(found, dict) else None
    if not isinstance(weights, Mapping) or not all(map(torch.is_tensor, weights.values())):
        raise ValueError(f"{path} is no checkpoint: it holds no dictionary of weights")
    return dict(weights)


def _config_of(weights: Mapping[str, Tensor], head_width: int) -> ModelConfig:
    """The shape of a model from the shapes of its weights; KeyError where one is missing."""
    width, _, patch, _ = weights["visual_encoder.embeddings.patch_embedding.weight"].shape
    tokens = len(weights["visual_encoder.embeddings.position_embedding.weight"])
    vocab_size, text_width = weights["text_encoder.embeddings.word_embeddings.weight"].shape
    return ModelConfig(
        vision=VisionConfig(
            image_size=round((tokens - 1) ** 0.5) * patch,
            patch_size=patch,
            width=width,
            layers=_count(weights, "visual_encoder.encoder.layers"),
            heads=width // head_width,
        ),
        text=TextConfig(
            width=text_width,
            layers=_count(weights, "text_encoder.encoder.layer"),
            heads=text_width // head_width,
            vocab_size=vocab_size,
            enc_token_id=vocab_size - 1,  # [ENC] is the last token that the authors add
            weights="bert-base-uncased",
        ),
        embed_dim=len(weights["vision_proj.weight"]),
    )


def _count(weights: Mapping[str, Tensor], layers: str) -> int:
    start = f"{layers}."
    return len({n.removeprefix(start).split(".")[0] for n in weights if n.startswith(start)})


def _list(kind: str, names: Iterable[str]) -> list[str]:
    found = sorted(names)
    return [f"{len(found)} {kind} ({', '.join(found)})"] if found else []
