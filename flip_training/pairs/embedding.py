"""Pictures → directions in a CLIP's space, for the cluster filter.

Any CLIP of transformers with an image tower will do, from the hub or a folder. How embeddings are
stored belongs to ``image_embeddings``, what is made of them to ``clusters``.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from flip_training.config import fingerprint
from flip_training.pairs.image_embeddings import CLIP_SETTING, FACES, TARGETS, Embedded, commit
from flip_training.pairs.recipes import TARGET_NAME
from flip_training.storage import Provenance, Storage

#: Raised when equal pictures would get other embeddings.
_VERSION: Final = "image_embeddings-1"

_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})

Pictures = Iterable[tuple[str, bytes]]


class EncoderUnavailable(ValueError):
    """The CLIP cannot be had, or is none."""


class PictureEncoder:
    """A CLIP's image tower.

    Args:
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant.
        device: PyTorch's name of the device; the first GPU, else the CPU, where empty.

    Attributes:
        version: Hash of the weights and of how pictures are prepared.
        width: Length of an embedding.

    Raises:
        EncoderUnavailable: If the model cannot be had, is damaged, or is no CLIP.
    """

    def __init__(self, model: str, device: str = "") -> None:
        if not model:
            raise EncoderUnavailable(f"{CLIP_SETTING} is empty; it names a CLIP: hub or folder")
        try:
            network, self._prepare = _load(model)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise EncoderUnavailable(f"{CLIP_SETTING} = {model!r}: {error}") from error
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.version = fingerprint(_VERSION, _weights_sum(network), self._prepare.to_json_string())
        self.width = int(network.config.projection_dim)
        self._network = network.eval().to(self._device)

    def embed(self, images: list[Image.Image]) -> NDArray[np.float32]:
        """Unit vectors of RGB pictures, (N, width)."""
        pixels = self._prepare(images=images, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            found = self._network(pixel_values=pixels.to(self._device)).image_embeds.float()
        unit: NDArray[np.float32] = torch.nn.functional.normalize(found, dim=-1).cpu().numpy()
        return unit

    def embed_all(self, pictures: Pictures, batch_size: int) -> Embedded:
        """Embeddings of encoded pictures, in their order; one that cannot be read says why."""
        names: list[str] = []
        vectors: list[NDArray[np.float32]] = []
        errors: list[str] = []
        arriving = iter(pictures)
        while batch := list(islice(arriving, batch_size)):
            opened = [_open(data) for _, data in batch]
            found = np.zeros((len(batch), self.width), np.float32)
            is_read = [isinstance(image, Image.Image) for image in opened]
            if images := [image for image in opened if isinstance(image, Image.Image)]:
                found[is_read] = self.embed(images)
            names += [name for name, _ in batch]
            vectors.append(found)
            errors += ["" if isinstance(image, Image.Image) else image for image in opened]
        every = np.concatenate(vectors) if vectors else np.zeros((0, self.width), np.float32)
        return Embedded(names, every, errors)


def embed_shard(
    storage: Storage, shard: str, encoder: PictureEncoder, batch_size: int
) -> Provenance | None:
    """Embed a shard's kept crops and commit them; None where that would only repeat what is there.

    Raises:
        PartitionMissing: If the crops have not been built.
        GateFailed: If they failed a blocking check.
    """
    crops = storage.require("face_crops", shard)
    inputs = {f"face_crops/{shard}": crops.data_version}
    done = storage.read_provenance(FACES, shard)
    if done and (done.code_version, done.input_versions) == (encoder.version, inputs):
        return None
    rows = storage.read_table("face_crops", shard, ["face_id", "status"]).to_pylist()
    kept = {row["face_id"] for row in rows if row["status"] == "kept"}
    tar = storage.tar_path("face_crops", shard)
    pictures = ((Path(n).stem, data) for n, data in _tar_pictures(tar) if Path(n).stem in kept)
    embedded = encoder.embed_all(pictures, batch_size)
    return commit(storage, embedded, Provenance(FACES, shard, encoder.version, inputs))


def embed_target(
    storage: Storage, name: str, place: Path, encoder: PictureEncoder, batch_size: int
) -> Provenance:
    """Embed the pictures of a folder or tar as a target set and commit them.

    Raises:
        ValueError: If the name cannot be a file's, or there is no picture that can be read.
        OSError: If the place cannot be read.
        TarError: If it is a file, but no tar.
    """
    if not TARGET_NAME.fullmatch(name):
        raise ValueError(f"a target's name is lower-case letters, digits, - and _, got {name!r}")
    pictures = _tar_pictures(place) if place.is_file() else _folder_pictures(place)
    embedded = encoder.embed_all(pictures, batch_size)
    if all(embedded.errors):
        raise ValueError(f"it holds no picture that can be read (of {len(embedded.errors)})")
    return commit(storage, embedded, Provenance(TARGETS, name, encoder.version))


def _load(model: str) -> tuple[Any, Any]:
    """The image tower of a CLIP and what prepares pictures for it.

    Raises:
        ValueError: If it is no CLIP.
    """
    from transformers import AutoConfig, AutoImageProcessor, CLIPVisionModelWithProjection

    name, _, revision = (model, "", "") if Path(model).exists() else model.partition("@")
    load: dict[str, Any] = {"pretrained_model_name_or_path": name, "revision": revision or "main"}
    config: Any = AutoConfig.from_pretrained(**load)
    if config.model_type == "clip":
        # The file holds both towers; only the whole model's width is sure to be right.
        config.vision_config.projection_dim = config.projection_dim
        config = config.vision_config
    if config.model_type != "clip_vision_model":
        raise ValueError(f"it is a {config.model_type}, not a CLIP")
    network_class: Any = CLIPVisionModelWithProjection
    processor_class: Any = AutoImageProcessor
    return network_class.from_pretrained(**load, config=config), processor_class.from_pretrained(
        **load
    )


def _weights_sum(network: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _open(data: bytes) -> Image.Image | str:
    """The picture in RGB, or why it cannot be read."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.convert("RGB")
    # Decoders raise whatever odd bytes lead them to.
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _tar_pictures(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None and Path(member.name).suffix.lower() in _SUFFIXES:
                yield member.name, content.read()


def _folder_pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in _SUFFIXES:
            yield path.relative_to(folder).as_posix(), path.read_bytes()
