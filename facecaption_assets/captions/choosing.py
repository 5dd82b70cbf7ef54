"""Which positive attributes a caption names.

Only positives are ever named; a negative or unknown attribute is not spoken of, except that a
known sex picks the noun. What excludes what was settled when the face was labelled; here are the
rules of speech.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

from facecaption_assets.captions.pcfg import Source
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import TOPICS
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: What the noun phrase says; by itself it does not describe a face.
SUBJECT_ATTRIBUTES: Final = frozenset({"Male", "Young"})

_ALL_BEARD: Final = frozenset(TOPICS["beard"])
_BEARDS: Final = _ALL_BEARD - {"No_Beard"}

#: Fewest attributes that a sampled caption names: the noun may say one.
_FEWEST: Final = 2


def speakable_attributes(
    face: Mapping[str, object], subject: Subject, settings: CaptionSettings
) -> tuple[str, ...]:
    """As ``speakable``, of a row of ``face_attributes``."""
    return speakable([n for n in ATTRIBUTE_COLUMNS if face[n] is True], subject, settings)


def speakable(
    positive: Sequence[str], subject: Subject, settings: CaptionSettings
) -> tuple[str, ...]:
    """Those of a face's positive attributes that may be worded, in the same order.

    Beards, and their absence, are told of men only: never of women or children. "Clean-shaven"
    needs a known man without any kind of beard.
    """
    silent = _silent(subject, settings.unspoken)
    told = tuple(name for name in positive if name not in silent)
    if "No_Beard" in told and not _BEARDS.isdisjoint(positive):
        return tuple(name for name in told if name != "No_Beard")
    return told


@lru_cache(maxsize=64)
def _silent(subject: Subject, unspoken: tuple[str, ...]) -> frozenset[str]:
    silent = {"No_Beard"} if not subject.is_man else set()
    if subject.male is False or subject.child:
        silent |= _ALL_BEARD
    return frozenset(silent.union(unspoken))


def describes_a_face(names: Collection[str]) -> bool:
    """Whether the attributes say more than a sex and "young", which any picture would match."""
    return not SUBJECT_ATTRIBUTES.issuperset(names)


def choose_attributes(
    speakable: tuple[str, ...], settings: CaptionSettings, rng: Source
) -> tuple[str, ...]:
    """What a caption names: all of the attributes or a part of them, in CelebA's order.

    ``Male`` is always among the chosen: the noun cannot help saying it; so is an attribute that
    describes the face, if there is one. The rest is drawn without preference, so that several
    captions of a face tell different things.
    """
    most = min(settings.max_attributes, len(speakable))
    if settings.attributes == "sampled" and most > _FEWEST:
        most = _FEWEST + int(rng.random() * (most - _FEWEST + 1))
    if most == len(speakable):
        return speakable
    drawn = sorted(speakable, key=lambda _: rng.random())
    # A stable sort: first the noun's, then the first that describes the face, then as drawn.
    telling = next((name for name in drawn if name not in SUBJECT_ATTRIBUTES), None)
    drawn.sort(key=lambda name: (name != "Male", name != telling))
    chosen = set(drawn[:most])
    return tuple(name for name in speakable if name in chosen)
