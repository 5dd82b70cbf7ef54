"""Predicates of the blocking checks that read captions back: do they say what the labels say?

A caption was right when it was made; these hold what is on disk against the labels beside it. How
captions must look, whatever they say, belongs to ``expectations``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.captions.parsing import NotATemplateCaption, parse_caption
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.rewriting.styles import most_words
from facecaption_assets.rewriting.tasks import spoken_subject
from facecaption_assets.rewriting.verification import verify
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Wrong captions that a reason quotes.
_QUOTED: Final = 3

_Row = Mapping[str, Any]


def captions_name_attributes(templates: pa.Table, attributes: pa.Table) -> Outcome:
    """Each template caption names exactly its attributes, all positive, and no unknown sex.

    Args:
        templates: Rows of ``template_captions``.
        attributes: Rows of ``face_attributes`` of the same shard.
    """
    captioned = templates.filter(pc.equal(templates["status"], "captioned"))
    return _judge(captioned.to_pylist(), attributes, _template_fault)


def captions_verified(llm: pa.Table, attributes: pa.Table, max_words: int) -> Outcome:
    """Each rewrite passes verification again; each fallback is its template caption.

    What either names must be positive of its own face: else captions of other faces would pass.

    Args:
        llm: Rows of ``llm_captions``.
        attributes: Rows of ``face_attributes`` of the same shard.
        max_words: Longest rewrite of the style ``normal`` that is accepted, words.
    """

    def fault(row: _Row, face: _Row) -> str | None:
        return _rewrite_fault(row, face, max_words)

    captioned = llm.filter(pc.not_equal(llm["status"], "opted_out"))
    return _judge(captioned.to_pylist(), attributes, fault)


def _judge(
    rows: Iterable[_Row], attributes: pa.Table, fault: Callable[[_Row, _Row], str | None]
) -> Outcome:
    columns = ["face_id", "age_years", *ATTRIBUTE_COLUMNS]
    faces = {face["face_id"]: face for face in attributes.select(columns).to_pylist()}
    wrong: list[str] = []
    checked = 0
    for row in rows:
        checked += 1
        face = faces.get(row["face_id"])
        said = fault(row, face) if face else "no labels"
        if said:
            wrong.append(f"{row['face_id']}: {said}: {row['caption']!r}")
    numbers: dict[str, int | float] = {"captions": checked, "wrong": len(wrong)}
    reason = f"{len(wrong)} of {checked} captions do not say what their labels say"
    quoted = f": {'; '.join(wrong[:_QUOTED])}" if wrong else ""
    return Outcome(not wrong, f"{reason}{quoted}.", numbers)


def _template_fault(row: _Row, face: _Row) -> str | None:
    try:
        parsed = parse_caption(row["caption"] or "")
    except NotATemplateCaption:
        return "not_worded_by_the_grammar"
    if parsed.attributes != set(row["attributes"]):
        return "names_other_attributes"
    if parsed.subject.male is not None and parsed.subject.male is not face["Male"]:
        return "sex_is_not_known"
    return _not_positive(row, face)


def _not_positive(row: _Row, face: _Row) -> str | None:
    not_positive = [name for name in row["attributes"] if face[name] is not True]
    return f"not_positive:{not_positive[0]}" if not_positive else None


def _rewrite_fault(row: _Row, face: _Row, max_words: int) -> str | None:
    if fault := _not_positive(row, face):
        return fault
    if row["status"] == "fell_back":
        return None if row["caption"] == row["template_caption"] else "not_the_template"
    try:
        subject = spoken_subject(row["face_id"], row["template_caption"] or "", face)
    except ValueError:
        return "sex_is_not_known"
    longest = most_words(row["style"], max_words)
    return verify(row["caption"] or "", row["attributes"], subject, longest).reason
