"""Which positive attributes a caption names.

Only positives are ever named; a negative or unknown attribute is not spoken of, except that a
known sex picks the noun. What excludes what was settled when the face was labelled; here are the
rules of speech.
"""

import random
from collections.abc import Mapping
from typing import Final

from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import TOPICS
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: What the noun phrase says; by itself it does not describe a face.
SUBJECT_ATTRIBUTES: Final = frozenset({"Male", "Young"})

_BEARD: Final = frozenset(TOPICS["beard"])


def speakable_attributes(
    face: Mapping[str, object], subject: Subject, settings: CaptionSettings
) -> tuple[str, ...]:
    """Positive attributes of a row of ``face_attributes`` that may be worded, in CelebA's order.

    Beards, and their absence, are told of men only: never of women or children. "Clean-shaven"
    needs a known man without any kind of beard.
    """
    positive = {name for name in ATTRIBUTE_COLUMNS if face[name] is True}
    beards = positive & _BEARD - {"No_Beard"}
    silent = set(settings.unspoken)
    if subject.male is False or subject.child:
        silent |= _BEARD
    if not subject.is_man or beards:
        silent.add("No_Beard")
    return tuple(name for name in ATTRIBUTE_COLUMNS if name in positive - silent)


def choose_attributes(speakable: tuple[str, ...], most: int, rng: random.Random) -> tuple[str, ...]:
    """At most ``most`` of the attributes, in CelebA's order.

    ``Male`` is always among the chosen: the noun cannot help saying it. The rest is drawn without
    preference, so that several captions of a face tell different things.
    """
    if len(speakable) <= most:
        return speakable
    ranked = sorted((name != "Male", rng.random(), name) for name in speakable)
    chosen = {name for _, _, name in ranked[:most]}
    return tuple(name for name in speakable if name in chosen)
