"""What a face's mask shows: glasses, hat, earrings, baldness, bangs.

Curves were set by eye on the sample's 230 crops and 140 photos of others: what they were set on is
said beside each. A necklace is not among them: two of six masks with one were a neckline. Colour
of the hair belongs to ``hair_colour``.
"""

from typing import Final

import numpy as np

from facecaption_assets.attributes.face_masks import FaceMask, FacePart, HeadFrame
from facecaption_assets.attributes.soft_scores import above, below

MASK_ATTRIBUTES: Final = ("Eyeglasses", "Wearing_Hat", "Wearing_Earrings", "Bald", "Bangs")

#: Below this size relative to the face, what looks like a hat hides nothing of the head.
_HAT_HIDES_HEAD: Final = 0.03
#: Least room between the head's top and the crop's edge, share of the crop's side.
_MIN_ROOM_ABOVE: Final = 0.02


def mask_probabilities(mask: FaceMask) -> dict[str, float]:
    """Probabilities of the attributes that this mask gives a basis for; none if incoherent."""
    if not mask.is_coherent:
        return {}
    probabilities = {"Eyeglasses": _eyeglasses(mask), "Wearing_Hat": _hat(mask)}
    candidates = {"Wearing_Earrings": _earrings(mask)}
    if mask.share(FacePart.HAT) < _HAT_HIDES_HEAD and mask.head is not None:
        candidates |= {"Bald": _bald(mask, mask.head), "Bangs": _bangs(mask, mask.head)}
    return probabilities | {name: p for name, p in candidates.items() if p is not None}


def _eyeglasses(mask: FaceMask) -> float:
    # Frames with what is behind them: 0.15-0.32 of the face in nine photos, 0 in all others.
    return above(mask.share(FacePart.GLASSES), 0.06, 0.015)


def _hat(mask: FaceMask) -> float:
    # Hats and hoods hide most hair and are 0.54-1.7 times the face. Hair cut off by a frame in the
    # picture is a "hat" of 0.4 above much hair; slick or braided hair, one of 0.2-0.4 without.
    hat, hair = mask.share(FacePart.HAT), mask.share(FacePart.HAIR)
    hides_hair = hat / (hat + hair) if hat else 0.0
    return above(hides_hair, 0.6, 0.06) * above(hat, 0.47, 0.03)


def _earrings(mask: FaceMask) -> float | None:
    # Fourteen earrings had 0.003-0.06 of the face; specks of up to 0.003 were none. Small ones
    # are not found at all, so finding none says nothing.
    share = mask.share(FacePart.EARRING)
    return above(share, 0.004, 0.0008) if share > 0.003 else None


def _bald(mask: FaceMask, head: HeadFrame) -> float | None:
    hair = mask.share(FacePart.HAIR)
    if hair > 0.12:
        return below(hair, 0.05, 0.012)
    # Without hair in the mask the skull itself must be in the picture: 1.5-1.7 above the eyes on
    # two bald men, where a forehead ends at 1.0.
    middle = mask.face & (np.abs(head.across) < 0.6 * head.half_width)
    if not middle.any():
        return None
    top_row = int(np.flatnonzero(middle.any(axis=1))[0])
    if top_row < _MIN_ROOM_ABOVE * len(mask.parts) or head.up[middle].max() < 1.25:
        return None
    return below(hair, 0.05, 0.012)


def _bangs(mask: FaceMask, head: HeadFrame) -> float | None:
    # Share of hair over the forehead, from above the brows to below the hairline: 0.65-1 on five
    # faces with bangs, 0.5 on two where strands cross it, 0-0.25 on open foreheads.
    forehead = (np.abs(head.across) < 1.1 * head.half_width) & (head.up > 0.45) & (head.up < 0.8)
    if not forehead.any():
        return None
    return above(float((mask.parts[forehead] == FacePart.HAIR).mean()), 0.48, 0.09)
