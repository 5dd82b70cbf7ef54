"""Figures that the authors published, for the report to stand beside ours.

From the README and the table images of the FaceCaption-15M repository (arXiv:2407.08515). Figures
that are read off a plot say ``about``.
"""

from typing import Final

SOURCE: Final = "FaceCaption-15M, arXiv:2407.08515: README and table images of the repository"

#: What reached each step of the authors' funnel, by our name of the step.
FUNNEL: Final[dict[str, str]] = {
    "pictures planned": "over 50 M",
    "pictures fetched": "about 75%",
    "pictures with a face": "37 M",
    "faces kept": "23 M",
    "faces labelled": "15 M",
    "final captions": "15 M",
}

#: What the authors say of texts like ours, by caption source: (mean words, most frequent number
#: of words, different 4-grams); empty where nothing is published. Their 4-grams are of up to 15 M
#: captions.
TEXTS: Final[dict[str, tuple[str, str, str]]] = {
    "alt_text": ("12 (LAION-Face)", "", "over 180 k (LAION-Face)"),
    "template": ("", "about 4 to 8", "about 3 k"),
    "rewritten": ("30", "about 20", "about 160 k"),
}

#: Mean resolution of each data set's pictures, px by px, as the authors tabulate it.
RESOLUTIONS: Final[dict[str, tuple[int, int]]] = {
    "FaceCaption-15M": (285, 285),
    "LAION-Face": (615, 615),
    "MM-CelebA": (512, 512),
    "CelebA-Dialog": (256, 256),
    "CelebA": (178, 218),
}

#: Where the distribution of a score peaks, by measure and data set: read off the authors' plot,
#: so all of them are about. Of BRISQUE less is better, of CLIP-IQA more.
IMAGE_QUALITY_PEAKS: Final[dict[str, dict[str, float]]] = {
    "brisque": {
        "MM-CelebA": 0,
        "FaceCaption-15M": 12,
        "LAION-Face": 17,
        "CelebA-Dialog": 18,
        "CelebV-Text": 60,
    },
    "clip_iqa": {
        "FaceCaption-15M": 0.73,
        "MM-CelebA": 0.70,
        "LAION-Face": 0.67,
        "CelebA-Dialog": 0.5,
        "CelebV-Text": 0.3,
    },
}

#: Mean words per text of datasets of faces, by name. Source: the same repository's table of
#: datasets.
MEAN_WORDS: Final[dict[str, int]] = {
    "FFHQ-Text": 22,
    "MM-CelebA": 17,
    "CelebA-Dialog": 25,
    "CelebV-Text": 67,
    "LAION-Face": 12,
    "FaceCaption-15M": 30,
}

#: Different 4-grams of all texts of a dataset, read off the same repository's plot against the
#: share of the data. On which subset of each dataset the plot stands is not said.
FOUR_GRAMS: Final[dict[str, str]] = {
    "FaceCaption-15M": "about 160 k",
    "FaceCaption-15M without rewriting": "about 3 k",
    "CelebV-Text": "about 20 k",
    "CelebA-Dialog": "under 10 k",
    "MM-CelebA": "under 10 k",
    "LAION-Face": "over 180 k at about 2 percent of it",
}

#: Different 3-grams, millions, in one million captions of general web pictures by image
#: captioners. Source: T. Nguyen et al., "Improving Multimodal Datasets with Image Captioning",
#: arXiv:2307.10350, the table of captioners. What they plot of nouns and of the grounding ratio is
#: not given as numbers.
THREE_GRAMS_PER_MILLION_CAPTIONS: Final[dict[str, float]] = {
    "BLIP, fine-tuned": 2.82,
    "BLIP-2": 2.72,
    "BLIP-2, fine-tuned": 1.97,
    "CoCa": 4.45,
    "CoCa, fine-tuned": 1.81,
}

#: Text-to-image R@5 on CelebA-Caption of FLIP trained without and with rewriting, percent.
RETRIEVAL_R5: Final[dict[str, float]] = {"template": 38.62, "llm": 50.04}

#: What others fetched of LAION's URLs: what and when, share, where they say so.
LINK_ROT: Final[tuple[tuple[str, str, str], ...]] = (
    ("LAION-Face, by the authors of FaceCaption-15M", "about 75%", "arXiv:2407.08515"),
    ("LAION-400M, early in 2023", "87%, from 95% at its release", "img2dataset, issue 277"),
    ("LAION-400M, early in 2024", "about 68%", "img2dataset, issue 400"),
)
