"""How long a caption may be, by style.

What a style asks of the model is data of the prompts; here is what the verifier holds it to.
"""

from collections.abc import Sequence
from typing import Final

#: Most words of a short caption.
SHORT_WORDS: Final = 15

#: Styles: ``short`` is one sentence of at most ``SHORT_WORDS`` words, ``normal`` one to three
#: sentences, ``detailed`` two to four. A style adds no facts: where there is little to tell, a
#: detailed caption is no longer than a normal one.
STYLES: Final = ("short", "normal", "detailed")


def style_of(caption_index: int, styles: Sequence[str]) -> str:
    """Style of a face's caption: several styles take turns over the captions of a face."""
    return styles[caption_index % len(styles)]


def most_words(style: str, max_words: int) -> int:
    """Longest caption of the style that is accepted, words.

    Args:
        style: One of ``STYLES``.
        max_words: Bound of the style ``normal``; a detailed caption may be half as long again.
    """
    if style == "short":
        return min(SHORT_WORDS, max_words)
    return max_words * 3 // 2 if style == "detailed" else max_words
