from pathlib import Path

import duckdb
import pytest

from facecaption_assets.quality.text_tokens import load_captions
from facecaption_assets.quality.text_words import WordShare, list_words, word_share
from facecaption_assets.quality.word_lists import WordListError, read_nouns, read_visual_words

LEXICON = """;;; A comment with NN
man NN
men NNS
smile NN
smiling VBG
Berlin NNP
Hat NN
"""


def test_nouns_are_the_words_that_are_most_often_common_nouns(tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text(LEXICON)
    assert read_nouns(lexicon) == {"man", "men", "smile"}


@pytest.mark.parametrize("content", ["", "man;NN\n", "Berlin NNP\n"])
def test_a_lexicon_without_nouns_is_refused_by_name(tmp_path: Path, content: str) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text(content)
    with pytest.raises(WordListError, match=r"nouns = .*lexicon\.txt"):
        read_nouns(lexicon)


def test_a_list_of_visual_words_may_be_the_users(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# sea\nSky cloud\n\nclouds\n")
    assert read_visual_words(str(own)) == {"sky", "cloud", "clouds"}


def test_the_packages_visual_words_name_faces_and_cocos_classes() -> None:
    words = read_visual_words()
    assert {"giraffe", "hydrant", "eyebrows", "man", "mustache", "brown"} <= words
    assert not {"the", "a", "with", "is", "wears", "has"} & words


@pytest.mark.parametrize("content", [None, "", "# only a comment\n"])
def test_an_unusable_list_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    own = tmp_path / "own.txt"
    if content is not None:
        own.write_text(content)
    with pytest.raises(WordListError, match=r"visual_words = .*own\.txt"):
        read_visual_words(str(own))


@pytest.mark.parametrize(
    ("captions", "expected"),
    [
        (["A man with a hat.", "A man with a hat.", "He smiles."], WordShare(3, 2, 4, 4 / 12)),
        (["Nothing here"], WordShare(3, 0, 0, 0.0)),
        ([], WordShare(3, 0, 0, 0.0)),
    ],
)
def test_share_is_of_all_tokens_in_all_copies(captions: list[str], expected: WordShare) -> None:
    with duckdb.connect() as connection:
        list_words(connection, "listed", ["Man", "hat", "sea", "man"])
        connection.execute("CREATE TABLE given (id VARCHAR, caption VARCHAR)")
        for at, caption in enumerate(captions):
            connection.execute("INSERT INTO given VALUES (?, ?)", [str(at), caption])
        load_captions(connection, "SELECT * FROM given")
        assert word_share(connection, "listed") == expected
