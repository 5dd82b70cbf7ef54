"""Captions to token ids: cleaning, a vocabulary of the training captions, BERT's tokenizer.

The two added tokens are BLIP's: [ENC] opens a caption that is matched with a picture; [DEC] is
there so that ids agree with the published weights.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tokenizers import normalizers, pre_tokenizers
from transformers import BatchEncoding, BertTokenizer

from flip_training.model.model_config import ModelConfig

SPECIAL_TOKENS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ADDED_TOKENS: Final = ("[DEC]", "[ENC]")

#: Most characters that a vocabulary made from captions spells with.
MAX_LETTERS: Final = 1000

_TO_SPACE: Final = str.maketrans(dict.fromkeys('.!"()*#:;~', " "))


def clean_caption(caption: str, max_words: int) -> str:
    """A caption as FLIP reads it: lower case, ``. ! " ( ) * # : ; ~`` blank, cut to some words.

    Source: the authors' ``pre_caption``, which is BLIP's.
    """
    return " ".join(caption.lower().translate(_TO_SPACE).split()[:max_words])


def word_vocabulary(captions: Iterable[str], max_size: int = 8192) -> list[str]:
    """A WordPiece vocabulary: special tokens, characters, then words by falling frequency.

    Characters come alone and as continuations, so that any word in the captions' alphabet can be
    spelled; the rarest of more than ``MAX_LETTERS`` stay unknown, as text from the web has so many
    that they would leave no room for words. Made here rather than with ``tokenizers``' WordPiece
    trainer, whose result differs from run to run (0.23: four runs on twenty captions gave four
    vocabularies).
    """
    normalizer = normalizers.BertNormalizer(lowercase=True)
    splitter = pre_tokenizers.BertPreTokenizer()
    words: Counter[str] = Counter()
    for caption in captions:
        text = normalizer.normalize_str(caption)
        words.update(word for word, _ in splitter.pre_tokenize_str(text))
    letters = _letters(words)
    pieces = [*letters, *(f"##{letter}" for letter in letters)]
    ranked = sorted(words, key=lambda word: (-words[word], word))
    return list(dict.fromkeys([*SPECIAL_TOKENS, *pieces, *ranked]))[:max_size]


def _letters(words: Mapping[str, int]) -> list[str]:
    """The most frequent characters of words that come so often, in order of the alphabet."""
    seen: Counter[str] = Counter()
    for word, count in words.items():
        seen.update(dict.fromkeys(word, count))
    return sorted(sorted(seen, key=lambda letter: (-seen[letter], letter))[:MAX_LETTERS])


def vocabulary_tokenizer(captions: Iterable[str]) -> BertTokenizer:
    """BERT's tokenizer with a vocabulary of the captions."""
    vocabulary = {token: i for i, token in enumerate(word_vocabulary(captions))}
    return _with_added_tokens(BertTokenizer(vocab=vocabulary))


def pretrained_tokenizer(name_or_folder: str) -> BertTokenizer:
    """BERT's tokenizer from the hub or a folder, with the added tokens."""
    return _with_added_tokens(BertTokenizer.from_pretrained(name_or_folder))


def _with_added_tokens(tokenizer: Any) -> BertTokenizer:
    tokenizer.add_special_tokens({"additional_special_tokens": list(ADDED_TOKENS)})
    return tokenizer  # type: ignore[no-any-return]


def choose_tokenizer(
    config: ModelConfig, captions: Iterable[str]
) -> tuple[BertTokenizer, ModelConfig]:
    """The model's tokenizer, and the model's settings with its vocabulary filled in."""
    if config.text.weights:
        tokenizer = pretrained_tokenizer(config.text.weights)
    else:
        tokenizer = vocabulary_tokenizer(captions)
    enc = tokenizer.get_vocab()["[ENC]"]
    text = replace(config.text, vocab_size=len(tokenizer), enc_token_id=enc)
    return tokenizer, replace(config, text=text)


def tokenize(tokenizer: Any, captions: Sequence[str], max_length: int) -> BatchEncoding:
    """Token ids and mask of cleaned captions, padded to the longest, (B, L), L <= max_length."""
    return tokenizer(  # type: ignore[no-any-return]
        [clean_caption(caption, max_length) for caption in captions],
        padding=True,
        truncation=True,
        max_length=max_length,
        return_tensors="pt",
        return_token_type_ids=False,
    )
