"""Pictures and captions as a user has them, to what a FLIP reads.

Files are those that transformers reads as well: CLIP's image processor and BERT's tokenizer. A
picture is resized to a square without cropping, a caption cleaned as in training.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import BertTokenizer, CLIPImageProcessor, ProcessorMixin

from flip_training.model.hub import model_folder
from flip_training.model.tokenization import tokenize


class FLIPProcessor(ProcessorMixin):
    """An image processor and a tokenizer, saved and loaded together.

    Attributes:
        image_processor: Resizes and normalises.
        tokenizer: BERT's, with the vocabulary of the model; ``model_max_length`` is the model's
            longest caption.
    """

    def __init__(self, image_processor: Any, tokenizer: Any) -> None:
        super().__init__(image_processor, tokenizer)  # type: ignore[no-untyped-call]
        self.image_processor: Any
        self.tokenizer: Any

    def __call__(
        self,
        images: Image.Image | Sequence[Image.Image] = (),
        text: str | Sequence[str] = (),
    ) -> dict[str, Tensor]:
        """Inputs by the names of the model's arguments, as far as there are any.

        Args:
            images: Pictures of any size and mode, seen as they are, so best upright face crops.
            text: Captions.

        Returns:
            ``pixel_values`` (B, 3, H, W); ``input_ids`` and ``attention_mask``, (C, L).
        """
        images = [images] if isinstance(images, Image.Image) else list(images)
        text = [text] if isinstance(text, str) else list(text)
        inputs: dict[str, Tensor] = {}
        if images:
            pixels = [
                self.image_processor(image.convert("RGB")).pixel_values[0] for image in images
            ]
            inputs["pixel_values"] = torch.stack([torch.as_tensor(p) for p in pixels])
        if text:
            inputs |= tokenize(self.tokenizer, text, self.tokenizer.model_max_length)
        return inputs

    def write(self, folder: str | Path) -> None:
        """Write the image processor's settings and the tokenizer's files."""
        self.image_processor.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, name_or_folder: str | Path, **options: Any
    ) -> "FLIPProcessor":
        """The processor of a saved model.

        Args:
            name_or_folder: A folder, or the name of a model on the Hugging Face hub.
            options: Of transformers' loading, which calls this with its own.

        Raises:
            FileNotFoundError: If there is no such model.
        """
        folder = model_folder(name_or_folder)
        del options
        return cls(
            CLIPImageProcessor.from_pretrained(folder), BertTokenizer.from_pretrained(folder)
        )


def processor_of(tokenizer: BertTokenizer, image_size: int, max_length: int) -> FLIPProcessor:
    """The processor of a model of that size; the tokenizer is not copied but told its longest."""
    side = {"height": image_size, "width": image_size}
    tokenizer.model_max_length = max_length
    return FLIPProcessor(CLIPImageProcessor(size=side, do_center_crop=False), tokenizer)
