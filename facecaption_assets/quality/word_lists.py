"""Lists of words that captions are held against: English nouns, and words of visible things."""

from importlib.resources import files
from pathlib import Path
from typing import Final

#: The Penn Treebank's tags of common nouns. Names are left out: they are not counted as things.
_NOUN_TAGS: Final = frozenset({"NN", "NNS"})

#: What the package brings: see the file itself.
_OWN_VISUAL_WORDS: Final = "visual_words.txt"


class WordListError(ValueError):
    """A list of words cannot be used; the message names the file and the setting."""


def read_nouns(lexicon: Path) -> frozenset[str]:
    """Common nouns of a lexicon, in lower case.

    Args:
        lexicon: File of lines ``word TAG``, the tag that the word has most often; lines that begin
            with ``;;;`` are comments.

    Raises:
        WordListError: If the file holds no noun.
    """
    words = set()
    for line in _read(lexicon, "nouns").splitlines():
        word, _, tag = line.partition(" ")
        if tag.strip() in _NOUN_TAGS and word.islower():
            words.add(word)
    if not words:
        raise WordListError(f"nouns = {lexicon}: no line is a word and NN or NNS")
    return frozenset(words)


def read_visual_words(path: str = "") -> frozenset[str]:
    """Words of visible things, in lower case.

    Args:
        path: File of words separated by white space; lines that begin with ``#`` are comments.
            Empty: the list that comes with the package.

    Raises:
        WordListError: If the file cannot be read or holds no word.
    """
    if path:
        text = _read(Path(path).expanduser(), "visual_words")
    else:
        folder = files("facecaption_assets.quality")
        text = folder.joinpath(_OWN_VISUAL_WORDS).read_text(encoding="utf-8")
    lines = [line for line in text.lower().splitlines() if not line.startswith("#")]
    words = frozenset(word for line in lines for word in line.split())
    if not words:
        raise WordListError(f"visual_words = {path} holds no word")
    return words


def _read(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WordListError(f"{setting} = {path}: {error}") from error
