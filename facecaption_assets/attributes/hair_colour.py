"""Hair colour from the pixels of a parsed face: black, brown, blond, grey, or no answer.

Colour is judged relative to the face's own skin, in CIELAB, because the same light falls on both:
warmth is the hair's chroma along the direction of the skin's chroma. Achromatic hair is black or
grey, warm hair brown or blond, by its lightness; between the classes, in coloured light, in black
and white, and for dyed or red hair (CelebA has no word for it) there is no answer or a doubtful
one. Only mask and pixels are read; other hair attributes belong to ``mask_attributes``.

Set by eye on 230 crops of the sample and 96 photos of others. Measured there: warmth -0.3 to 0.2
on black and grey hair, 0.25 to 0.38 on hair between black and dark brown, 0.39 to 1.2 on brown and
blond hair.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.face_colours import is_plain_light
from facecaption_assets.attributes.face_masks import FaceMask, FacePart
from facecaption_assets.attributes.soft_scores import above, below

#: Borders of a region mix with what is beside it; this much is shaved off, share of the side.
_BORDER: Final = 0.009
#: Least region that a colour is read from, share of the crop.
_MIN_REGION: Final = 0.02
#: Warmth below which hair is black or grey, as likely as not.
_COLD: Final = 0.28
#: Through short hair the scalp shines, and makes black and grey hair look warm: of 14 CelebA crops
#: with less than this for the face's size, one has brown hair by its label. Relative to the face.
_MIN_WARM_HAIR: Final = 0.4
#: Hair that is bluer than this reflects the sky, and then black and grey look alike.
_MIN_WARMTH: Final = -0.25


@dataclass(frozen=True)
class HairTone:
    """Colour of hair against skin.

    Attributes:
        lightness: Median CIELAB lightness of the hair, [0, 100].
        warmth: Chroma of the hair's lighter half along the skin's chroma, relative to it.
        redness: CIELAB a* of the hair's lighter half.
        chroma: CIELAB chroma of the hair's lighter half.
    """

    lightness: float
    warmth: float
    redness: float
    chroma: float


def hair_colour_probabilities(mask: FaceMask) -> dict[str, float]:
    """Probabilities of the four colours; none where hair or light give no basis."""
    tone = measure_hair_tone(mask) if mask.is_coherent else None
    if tone is None or (tone.warmth > _COLD and mask.share(FacePart.HAIR) < _MIN_WARM_HAIR):
        return {}
    return classify_hair_tone(tone)


def classify_hair_tone(tone: HairTone) -> dict[str, float]:
    """Probability of each of the four colours; they need not add up to one.

    Of hair that is redder than brown and blond nothing is said but that it is not black or grey:
    red and dyed hair looks so, and brown or blond hair in warm light.
    """
    achromatic = below(tone.warmth, _COLD, 0.03)
    cold = {
        "Black_Hair": achromatic * below(tone.lightness, 24.0, 2.0),
        # Greying hair is as dark as 30: of four CelebA crops at 28-46 and not labelled black, three
        # are labelled gray.
        "Gray_Hair": achromatic * above(tone.lightness, 44.0, 6.0),
    }
    # Of 20 such CelebA crops, nine are labelled brown and four blond.
    natural = below(tone.redness, 13.0, 0.8) * below(tone.warmth, 1.6, 0.1)
    if natural < 0.5:
        return cold
    # Of CelebA crops with other warm hair, four of 62 up to lightness 38 are labelled blond, three
    # of seven at 38-42, six of eight at 42-46, nine of ten at 46-51, and 21 of 24 above. Brown are
    # 35 of 62, three of seven, two of eight, two of ten and none.
    brown = above(tone.warmth, 0.34, 0.03) * below(tone.chroma, 33.0, 1.5)
    blond = above(tone.warmth, 0.45, 0.03)
    warm = {
        "Blond_Hair": blond * natural * above(tone.lightness, 42.5, 3.0),
        "Brown_Hair": brown * natural * below(tone.lightness, 38.0, 2.0),
    }
    return {**cold, **warm}


def measure_hair_tone(mask: FaceMask) -> HairTone | None:
    """The hair's colour; None where hair or skin are too small, or the light hides it."""
    hair = _inner(mask.parts == FacePart.HAIR)
    skin = _inner(mask.region(FacePart.SKIN, FacePart.NOSE))
    if min(hair.mean(), skin.mean()) < _MIN_REGION:
        return None
    skin_lab = np.median(mask.lab[skin], axis=0)
    if not is_plain_light(skin_lab):
        return None
    hair_lab = mask.lab[hair]  # (pixels, 3)
    middle, bright = np.percentile(hair_lab[:, 0], (50, 95))
    # Shadows are black whatever the hair, and highlights show the light: neither half alone does.
    lit = hair_lab[(hair_lab[:, 0] >= middle) & (hair_lab[:, 0] <= bright), 1:]
    red, yellow = np.median(lit, axis=0)
    warmth = float(np.array([red, yellow]) @ skin_lab[1:] / (skin_lab[1:] @ skin_lab[1:]))
    if warmth < _MIN_WARMTH:
        return None
    return HairTone(float(middle), warmth, float(red), float(np.hypot(red, yellow)))


def _inner(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import cv2

    side = 2 * round(_BORDER * len(region)) + 1
    return cv2.erode(region.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)
