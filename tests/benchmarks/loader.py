"""Crops out of a tar as batches of pictures at 224 px, beside webdataset's default pipeline.

The crops are cut out of the sample's portraits and stored as the dataset stores them, 281 to 500 px
wide as most of the sample's own are. One thread each; what is counted is CPU time, so that other
processes on the machine disturb little.
"""

import hashlib
import io
import os
import random
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import webdataset
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from flip_training.loading.augmentation import Augmentation
from flip_training.loading.crops import Crops, CropStream
from flip_training.loading.data import TrainingBatches
from flip_training.loading.faces import Face, Faces
from flip_training.model.tokenization import vocabulary_tokenizer
from flip_training.storage import Storage
from tests.benchmarks.results import Result, cpu_seconds

NUM_CROPS = 1000
SIDES_PX = (281, 500)
SIZE_PX = 224
BATCH = 64
REPEATS = 3
SHARD = "bench-00000"
WORDS = ("young", "woman", "man", "long", "short", "wavy", "brown", "hair", "wears", "hat")


def _crops(rng: random.Random) -> Iterator[bytes]:
    """Squares out of the sample's portraits, encoded as the dataset's crops are."""
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        names = sorted(
            n for n in archive.namelist() if n.endswith(("_selfie.jpg", "_portrait.jpg"))
        )
        pictures = [Image.open(archive.open(name)).convert("RGB") for name in names[:20]]
    for index in range(NUM_CROPS):
        picture = pictures[index % len(pictures)]
        side = rng.randint(*SIDES_PX)
        cut = rng.randint(side, min(picture.size))
        left, top = (rng.randint(0, extent - cut) for extent in picture.size)
        crop = picture.resize(
            (side, side), Image.Resampling.BICUBIC, (left, top, left + cut, top + cut)
        )
        buffer = io.BytesIO()
        crop.save(buffer, "JPEG", quality=FaceSettings.jpeg_quality, subsampling="4:4:4")
        yield buffer.getvalue()


def _write(storage: Storage, rng: random.Random) -> tuple[Faces, int]:
    """A tar of crops; the faces that are in it, and the bytes of all crops together."""
    path, faces, num_bytes = storage.tar_path("face_crops", SHARD), [], 0
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for index, data in enumerate(_crops(rng)):
            face_id = f"{SHARD}-{index:05d}-0"
            for name, content in ((f"{face_id}.jpg", data), (f"{face_id}.json", b"{}")):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            caption = " ".join(rng.choices(WORDS, k=40))
            faces.append(Face(face_id, SHARD, (caption,), hashlib.sha256(data).hexdigest()))
            num_bytes += len(data)
    return Faces.of(faces), num_bytes


def _ours(storage: Storage, faces: Faces) -> int:
    """Crops in batches, in the tar's order; as the other one, headers are read anew."""
    seen, batch = 0, list[Tensor]()
    for _, crop in CropStream(storage, faces, SIZE_PX).read():
        batch.append(crop)
        if len(batch) == BATCH:
            seen += len(torch.stack(batch))
            batch.clear()
    return seen + len(batch)


def _training(storage: Storage, faces: Faces) -> int:
    """A training's epoch: shuffled, augmented, with the captions' tokens."""
    batches = TrainingBatches(
        Crops(storage, faces, SIZE_PX),
        vocabulary_tokenizer(faces.captions()),
        65,
        BATCH,
        4096,
        0,
        Augmentation(2, 5),
    )
    return sum(len(batch["images"]) for (batch,) in batches.epoch(0))


def _theirs(path: Path) -> int:
    transform = v2.Compose(
        [
            v2.Resize((SIZE_PX, SIZE_PX), interpolation=v2.InterpolationMode.BICUBIC),
            v2.PILToTensor(),
        ]
    )
    dataset = (
        webdataset.WebDataset(str(path), shardshuffle=False)
        .decode("pil")
        .to_tuple("jpg", "json")
        .map_tuple(transform, lambda fields: fields)
        .batched(BATCH)
    )
    return sum(len(images) for images, _ in dataset)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _per_second(read: Callable[[], int]) -> float:
    """Samples per second of CPU time."""
    num_samples = read()
    return num_samples / cpu_seconds(read, REPEATS)


def run() -> list[Result]:
    """Samples per second of CPU time, and how many times webdataset's they are."""
    with tempfile.TemporaryDirectory() as folder, _one_thread():
        storage = Storage(Path(folder))
        faces, num_bytes = _write(storage, random.Random(0))
        ours = _per_second(lambda: _ours(storage, faces))
        theirs = _per_second(lambda: _theirs(storage.tar_path("face_crops", SHARD)))
        training = _per_second(lambda: _training(storage, faces))
    crops = f"{SIDES_PX[0]}-{SIDES_PX[1]} px, {num_bytes // NUM_CROPS // 1000} kB on average"
    augmented = {"with_augmentation_and_tokens": round(training)}
    return [
        Result(
            "loader_ratio",
            ours / theirs,
            "ratio",
            "higher",
            1.5,
            'WebDataset(tar).decode("pil"), resized and batched, same crops',
            {
                "crops": crops,
                "webdataset_per_cpu_s": round(theirs),
                "augmented_ratio": f"{training / theirs:.2f}",
            },
        ),
        Result(
            "loader_samples_per_second",
            ours,
            "samples per CPU second",
            "higher",
            2000,
            "crops of the sample's sizes, sums checked, decoded and resized",
            {"crops": crops, **augmented},
        ),
    ]
