"""Patterns of what a caption must not contain.

Which suite asks for which belongs to ``expectations``. None looks ahead or behind: DuckDB, which
holds long tables against the suites, cannot.
"""

from typing import Final

NEGATION: Final = (
    r"(?i)\b(?:no|not|nor|none|never|neither|without|lacks?|lacking|cannot|free of"
    r"|\w+n['\u2019]t)\b"
)
MARKUP_OR_LINK: Final = r"[{}<>\[\]_|#*`@]|https?:|www\."
LAYOUT: Final = r"\s\s|^\s|\s$|[\r\n\t]|\s[,.;]|,[,.]"

#: "a" before a vowel, but for "one"; "an" before none, but for "hour", "honour" and "heir".
WRONG_ARTICLE: Final = (
    r"(?i)\b(?:a (?:[aei]|o(?:$|[^n]|n(?:$|[^e])|ne\w))|an (?:$|[^aeiouh]|h(?:$|[^eo]"
    r"|e(?:$|[^i]|i(?:$|[^r]))|o(?:$|[^nu]|u(?:$|[^r])|n(?:$|[^o])))))"
)
