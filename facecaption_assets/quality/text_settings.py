"""Settings of the statistics of captions as texts."""

from dataclasses import dataclass
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_one_of, require_within

#: How different n-grams are counted.
COUNTINGS: Final = ("exact", "approximate")


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """How captions are counted, and against which lists.

    Attributes:
        counting: How different n-grams are counted: ``exact``, which goes to disk and takes
            minutes from ten million captions on; ``approximate``, with HyperLogLog, whose memory
            does not grow and whose standard error is 0.8 percent.
        sample_captions: Most captions of each source in the samples of equal size.
        seed: Another one draws other samples and subsets.
        nouns: Lexicon of English words with their parts of speech: a name of the model store, or
            a file of lines ``word TAG`` with the Penn Treebank's tags. Empty: nouns are not told.
        visual_words: File of words that name what can be seen, separated by white space; lines
            that begin with ``#`` are comments. Empty: the list that comes with the package.
        perplexity_captions: Captions of each source whose perplexity is measured; 0 is off. A
            135-million model on one core takes one or two seconds for a caption.
        perplexity_model: GGUF weights of the language model: a name of the model store or a file.
        memory_mb: Memory that counting may take before it goes to disk, MB.
        threads: Threads of counting, and of the language model.
    """

    counting: str = "exact"
    sample_captions: int = 10_000
    seed: str = "facecaption"
    nouns: str = "english-lexicon"
    visual_words: str = ""
    perplexity_captions: int = 0
    perplexity_model: str = "smollm2-135m-instruct"
    memory_mb: int = 1024
    threads: int = 2

    def __post_init__(self) -> None:
        require_one_of("counting", [self.counting], COUNTINGS)
        require_within(
            self,
            sample_captions=(1, inf),
            perplexity_captions=(0, 1_000_000),
            memory_mb=(256, 1_000_000),
            threads=(1, 1024),
        )
