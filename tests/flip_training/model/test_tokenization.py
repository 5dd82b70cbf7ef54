"""Captions to tokens: cleaning, the vocabulary, the tokenizer."""

from dataclasses import replace
from pathlib import Path

import pytest

from flip_training.config import Preset
from flip_training.model.tokenization import (
    ADDED_TOKENS,
    MAX_LETTERS,
    choose_tokenizer,
    clean_caption,
    tokenize,
    vocabulary_tokenizer,
    word_vocabulary,
)


@pytest.mark.parametrize(
    ("caption", "clean"),
    [
        ('The man (40) has "grey" hair; he smiles!', "the man 40 has grey hair he smiles"),
        ("one two  three four", "one two three"),
        ("a.b:c", "a b c"),
    ],
)
def test_captions_are_cleaned_as_published(caption: str, clean: str) -> None:
    assert clean_caption(caption, 8 if "man" in caption else 3) == clean


def test_the_vocabulary_is_in_order_of_frequency_and_spells_any_word() -> None:
    vocabulary = word_vocabulary(["red hat", "red coat", "blue coat"])
    assert vocabulary[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert vocabulary[-4:] == ["coat", "red", "blue", "hat"]
    tokens = vocabulary_tokenizer(["red hat"]).tokenize("trad")
    assert tokens == ["t", "##r", "##a", "##d"]


def test_long_captions_are_cut_with_their_last_token_kept() -> None:
    tokenizer = vocabulary_tokenizer(["red hat"])
    tokens = tokenize(tokenizer, ["red hat " * 40, "red"], 10)
    assert tokens["input_ids"].shape == (2, 10)
    assert tokens["input_ids"][0, -1] == tokenizer.sep_token_id
    assert tokens["attention_mask"].sum(dim=1).tolist() == [10, 3]


def test_cleaning_twice_changes_nothing() -> None:
    once = clean_caption("The man (40): a; red HAT!", 65)
    assert clean_caption(once, 65) == once


def test_a_large_vocabulary_is_cut_at_its_rarest_words() -> None:
    vocabulary = word_vocabulary(["a b", "a"], max_size=8)
    assert vocabulary[5:] == ["a", "b", "##a"]


def test_many_rare_characters_leave_room_for_words() -> None:
    rare = ["".join(chr(0x4E00 + 5 * i + j) for j in range(5)) for i in range(900)]
    vocabulary = word_vocabulary(["a woman smiles"] * 3 + rare)
    assert {"woman", "smiles", "w", "##n"} <= set(vocabulary)
    assert len([token for token in vocabulary if token.startswith("##")]) == MAX_LETTERS


def test_the_model_learns_how_many_tokens_there_are(micro: Preset) -> None:
    tokenizer, config = choose_tokenizer(micro.model, ["a red hat"])
    assert config.text.vocab_size == len(tokenizer)
    assert tokenizer.convert_ids_to_tokens(config.text.enc_token_id) == "[ENC]"
    assert set(ADDED_TOKENS) <= tokenizer.get_vocab().keys()


def test_a_tokenizer_of_a_folder_is_taken_as_it_is(micro: Preset, tmp_path: Path) -> None:
    vocabulary_tokenizer(["a red hat"]).save_pretrained(tmp_path)
    text = replace(micro.model.text, weights=str(tmp_path))
    tokenizer, config = choose_tokenizer(replace(micro.model, text=text), ["other words"])
    assert "hat" in tokenizer.get_vocab()
    assert "words" not in tokenizer.get_vocab()
    assert config.text.vocab_size == len(tokenizer)
