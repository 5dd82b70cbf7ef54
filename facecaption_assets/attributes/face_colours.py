"""What skin and lips of a parsed face tell by their colour: lipstick, a beard, pale skin.

Colours are compared within the face, in CIELAB, because the same light falls on all of it. Each of
the three speaks to one side only, as its function says. The hair's colour belongs to
``hair_colour``.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.face_masks import FaceMask, FacePart, HeadFrame
from facecaption_assets.attributes.soft_scores import above

FACE_COLOUR_ATTRIBUTES: Final = ("No_Beard", "Pale_Skin", "Wearing_Lipstick")

#: Skin outside of these is lit by coloured light, badly exposed, or not skin: CIELAB lightness,
#: chroma, hue in degrees, and chroma per lightness.
_SKIN_LIGHTNESS: Final = (35.0, 88.0)
_SKIN_CHROMA: Final = (11.5, 38.0)
_SKIN_HUE: Final = (35.0, 78.0)
_MAX_SKIN_SATURATION: Final = 0.68

_LIPS: Final = (FacePart.UPPER_LIP, FacePart.LOWER_LIP)
#: Least region that a colour is read from, px of the mask.
_MIN_PIXELS: Final = 60
#: About as many are looked at of a large one: its median needs no more.
_MAX_PIXELS: Final = 4096


def face_colour_probabilities(mask: FaceMask) -> dict[str, float]:
    """Probabilities of what this face's colours give a basis for; none if they give none."""
    if not mask.is_coherent:
        return {}
    skin = _colour(mask, mask.region(FacePart.SKIN, FacePart.NOSE))
    if skin is None or not is_plain_light(skin):
        return {}
    candidates = {
        "Pale_Skin": _pale(skin),
        "Wearing_Lipstick": _lipstick(mask, skin),
        "No_Beard": None if mask.head is None else _no_beard(mask, mask.head),
    }
    return {name: p for name, p in candidates.items() if p is not None}


def is_plain_light(skin: NDArray[np.float32]) -> bool:
    """Whether skin of this colour, (3,) CIELAB, is lit so that colours can be told by it."""
    lightness, red, yellow = (float(v) for v in skin)
    chroma = float(np.hypot(red, yellow))
    hue = float(np.degrees(np.arctan2(yellow, red)))
    return (
        _SKIN_LIGHTNESS[0] <= lightness <= _SKIN_LIGHTNESS[1]
        and _SKIN_CHROMA[0] <= chroma <= _SKIN_CHROMA[1]
        and _SKIN_HUE[0] <= hue <= _SKIN_HUE[1]
        and chroma / lightness <= _MAX_SKIN_SATURATION
    )


def _pale(skin: NDArray[np.float32]) -> float:
    # A logistic regression on 284 CelebA crops, 17 of them labelled pale. Pale and overexposed
    # skin look alike: what is_plain_light lets through stays below 0.85, so this only denies,
    # and denied 258 of the 284 with 99 % right.
    lightness, red, yellow = (float(v) for v in skin)
    return above(0.182 * lightness - 0.161 * float(np.hypot(red, yellow)), 12.57, 1.0)


def _lipstick(mask: FaceMask, skin: NDArray[np.float32]) -> float | None:
    # How much redder lips are than skin, CIELAB a*. All eleven CelebA crops above 18 wear some, as
    # do all but one of fourteen photos above 22; bare lips have up to 19. Lips below may wear a
    # natural tone, so this only asserts.
    lips = _colour(mask, mask.region(*_LIPS))
    if lips is None:
        return None
    probability = above(float(lips[1] - skin[1]), 22.0, 1.5)
    return probability if probability > 0.5 else None


def _no_beard(mask: FaceMask, head: HeadFrame) -> float | None:
    # Full beards are 30-55 darker than the cheeks, CIELAB, and their chin 8-25 less colourful;
    # women of the sample reach 29 and 13 by shadows, but not both. Stubble and a clean chin cannot
    # be told apart, so a beard is only ever found, not denied.
    cheeks = _zone(mask, head, (-0.7, -0.3), (0.5, 1.1))
    lip = _zone(mask, head, (-0.9, -0.68), (0.0, 0.6))
    chin = _zone(mask, head, (-1.6, -1.22), (0.0, 0.6))
    if cheeks is None or lip is None or chin is None:
        return None
    darker = float(cheeks[0] - (lip[0] + chin[0]) / 2)
    duller = float(np.hypot(*cheeks[1:]) - np.hypot(*chin[1:]))
    probability = 1.0 - above(darker, 26.0, 3.0) * above(duller, 6.5, 0.8)
    return probability if probability < 0.5 else None


def _zone(
    mask: FaceMask, head: HeadFrame, up: tuple[float, float], across: tuple[float, float]
) -> NDArray[np.float32] | None:
    """Colour of skin, and of a beard that is taken for hair, in a part of the face.

    Args:
        mask: The face.
        head: Its coordinates.
        up: Lower and upper limit, in the unit of ``HeadFrame``.
        across: Least and largest distance from the middle, shares of ``HeadFrame.half_width``.
    """
    aside = np.abs(head.across) / head.half_width
    within = (head.up > up[0]) & (head.up < up[1]) & (aside >= across[0]) & (aside < across[1])
    return _colour(mask, within & mask.region(FacePart.SKIN, FacePart.HAIR))


def _colour(mask: FaceMask, region: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    pixels = mask.lab[region]  # (pixels, 3)
    if len(pixels) < _MIN_PIXELS:
        return None
    sampled = pixels[:: max(len(pixels) // _MAX_PIXELS, 1)]
    return np.asarray(np.median(sampled, axis=0), np.float32)
