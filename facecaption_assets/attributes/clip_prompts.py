"""What a CLIP is asked about each attribute: a pair of descriptions, and the frames around them.

Each attribute has one or more descriptions of a face that has it and as many ways to say that it
has not. They speak of what is visible, and describe the opposite rather than deny the attribute:
CLIP hardly hears "no" and "without".

Four attributes are left out. ``Oval_Face``, ``Pointy_Nose`` and ``High_Cheekbones`` are those on
which CelebA's own annotators agree no better than by chance (https://arxiv.org/abs/2210.07356),
and ``Attractive`` is a taste. The wordings were chosen by judgement; no CLIP was measured on them.
"""

from dataclasses import dataclass
from typing import Final

#: Sentences that a description is put into; their embeddings are averaged.
TEMPLATES: Final = (
    "a photo of {}.",
    "a close-up photo of the face of {}.",
    "a portrait of {}.",
)


@dataclass(frozen=True)
class PromptPair:
    """Descriptions of someone who has an attribute, and of someone who has not."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]


def _pair(positive: str, negative: str) -> PromptPair:
    """Alternatives are parted by bars."""
    return PromptPair(tuple(positive.split(" | ")), tuple(negative.split(" | ")))


#: By attribute, in CelebA's order.
PROMPTS: Final[dict[str, PromptPair]] = {
    "5_o_Clock_Shadow": _pair(
        "a man with stubble | a man with a five o'clock shadow",
        "a clean-shaven person | a person with smooth cheeks",
    ),
    "Arched_Eyebrows": _pair("a person with high arched eyebrows", "a person with flat eyebrows"),
    "Bags_Under_Eyes": _pair(
        "a person with bags under the eyes | a person with puffy, tired eyes",
        "a person with smooth skin under the eyes | a person with fresh, rested eyes",
    ),
    "Bald": _pair(
        "a bald person | a person with a shaved head",
        "a person with a full head of hair | a person with hair",
    ),
    "Bangs": _pair(
        "a person with bangs | a person with a fringe over the forehead",
        "a person with hair combed back | a person with a bare forehead",
    ),
    "Big_Lips": _pair("a person with full, thick lips", "a person with thin lips"),
    "Big_Nose": _pair("a person with a big nose", "a person with a small nose"),
    "Black_Hair": _pair(
        "a person with black hair",
        "a person with brown hair | a person with blond hair | a person with gray hair",
    ),
    "Blond_Hair": _pair(
        "a person with blond hair",
        "a person with black hair | a person with brown hair | a person with gray hair",
    ),
    "Blurry": _pair(
        "a person, out of focus | a person, blurry and in low quality",
        "a person, in sharp focus | a person, crisp and in high quality",
    ),
    "Brown_Hair": _pair(
        "a person with brown hair",
        "a person with black hair | a person with blond hair | a person with gray hair",
    ),
    "Bushy_Eyebrows": _pair(
        "a person with thick, bushy eyebrows", "a person with thin, plucked eyebrows"
    ),
    "Chubby": _pair("a chubby person | a person with a round, plump face", "a slim person"),
    "Double_Chin": _pair("a person with a double chin", "a person with a sharp jawline"),
    "Eyeglasses": _pair(
        "a person wearing glasses | a person wearing sunglasses",
        "a person with bare eyes | a person with an uncovered face",
    ),
    "Goatee": _pair(
        "a man with a goatee | a man with a beard on the chin",
        "a person with a clean-shaven chin | a person with a smooth chin",
    ),
    "Gray_Hair": _pair(
        "a person with gray hair | a person with white hair",
        "a person with black hair | a person with brown hair | a person with blond hair",
    ),
    "Heavy_Makeup": _pair(
        "a person wearing heavy makeup | a person with eye shadow and lipstick",
        "a person with a bare face | a person with a natural, unpainted face",
    ),
    "Male": _pair("a man | a boy", "a woman | a girl"),
    "Mouth_Slightly_Open": _pair(
        "a person with an open mouth | a person with parted lips",
        "a person with a closed mouth | a person with closed lips",
    ),
    "Mustache": _pair(
        "a man with a mustache", "a person with a clean-shaven upper lip | a clean-shaven person"
    ),
    "Narrow_Eyes": _pair(
        "a person with narrow eyes | a person squinting",
        "a person with wide open eyes | a person with big, round eyes",
    ),
    "No_Beard": _pair(
        "a clean-shaven person | a person with a smooth chin and cheeks",
        "a man with a beard | a man with facial hair",
    ),
    "Pale_Skin": _pair("a person with very pale skin", "a person with tanned or dark skin"),
    "Receding_Hairline": _pair(
        "a person with a receding hairline", "a person with a low, full hairline"
    ),
    "Rosy_Cheeks": _pair(
        "a person with rosy cheeks | a person with blushing cheeks",
        "a person with pale, even cheeks",
    ),
    "Sideburns": _pair("a man with sideburns", "a person with smooth skin before the ears"),
    "Smiling": _pair(
        "a smiling person | a person with a happy smile",
        "a person with a serious face | a person with a neutral expression",
    ),
    "Straight_Hair": _pair("a person with straight hair", "a person with wavy or curly hair"),
    "Wavy_Hair": _pair(
        "a person with wavy hair | a person with curls", "a person with straight hair"
    ),
    "Wearing_Earrings": _pair(
        "a person wearing earrings", "a person with bare ears | a person with bare earlobes"
    ),
    "Wearing_Hat": _pair(
        "a person wearing a hat | a person wearing a cap",
        "a bareheaded person | a person with an uncovered head",
    ),
    "Wearing_Lipstick": _pair(
        "a person wearing lipstick | a person with painted red lips",
        "a person with bare, natural lips",
    ),
    "Wearing_Necklace": _pair("a person wearing a necklace", "a person with a bare neck"),
    "Wearing_Necktie": _pair(
        "a man wearing a necktie", "a person with an open collar | a person in casual clothes"
    ),
    "Young": _pair(
        "a young person | a person in their twenties",
        "an old person | a middle-aged person",
    ),
}
