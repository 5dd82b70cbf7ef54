"""FLIP: two encoders, a space that they share, and a head that matches a picture with a caption.

Losses, momentum and data belong to other modules; this one turns pictures and captions into
features and scores. Shape legend: B batch, P patches, L tokens, V and W widths of the image and
text encoder, D width of the shared space.

Source: FaceCaption-15M (https://arxiv.org/abs/2407.08515); the design is BLIP's
(https://arxiv.org/abs/2201.12086) without its decoder.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from flip_training.bert import TextEncoder
from flip_training.config import ModelConfig, TextConfig, VisionConfig
from flip_training.vit import VisualEncoder

#: Bounds of the learnt temperature.
TEMP_RANGE: Final = (0.001, 0.5)

#: Where SigLIP starts: the logarithm of the scale and the bias, so that at first every pair counts
#: as wrong, as nearly all are. Source: https://arxiv.org/abs/2303.15343, section 3.2.
FIRST_LOGIT_SCALE: Final = math.log(10)
FIRST_LOGIT_BIAS: Final = -10.0


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
        return image_embeds, F.normalize(self.vision_proj(image_embeds[:, 0]).float(), dim=-1)

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Captions (B, L) to unit features (B, D), from the states of [CLS]."""
        states = self.text_encoder(input_ids, attention_mask)
        return F.normalize(self.text_proj(states[:, 0]).float(), dim=-1)

    def match(self, image_embeds: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits (B, 2) that each caption does not (0) or does (1) describe its picture.

        Args:
            image_embeds: States of the pictures, (B, P + 1, V).
            input_ids: Captions, (B, L); their first token is read as [ENC].
            attention_mask: 1 for tokens, 0 for padding, (B, L).
        """
        opened = input_ids.clone()
        opened[:, 0] = self.config.text.enc_token_id
        states = self.text_encoder(opened, attention_mask, image_embeds)
        return self.itm_head(states[:, 0]).float()  # type: ignore[no-any-return]

    @torch.no_grad()
    def clamp_temp(self) -> None:
        """Keep a learnt temperature within bounds; SigLIP's scale has none."""
        if self.config.contrast == "softmax":
            self.temp.clamp_(*TEMP_RANGE)

    def load_pretrained_encoders(self) -> None:
        """Take the encoders' weights from where the configuration says, if anywhere."""
        if self.config.vision.weights:
            self.visual_encoder.load_clip(self.config.vision.weights)
        if self.config.text.weights:
            self.text_encoder.load_bert(self.config.text.weights)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``config.json`` and ``model.safetensors``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self.config), indent=2, sort_keys=True)
        (folder / "config.json").write_text(text + "\n", "utf-8")
        weights = {name: w.detach().cpu().contiguous() for name, w in self.state_dict().items()}
        save_file(weights, folder / "model.safetensors")

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "FLIPModel":
        """The model that ``save_pretrained`` wrote, on the CPU and in evaluation mode.

        Raises:
            FileNotFoundError: If the folder holds no model.
        """
        folder = Path(folder)
        values = json.loads((folder / "config.json").read_text("utf-8"))
        values["vision"] = VisionConfig(**values["vision"])
        values["text"] = TextConfig(**values["text"])
        model = cls(ModelConfig(**values))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model.eval()
