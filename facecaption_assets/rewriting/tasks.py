"""What is to be rewritten: template captions with who and what they speak of."""

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from facecaption_assets.captions.grammar import word_caption
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.styles import style_of
from facecaption_assets.rewriting.web_text import quoted


@dataclass(frozen=True)
class Task:
    """A template caption to be rewritten.

    Attributes:
        row: Its row of ``template_captions``.
        subject: Who it speaks of.
        style: Style that is asked for.
        is_shared: Whether all faces of the same attributes, subject, caption index and style are
            given the same answer.
        hint: Text from the web that may be shown to the model, as ``web_text.quoted`` leaves it;
            empty for none.
    """

    row: Mapping[str, Any]
    subject: Subject
    style: str = "normal"
    is_shared: bool = False
    hint: str = ""

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Attributes that the caption names and the rewritten one has to."""
        return frozenset(self.row["attributes"])

    @cached_property
    def identity(self) -> str:
        """What the seeds of its requests come from."""
        who = self._kind if self.is_shared else self.row["face_id"]
        return f"{who}\0{self.row['caption_index']}"

    @cached_property
    def draft(self) -> str:
        """What the model is shown: the template caption; where answers are shared, one of the kind.

        Every face has a template caption of its own. The one that all faces of a kind are shown is
        drawn from the same grammar.
        """
        if not self.is_shared:
            return str(self.row["caption"])
        rng = random.Random(seed_of(self.identity))
        return word_caption(self.attributes, self.subject, rng)

    @property
    def _kind(self) -> str:
        subject = f"{self.subject.male} {self.subject.child}"
        return f"{','.join(sorted(self.attributes))}\0{subject}\0{self.style}"


def seed_of(identity: str) -> int:
    """A non-negative 31-bit seed: what every endpoint takes."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4]) >> 1


def tasks_of(
    templates: pa.Table,
    attributes: pa.Table,
    settings: RewriteSettings,
    alt_texts: Mapping[str, str | None],
) -> list[Task]:
    """A task for each template caption, in order.

    Args:
        templates: Rows of ``template_captions``; those without a caption give no task.
        attributes: Rows of ``face_attributes`` of the same shard.
        settings: Styles, and whether answers are shared and alt-text is shown.
        alt_texts: Alt-text by face, as found; not looked at unless the settings say so.

    Raises:
        ValueError: If the two tables do not belong together.
    """
    faces = {
        face["face_id"]: face
        for face in attributes.select(["face_id", "Male", "age_years"]).to_pylist()
    }
    captioned = [row for row in templates.to_pylist() if row["status"] == "captioned"]
    if missing := [row["face_id"] for row in captioned if row["face_id"] not in faces]:
        raise ValueError(f"face_attributes has no row for {missing[:3]}, which have captions")
    return [
        Task(
            row,
            spoken_subject(row["face_id"], row["caption"], faces[row["face_id"]]),
            style_of(row["caption_index"], settings.styles),
            settings.share_answers,
            quoted(alt_texts.get(row["face_id"])) if settings.alt_text == "hint" else "",
        )
        for row in captioned
    ]


def spoken_subject(face_id: str, template_caption: str, face: Mapping[str, object]) -> Subject:
    """The subject as the template caption has it: it may keep a known sex to itself.

    Args:
        face_id: Face that an error names.
        template_caption: Caption of the face.
        face: Its row of ``face_attributes``.

    Raises:
        ValueError: If the caption speaks of somebody else than the attributes do.
    """
    words = re.findall(r"\w+", template_caption)
    for subject in (subject_of(face), subject_of(face, unspoken=("Male",))):
        if subject.noun in words:
            return subject
    raise ValueError(
        f"the caption of {face_id} does not speak of a {subject_of(face).noun}, as its "
        "attributes do; build template_captions again"
    )
