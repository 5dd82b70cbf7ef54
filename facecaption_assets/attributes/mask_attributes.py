"""What a face's mask shows: glasses, hat, earrings, baldness, bangs, hairline, open mouth.

Curves were set by eye on the sample's 230 crops and 140 photos of others, and held against the
labels of 350 CelebA crops: what they were set on is said beside each. A necklace is not among
them: two of six masks with one were a neckline. Colour of the hair belongs to ``hair_colour``.
"""

from typing import Final

import numpy as np

from facecaption_assets.attributes.face_masks import FaceMask, FacePart, HeadFrame
from facecaption_assets.attributes.soft_scores import above, below

MASK_ATTRIBUTES: Final = (
    "Bald",
    "Bangs",
    "Eyeglasses",
    "Mouth_Slightly_Open",
    "Receding_Hairline",
    "Wearing_Earrings",
    "Wearing_Hat",
)

#: Below this size relative to the face, what looks like a hat hides nothing of the head.
_HAT_HIDES_HEAD: Final = 0.03
#: Above this size relative to the face, something may be glasses.
_GLASSES_OR_NOT: Final = 0.02
#: Open eyes are 0.006-0.03 of the face; hidden ones may be behind anything.
_MIN_EYES: Final = 0.002
#: Least hair that a hairline is read from, px of the mask.
_MIN_HAIRLINE: Final = 15
#: Least room between the head's top and the crop's edge, share of the crop's side.
_MIN_ROOM_ABOVE: Final = 0.02


def mask_probabilities(mask: FaceMask) -> dict[str, float]:
    """Probabilities of the attributes that this mask gives a basis for; none if incoherent."""
    if not mask.is_coherent:
        return {}
    candidates = {
        "Eyeglasses": _eyeglasses(mask),
        "Mouth_Slightly_Open": _open_mouth(mask),
        "Wearing_Earrings": _earrings(mask),
        "Wearing_Hat": _hat(mask),
    }
    if mask.share(FacePart.HAT) < _HAT_HIDES_HEAD and mask.head is not None:
        candidates |= {
            "Bald": _bald(mask, mask.head),
            "Bangs": _bangs(mask, mask.head),
            "Receding_Hairline": _receding_hairline(mask, mask.head),
        }
    return {name: p for name, p in candidates.items() if p is not None}


def _eyeglasses(mask: FaceMask) -> float | None:
    # Frames with what is behind them are 0.08-0.6 of the face. Around each eye they are 0.04-0.11
    # of it on 33 of 34 faces; brims, shadows and hair that are taken for glasses lie beside the
    # eyes or around one of them, on 9 of 10.
    if mask.head is None:
        size = mask.share(FacePart.GLASSES)
        return None if _GLASSES_OR_NOT < size < 0.15 else above(size, 0.08, 0.02)
    around = min(_glasses_around_eyes(mask, mask.head))
    if around < 0.03 and (mask.share(FacePart.GLASSES) > _GLASSES_OR_NOT or not _sees_eyes(mask)):
        return None
    return above(around, 0.032, 0.005)


def _glasses_around_eyes(mask: FaceMask, head: HeadFrame) -> tuple[float, float]:
    """Size of the glasses around the left and the right eye, relative to the face."""
    level = (mask.parts == FacePart.GLASSES) & (np.abs(head.up) < 0.35)
    reach = 1.6 * head.half_width
    left = level & (head.across < -0.1) & (head.across > -reach)
    right = level & (head.across > 0.1) & (head.across < reach)
    size = max(int(mask.face.sum()), 1)
    return int(left.sum()) / size, int(right.sum()) / size


def _sees_eyes(mask: FaceMask) -> bool:
    return mask.share(FacePart.LEFT_EYE) + mask.share(FacePart.RIGHT_EYE) > _MIN_EYES


def _open_mouth(mask: FaceMask) -> float | None:
    # Teeth, tongue and what is dark between the lips. Of the CelebA crops, 95 of 96 above 0.01 are
    # open by their labels. Less is said nothing of: lips can be apart with nothing to be seen.
    inside = mask.share(FacePart.MOUTH)
    return above(inside, 0.007, 0.0017) if inside > 0.01 else None


def _hat(mask: FaceMask) -> float:
    # Hats and hoods hide most hair and are 0.54-1.7 times the face. Hair cut off by a frame in the
    # picture is a "hat" of 0.4 above much hair; slick or braided hair, one of 0.2-0.4 without. Of
    # 20 CelebA crops above both limits, 19 wear one.
    hat, hair = mask.share(FacePart.HAT), mask.share(FacePart.HAIR)
    hides_hair = hat / (hat + hair) if hat else 0.0
    return above(hides_hair, 0.45, 0.04) * above(hat, 0.45, 0.03)


def _earrings(mask: FaceMask) -> float | None:
    # Fourteen earrings had 0.003-0.06 of the face; specks of up to 0.003 were none. Small ones
    # are not found at all, so finding none says nothing.
    share = mask.share(FacePart.EARRING)
    return above(share, 0.004, 0.0008) if share > 0.003 else None


def _bald(mask: FaceMask, head: HeadFrame) -> float | None:
    # Of the CelebA crops, none of 211 with more hair than this is bald by its label.
    hair = mask.share(FacePart.HAIR)
    if hair > 0.35:
        return below(hair, 0.2, 0.05)
    middle = mask.face & (np.abs(head.across) < 0.6 * head.half_width)
    if not middle.any():
        return None
    # A forehead ends at 1.0 above the eyes; where the skull is bare, the face goes on to 1.4-1.8.
    # Ten of ten such CelebA crops with little hair are bald, and six of ten with a fringe of it.
    # Shaved, blond and cut-off hair may be missing from the mask, so that none must be seen.
    top = float(head.up[middle].max())
    top_row = int(np.flatnonzero(middle.any(axis=1))[0])
    if hair > 0.12:
        return below(hair, 0.05, 0.012) if top < 1.25 else None
    if top_row < _MIN_ROOM_ABOVE * len(mask.parts) or top < 1.25:
        return None
    return below(hair, 0.09, 0.01)


def _bangs(mask: FaceMask, head: HeadFrame) -> float | None:
    # Share of hair over the forehead, from above the brows to below the hairline: 0.65-1 on five
    # faces with bangs, 0.5 on two where strands cross it, 0-0.25 on open foreheads.
    forehead = (np.abs(head.across) < 1.1 * head.half_width) & (head.up > 0.45) & (head.up < 0.8)
    if not forehead.any():
        return None
    return above(float((mask.parts[forehead] == FacePart.HAIR).mean()), 0.48, 0.09)


def _receding_hairline(mask: FaceMask, head: HeadFrame) -> float | None:
    # How high hair begins above the middle of the forehead and above the temples. A logistic
    # regression on 256 CelebA crops (area under its ROC curve 0.82 on those left out): a low
    # hairline denies a receding one, 96 % right, but a high one does not make it.
    middle = _hairline(mask, head, (0.0, 0.5))
    temples = _hairline(mask, head, (0.9, 1.3))
    if middle is None or temples is None:
        return None
    probability = above(3.0 * middle + 3.3 * temples, 9.0, 1.0)
    return probability if probability < 0.5 else None


def _hairline(mask: FaceMask, head: HeadFrame, across: tuple[float, float]) -> float | None:
    aside = np.abs(head.across) / head.half_width
    above_brows = (aside >= across[0]) & (aside < across[1]) & (head.up > 0.2)
    hair = head.up[above_brows & (mask.parts == FacePart.HAIR)]
    return float(np.percentile(hair, 5)) if len(hair) > _MIN_HAIRLINE else None
