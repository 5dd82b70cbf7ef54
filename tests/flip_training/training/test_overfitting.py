"""The product's loop learns 64 pairs by heart: each picture finds its caption, and back."""

import hashlib
import io
import tarfile
from itertools import islice, product
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from PIL import Image

from flip_training.loading.crops import CropStream
from flip_training.loading.faces import read_faces
from flip_training.loading.transforms import normalize
from flip_training.model.checkpoint import load_checkpoint
from flip_training.model.flip import FLIPScores
from flip_training.model.tokenization import tokenize
from flip_training.overriding import overridden
from flip_training.pairs.inputs import opt_out_version
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.uids import uid_of
from flip_training.presets import tiny
from flip_training.schema import TRAINING_SETS
from flip_training.storage import Provenance, Storage
from flip_training.train import train

COLOURS = {"black": (20, 20, 20), "red": (210, 40, 40), "green": (40, 170, 60), "white": (240,) * 3}
#: What the colours are called in each place.
WORDS = {
    "hair": ("raven", "auburn", "mossy", "silver"),
    "shirt": ("black", "red", "green", "white"),
    "wall": ("inky", "crimson", "olive", "pale"),
}


def picture(colours: tuple[str, ...]) -> bytes:
    """Three bands of colour, 32 px."""
    image = Image.new("RGB", (32, 32))
    for place, colour in enumerate(colours):
        image.paste(COLOURS[colour], (0, place * 11, 32, place * 11 + 11))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pairs(tmp_path: Path) -> Storage:
    """A training set of 64 distinct pictures with distinct captions, all in the train split."""
    storage = Storage(tmp_path)
    rows = []
    path = storage.tar_path("face_crops", "bands-00000")
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w") as tar:
        for row, colours in enumerate(islice(product(COLOURS, repeat=3), 64)):
            key, data = f"bands-00000-{row:05d}", picture(colours)
            info = tarfile.TarInfo(f"{key}-0.jpg")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            named = zip(WORDS.items(), colours, strict=True)
            said = [f"{words[list(COLOURS).index(c)]} {place}" for (place, words), c in named]
            pair = {
                "face_id": f"{key}-0",
                "key": key,
                "shard": "bands-00000",
                "split_group": key,
                "split": "train",
                "caption": " and ".join(said),
                "caption_source": "llm",
                "caption_index": 0,
                "crop_sha256": hashlib.sha256(data).hexdigest(),
                "uid": uid_of(f"{key}-0"),
            }
            rows.append(pair)
    table = pa.Table.from_pylist(rows, schema=TRAINING_SETS.arrow)
    versions = {"optout": opt_out_version(storage)}
    storage.commit(table, Provenance("training_sets", "llm", "code", versions))
    return storage


@torch.inference_mode()
def scores(storage: Storage) -> FLIPScores:
    """Pictures against captions of the train split, (64, 64); pair by pair on the diagonal."""
    model, tokenizer = load_checkpoint(storage.model_path("llm"))
    faces = read_faces(storage, "llm", "train")
    crops = list(CropStream(storage, faces, model.config.vision.image_size).read())
    captions = [face.captions[0] for face, _ in crops]
    assert len(set(captions)) == len(crops) == 64
    tokens = tokenize(tokenizer, captions, model.config.text.max_length)
    pixels = normalize(torch.stack([crop for _, crop in crops]))
    return model.score(pixels, tokens["input_ids"], tokens["attention_mask"])


@pytest.mark.parametrize(
    ("contrast", "epochs", "momentum"),
    [
        ("softmax", 100, 0.0),
        pytest.param("softmax", 120, 0.9, marks=pytest.mark.slow),
        pytest.param("sigmoid", 120, 0.9, marks=pytest.mark.slow),
    ],
)
def test_64_pairs_are_found_in_both_directions(
    pairs: Storage, contrast: str, epochs: int, momentum: float
) -> None:
    preset = overridden(
        tiny(),
        [
            "model.vision.image_size=32",
            "model.vision.patch_size=8",
            "model.vision.width=64",
            "model.vision.layers=2",
            "model.text.width=64",
            "model.text.init_std=0.125",
            "model.embed_dim=128",
            f"train.contrast={contrast}",
            f"train.epochs={epochs}",
            "train.batch_size=32",
            "train.lr=1e-3",
            "train.queue_size=0",
            f"train.momentum={momentum}",
            "train.alpha=0",
        ],
    )
    train(pairs, RECIPES["llm"], preset, torch.device("cpu"), print)
    found, own = scores(pairs), torch.arange(64)
    for score in found:
        assert torch.equal(score.argmax(dim=1), own)
        assert torch.equal(score.argmax(dim=0), own)
