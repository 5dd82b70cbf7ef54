"""Tiny models with random weights, saved by transformers itself in the files of the real ones."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    BertTokenizer,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    GPT2Tokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

DIMENSIONS = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
VISION = {"image_size": 32, "patch_size": 8, **DIMENSIONS}

#: What the tiny captioners can say.
WORDS = (
    *("a", "the", "woman", "man", "person", "smiles", "looks", "with", "and", "in", "at"),
    *("brown", "blond", "hair", "hat", "red", "scarf", "camera", "gently", "softly", "wears"),
    *("her", "his", "glasses", "eyes", "green", "shirt", "long", "short", "dark", "bright"),
)


def spelling_tokenizer(**options: Any) -> CLIPTokenizer:
    """CLIP's tokenizer without merges: it spells."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789'.,-"
    words = [*letters, *(f"{each}</w>" for each in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], **options)


def text_settings(tokenizer: CLIPTokenizer, length: int) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": length,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **DIMENSIONS,
    }


def save_clip(folder: Path) -> None:
    tokenizer = spelling_tokenizer()
    config = CLIPConfig(
        text_config=text_settings(tokenizer, 77), vision_config=VISION, projection_dim=8
    )
    CLIPModel(config).save_pretrained(folder)
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(images, tokenizer).save_pretrained(folder)


def save_siglip(folder: Path) -> None:
    tokenizer = spelling_tokenizer(model_input_names=["input_ids"])
    config = SiglipConfig(text_config=text_settings(tokenizer, 64), vision_config=VISION)
    model = SiglipModel(config)
    # As trained ones have: ten times sharper than cosines, and a bias.
    model.logit_scale.data.fill_(np.log(10.0))
    model.logit_bias.data.fill_(-5.0)
    model.save_pretrained(folder)
    images = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(images, tokenizer).save_pretrained(folder)


def save_blip(folder: Path) -> None:
    """Salesforce's layout: BERT's word pieces, and a first token that the tokenizer has not."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate(pieces)})
    text = {
        **DIMENSIONS,
        "vocab_size": len(pieces) + 1,
        "encoder_hidden_size": 16,
        "max_position_embeddings": 64,
        "bos_token_id": len(pieces),
        "sep_token_id": pieces.index("[SEP]"),
        "eos_token_id": pieces.index("[SEP]"),
        "pad_token_id": 0,
        # Wide, so that what is likely differs between pictures and steps.
        "initializer_range": 0.7,
    }
    config = BlipConfig(
        text_config=text, vision_config={**VISION, "initializer_range": 0.5}, projection_dim=8
    )
    BlipForConditionalGeneration(config).save_pretrained(folder)
    images = BlipImageProcessor(size={"height": 32, "width": 32})
    BlipProcessor(images, tokenizer).save_pretrained(folder)


def save_blip2(folder: Path) -> None:
    """Salesforce's layout: OPT with GPT-2's byte pairs; a caption ends with a line feed."""
    # Every word is one token, with the space before it; byte pairs build it letter by letter.
    vocabulary, merges = byte_pairs(["Ċ", *(f"Ġ{word}" for word in WORDS)])
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<image>"]
    vocab = {word: i for i, word in enumerate([*specials, *vocabulary])}
    tokenizer = GPT2Tokenizer(
        vocab=vocab,
        merges=merges,
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="<pad>",
        add_bos_token=True,
    )
    text = {
        "model_type": "opt",
        "vocab_size": len(vocab),
        "hidden_size": 16,
        "ffn_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "word_embed_proj_dim": 16,
        "max_position_embeddings": 128,
        "bos_token_id": vocab["</s>"],
        "eos_token_id": vocab["Ċ"],
        "pad_token_id": vocab["<pad>"],
        "init_std": 0.7,
    }
    former = {**DIMENSIONS, "encoder_hidden_size": 16, "vocab_size": 8, "initializer_range": 0.5}
    config = Blip2Config(
        vision_config={**VISION, "initializer_range": 0.5},
        qformer_config=former,
        text_config=text,
        num_query_tokens=4,
        image_token_index=vocab["<image>"],
    )
    model = Blip2ForConditionalGeneration(config)
    model.query_tokens.data.normal_()
    model.save_pretrained(folder)
    images = BlipImageProcessor(size={"height": 32, "width": 32})
    Blip2Processor(images, tokenizer, num_query_tokens=4).save_pretrained(folder)


def byte_pairs(words: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Tokens and merges with which each word becomes one token."""
    tokens = sorted({letter for word in words for letter in word})
    merges: list[tuple[str, str]] = []
    for word in words:
        for end in range(2, len(word) + 1):
            pair = (word[: end - 1], word[end - 1])
            if pair not in merges:
                merges.append(pair)
                tokens.append(word[:end])
    return tokens, merges


def seeded(save: Any, folder: Path, seed: int = 5) -> Path:
    """The folder, with the model that this seed makes."""
    torch.manual_seed(seed)
    save(folder)
    return folder
