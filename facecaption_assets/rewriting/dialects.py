"""How a request carries the grammar that bounds its answer.

Both dialects write the grammar alike, see ``gbnf``; they differ in the field that it goes into. An
endpoint ignores a field that it does not know, and then answers without bounds: ``verification``
notices.

Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md (``grammar``);
https://docs.vllm.ai/en/latest/features/structured_outputs/ (``structured_outputs``, since 0.12 in
place of ``guided_grammar``; read by xgrammar).
"""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.constrained import licensed_grammar
from facecaption_assets.rewriting.gbnf import to_gbnf
from facecaption_assets.rewriting.narrowing import narrow_grammar, reworded_grammar

_FIELDS: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "gbnf": lambda grammar: {"grammar": grammar},
    "structured_outputs": lambda grammar: {"structured_outputs": {"grammar": grammar}},
}

#: Values of ``RewriteSettings.constraint``.
CONSTRAINTS: Final = ("none", *_FIELDS)


def constraint_fields(
    constraint: str,
    attributes: frozenset[str],
    subject: Subject,
    template: str,
    seed: int,
    style: str = "normal",
) -> dict[str, Any]:
    """Fields that a request carries besides its messages; none where it is not constrained.

    Args:
        constraint: One of ``CONSTRAINTS``.
        attributes: Attributes that the caption has to name.
        subject: Who is spoken of.
        template: Caption that the answer is to differ from.
        seed: Decides which wordings the model may choose among.
        style: ``short``, ``normal`` or ``detailed``.
    """
    if constraint == "none":
        return {}
    grammar = reworded_grammar(licensed_grammar(attributes, subject, style), template)
    return _FIELDS[constraint](to_gbnf(narrow_grammar(grammar, random.Random(seed))))
