"""What a user can change where an expectation does not hold: a setting, or nothing but to rebuild.

Said on the page of a failed gate. What must hold belongs to ``expectations``.
"""

from typing import Final

from facecaption_assets.quality.expectations import Expectation

_REBUILD: Final = (
    "no setting; the stage itself writes what is not allowed, or something else wrote the table. "
    "Materialize the partition again."
)

#: By the status of which there are too many.
_BY_STATUS: Final = {
    "failed_to_annotate": "[attributes] annotators; error_message says why each face failed.",
    "fell_back": (
        "[rewriting] model, or constraint where the endpoint knows one; "
        "rejection_reason says what was wrong with each text."
    ),
    "screened": (
        "[captioners] model or prompt; rejection_reason says what was wrong with each text."
    ),
}


def advice(rule: Expectation) -> str:
    """Settings that decide whether the expectation holds, by section of ``profile.toml``."""
    for status in rule.arguments.get("value_set", ()):
        if "not_be_in_set" in rule.type and status in _BY_STATUS:
            return _BY_STATUS[status]
    column = rule.columns[0]
    if column.endswith("_prob"):
        return "[attributes] annotators, and calibration where it is set; then rebuild."
    if column == "age_years":
        return "[attributes] annotators: one of them estimates the age."
    if column == "caption":
        return (
            "[rewriting] max_words for the length of rewritten captions; for all else no setting: "
            "the text should not have got this far. Materialize the partition again."
        )
    return _REBUILD
