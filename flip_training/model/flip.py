"""FLIP: two encoders, a space that they share, and a head that matches a picture with a caption.

Losses, momentum and data belong to other modules; this one turns pictures and captions into
features and scores. Shape legend: B batch, P patches, L tokens, V and W widths of the image and
text encoder, D width of the shared space.

Source: FaceCaption-15M (https://arxiv.org/abs/2407.08515); the design is BLIP's
(https://arxiv.org/abs/2201.12086) without its decoder.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from flip_training.model.bert import TextEncoder
from flip_training.model.hub import model_folder
from flip_training.model.model_config import TEMP_RANGE, ModelConfig
from flip_training.model.pretrained import load_bert, load_clip
from flip_training.model.vit import VisualEncoder

#: Where SigLIP starts: the logarithm of the scale and the bias, so that at first every pair counts
#: as wrong, as nearly all are. Source: https://arxiv.org/abs/2303.15343, section 3.2.
FIRST_LOGIT_SCALE: Final = math.log(10)
FIRST_LOGIT_BIAS: Final = -10.0


class FLIPScores(NamedTuple):
    """How well each of B pictures and each of C captions go together, (B, C)."""

    similarity: Tensor  # cosine, [-1, 1]
    match: Tensor  # probability that the caption describes the picture


class FLIPModel(nn.Module):
    """Pictures and captions to unit features (ITC) and to match scores (ITM)."""

    def __init__(self, config: ModelConfig) -> None:
        """Random weights.

        Raises:
            ValueError: If no tokenizer has been chosen yet, so that the vocabulary is unknown.
        """
        super().__init__()
        if config.text.vocab_size <= 0:
            raise ValueError(f"text.vocab_size must be positive, got {config.text.vocab_size}")
        self.config = config
        self.visual_encoder = VisualEncoder(config.vision)
        self.text_encoder = TextEncoder(config)
        self.vision_proj = nn.Linear(config.vision.width, config.embed_dim)
        self.text_proj = nn.Linear(config.text.width, config.embed_dim)
        self.itm_head = nn.Linear(config.text.width, 2)
        if config.contrast == "softmax":
            self.temp = nn.Parameter(torch.tensor(config.temp))
        else:
            self.logit_scale = nn.Parameter(torch.tensor(FIRST_LOGIT_SCALE))
            self.logit_bias = nn.Parameter(torch.tensor(FIRST_LOGIT_BIAS))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.vision_proj.weight.device

    @property
    def temperature(self) -> Tensor:
        """What similarities are divided by, a positive scalar; of a sigmoid model, 1 / scale."""
        return self.temp if self.config.contrast == "softmax" else torch.exp(-self.logit_scale)

    def encode_image(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures (B, 3, H, W) to states (B, P + 1, V) and unit features (B, D)."""
        image_embeds = self.visual_encoder(pixel_values)
        return image_embeds, self._image_feat(image_embeds)

    def image_features(self, pixel_values: Tensor) -> Tensor:
        """The features of ``encode_image`` alone, (B, D): cheaper where nothing is matched."""
        return self._image_feat(self.visual_encoder(pixel_values, wanted=1))

    def _image_feat(self, image_embeds: Tensor) -> Tensor:
        return F.normalize(self.vision_proj(image_embeds[:, 0]).float(), dim=-1)

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Captions (B, L) to unit features (B, D), from the states of [CLS]."""
        states = self.text_encoder(input_ids, attention_mask, wanted=1)
        return F.normalize(self.text_proj(states[:, 0]).float(), dim=-1)

    def match(
        self,
        image_embeds: Tensor,
        input_ids: Tensor,
        attention_mask: Tensor,
        image_index: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, 2) that each caption does not (0) or does (1) describe its picture.

        Args:
            image_embeds: States of the pictures, (B, P + 1, V), or of any number with an index.
            input_ids: Captions, (B, L); their first token is read as [ENC].
            attention_mask: 1 for tokens, 0 for padding, (B, L).
            image_index: Which picture each caption is matched with, (B,). Cheaper than repeating
                the states of pictures that are matched with several captions.
        """
        opened = input_ids.clone()
        opened[:, 0] = self.config.text.enc_token_id
        states = self.text_encoder(opened, attention_mask, image_embeds, image_index, wanted=1)
        return self.itm_head(states[:, 0]).float()  # type: ignore[no-any-return]

    @torch.inference_mode()
    def score(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> FLIPScores:
        """Every picture (B, 3, H, W) with every caption (C, L), in one batch of B x C pairs."""
        image_embeds, image_feat = self.encode_image(pixel_values)
        text_feat = self.encode_text(input_ids, attention_mask)
        pairs = torch.cartesian_prod(
            torch.arange(len(image_embeds), device=input_ids.device),
            torch.arange(len(input_ids), device=input_ids.device),
        )
        image, text = pairs.unbind(dim=1)
        logits = self.match(image_embeds, input_ids[text], attention_mask[text], image)
        odds = logits.softmax(dim=1)[:, 1].view(len(image_embeds), len(input_ids))
        return FLIPScores(image_feat @ text_feat.T, odds)

    @torch.no_grad()
    def clamp_temp(self) -> None:
        """Keep a learnt temperature within bounds; SigLIP's scale has none."""
        if self.config.contrast == "softmax":
            self.temp.clamp_(*TEMP_RANGE)

    def set_gradient_checkpointing(self, enabled: bool) -> None:
        """Whether both encoders compute activations again instead of keeping them.

        Training then needs less memory and more time; losses and gradients stay the same.
        """
        self.visual_encoder.set_gradient_checkpointing(enabled)
        self.text_encoder.set_gradient_checkpointing(enabled)

    def load_pretrained_encoders(self) -> None:
        """Take the encoders' weights from where the configuration says, if anywhere.

        Raises:
            ValueError: If there are no such weights, or they do not fit.
        """
        if self.config.vision.weights:
            load_clip(self.visual_encoder, self.config.vision)
        if self.config.text.weights:
            load_bert(self.text_encoder, self.config.text)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``config.json`` and ``model.safetensors``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.config.to_dict(), indent=2, sort_keys=True)
        (folder / "config.json").write_text(text + "\n", "utf-8")
        write_weights(folder / "model.safetensors", self.state_dict())

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path) -> "FLIPModel":
        """The model that ``save_pretrained`` wrote, on the CPU and in evaluation mode.

        Args:
            name_or_folder: A folder, or the name of a model on the Hugging Face hub.

        Raises:
            FileNotFoundError: If there is no model.
            ValueError: If what there is, is no FLIP.
        """
        folder = model_folder(name_or_folder)
        values = json.loads((folder / "config.json").read_text("utf-8"))
        if "vision" not in values or "text" not in values:
            raise ValueError(f"{folder / 'config.json'} describes no FLIP")
        model = cls(ModelConfig.from_dict(values))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model.eval()


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write weights as safetensors, for everyone who may look into the folder."""
    written = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    # Other libraries ask the header which framework wrote the file.
    save_file(written, path, metadata={"format": "pt"})
    # The library makes files for their owner alone, whom another machine need not run as.
    path.chmod(path.parent.stat().st_mode & 0o666)
