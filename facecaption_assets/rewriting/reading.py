"""Reading a caption's tokens: what they name, and what is left over."""

from collections.abc import Sequence

from facecaption_assets.rewriting.evidence import Evidence
from facecaption_assets.rewriting.nouns import take_nouns, take_things
from facecaption_assets.rewriting.traits import take_traits


def find_evidence(tokens: Sequence[str]) -> Evidence:
    """The evidence: things first, then nouns with adjectives, then what the person is.

    Args:
        tokens: As ``tokenize`` gives them.
    """
    found = Evidence(tokens)
    take_things(found)
    take_nouns(found)
    take_traits(found)
    return found
