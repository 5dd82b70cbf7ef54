"""A grammar in GBNF, the notation of llama.cpp's ``grammar`` field.

Weights have no place there: the model's own probabilities choose.

Source: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from facecaption_assets.captions.pcfg import START, Grammar, Production


def to_gbnf(grammar: Grammar) -> str:
    """The grammar's rules, one a line, ``root`` first.

    GBNF names hold only letters, digits and dashes, so that the symbols are numbered.
    """
    names = {symbol: f"r{i}" for i, symbol in enumerate(sorted(grammar.rules))}
    names[START] = "root"
    ordered = sorted(grammar.rules, key=lambda symbol: (symbol != START, symbol))
    lines = []
    for symbol in ordered:
        choices = [_choice(production, names) for production in grammar.rules[symbol]]
        lines.append(f"{names[symbol]} ::= {' | '.join(choices)}")
    return "\n".join(lines) + "\n"


def _choice(production: Production, names: dict[str, str]) -> str:
    parts = [
        names[part] if is_symbol else f'"{_escaped(part)}"' for part, is_symbol in production.parts
    ]
    return " ".join(parts)


def _escaped(literal: str) -> str:
    return literal.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
