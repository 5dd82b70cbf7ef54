"""A synthetic data root in the real layout: pictures whose captions name their colours."""

import hashlib
import io
import json
import random
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from flip_training.config import EvaluationConfig, Preset
from flip_training.content import content_version
from flip_training.evaluate import evaluate
from flip_training.gates import GATES
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.presets import tiny
from flip_training.storage import PROVENANCE_KEY, Provenance, Storage
from flip_training.train import train

COLOURS = {
    "black": (25, 25, 25),
    "red": (200, 40, 40),
    "green": (40, 170, 60),
    "blue": (40, 70, 200),
    "white": (235, 235, 235),
    "yellow": (220, 200, 40),
}
ADJECTIVE = {"long": 40, "short": 20}


def picture(hair: str, shirt: str, length: str, seed: int) -> bytes:
    """A face-like picture, 64 px: hair above, shirt below."""
    rng = random.Random(seed)
    image = Image.new("RGB", (64, 64), (205, 165, 140))
    image.paste(COLOURS[hair], (0, 0, 64, ADJECTIVE[length] // 2 + rng.randrange(3)))
    image.paste(COLOURS[shirt], (0, 46 + rng.randrange(3), 64, 64))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def write_table(
    home: Path,
    asset: str,
    shard: str,
    rows: list[dict[str, object]],
    inputs: Mapping[str, str] | None = None,
) -> None:
    """Commit a table as the dataset does: parquet with a provenance record."""
    table = pa.Table.from_pylist(rows)
    counts = dict(Counter(str(row["status"]) for row in rows if "status" in row))
    version = content_version(table)
    record = Provenance(asset, shard, "code", inputs or {}, version, len(rows), counts)
    metadata = {PROVENANCE_KEY: json.dumps(asdict(record)).encode()}
    path = home / asset / f"{shard}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path)


def sum_of(key: str) -> str:
    """The sum that the data root records of a picture's bytes."""
    return hashlib.sha256(key.encode()).hexdigest()


def write_shard(home: Path, shard: str, num_people: int, faces_each: int, seed: int = 0) -> None:
    """One shard: crops in a tar, and the three tables that a training set reads."""
    rng = random.Random(f"{shard}-{seed}")
    crops, template, llm, raw = [], [], [], []
    tar_path = home / "face_crops" / f"{shard}.tar"
    tar_path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(tar_path, "w") as tar:
        for row in range(num_people * faces_each):
            key = f"{shard}-{row:05d}"
            face_id = f"{key}-0"
            group = f"{shard}-person-{row // faces_each}"
            hair, shirt = rng.choice(list(COLOURS)), rng.choice(list(COLOURS))
            length = rng.choice(list(ADJECTIVE))
            data = picture(hair, shirt, length, rng.randrange(10**6))
            for name, content in ((f"{face_id}.jpg", data), (f"{face_id}.json", b"{}")):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            sha256 = hashlib.sha256(data).hexdigest()
            common = {"face_id": face_id, "key": key, "split_group": group}
            crops.append({**common, "status": "kept", "sha256": sha256})
            raw.append({"key": key, "url": f"file:///pictures/{row}.jpg", "sha256": sum_of(key)})
            caption = f"The hair is {length} and {hair}. The shirt is {shirt}."
            captioned = {**common, "caption_index": 0, "status": "captioned", "caption": caption}
            template.append(captioned)
            natural = f"A person with {length} {hair} hair wears a {shirt} shirt."
            llm.append({**captioned, "status": "accepted", "caption": natural})
        crops.append({**common, "face_id": None, "status": "dropped", "sha256": None})
    write_table(home, "face_crops", shard, crops)
    write_table(home, "template_captions", shard, template)
    write_table(home, "llm_captions", shard, llm)
    write_table(home, "raw_shards", shard, raw)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Models this small only wait for a second thread."""
    torch.set_num_threads(1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data root with two shards of four people with three faces each."""
    for shard in ("colours-00000", "colours-00001"):
        write_shard(tmp_path, shard, num_people=4, faces_each=3)
    return tmp_path


@pytest.fixture(scope="session")
def plant() -> Callable[..., None]:
    """Adds a shard to a data root: ``plant(home, shard, num_people, faces_each)``."""
    return write_shard


@pytest.fixture
def storage(home: Path) -> Storage:
    return Storage(home)


def write_scores(home: Path, shard: str, status: str = "scored") -> None:
    """Alt-texts, a captioner's captions and scores of both, higher the later the row.

    The web's texts of a shard score 0.00, 0.02, …, the captioner's 0.01, 0.03, …
    """
    crops = pq.read_table(home / "face_crops" / f"{shard}.parquet").to_pylist()
    synthetic, scores = [], []
    for place, crop in enumerate(crops):
        crop["alt_text"] = f"photo {place}" if crop["status"] == "kept" else None
        if crop["status"] == "kept":
            common = {name: crop[name] for name in ("face_id", "key", "split_group")}
            common |= {"caption_index": 0, "status": "captioned"}
            synthetic.append({**common, "caption": f"a face, number {place}"})
            for offset, source in enumerate(("alt_text", "synthetic")):
                cosine = (2 * place + offset) / 100 if status == "scored" else None
                judged = {"caption_source": source, "status": status, "crop_cosine": cosine}
                scores.append({**common, **judged})
    write_table(home, "face_crops", shard, crops)
    write_table(home, "synthetic_captions", shard, synthetic)
    storage = Storage(home)
    tables = ("face_crops", "synthetic_captions", "llm_captions", "template_captions")
    versions = {f"{t}/{shard}": storage.require(t, shard).data_version for t in tables}
    write_table(home, "image_text_scores", shard, scores, versions)


@pytest.fixture
def score(home: Path) -> Callable[..., None]:
    """Adds to both shards what score-based recipes read: ``score()``, ``score(status)``."""

    def apply(status: str = "scored") -> None:
        for shard in ("colours-00000", "colours-00001"):
            write_scores(home, shard, status)

    return apply


@pytest.fixture
def rewrite(home: Path) -> Callable[..., None]:
    """Change rows of a table in place: ``rewrite(asset, shard, change)``."""

    def apply(
        asset: str,
        shard: str,
        change: Callable[[int, dict[str, object]], object],
        inputs: Mapping[str, str] | None = None,
    ) -> None:
        rows = pq.read_table(home / asset / f"{shard}.parquet").to_pylist()
        for index, row in enumerate(rows):
            change(index, row)
        write_table(home, asset, shard, rows, inputs)

    return apply


@pytest.fixture(scope="session")
def micro() -> Preset:
    """The smallest setting that trains: one layer each, 16 px, two epochs."""
    setting = tiny()
    vision = replace(setting.model.vision, image_size=16, patch_size=8, width=16, layers=1, heads=2)
    text = replace(setting.model.text, width=16, layers=1, heads=2)
    return replace(
        setting,
        name="micro",
        model=replace(setting.model, vision=vision, text=text, embed_dim=8),
        train=replace(
            setting.train,
            epochs=2,
            batch_size=4,
            queue_size=6,
            momentum=0.98,
            alpha=0.4,
            save_every=1,
            log_every=2,
        ),
        evaluation=EvaluationConfig(batch_size=4, rerank=3),
    )


def judge(storage: Storage) -> None:
    """Record every gate's verdict on the recipe ``llm``."""
    for gate in GATES:
        storage.record_verdict(gate.asset, "llm", gate.judge(storage, "llm"))


@pytest.fixture
def judge_all() -> Callable[[Storage], None]:
    """Records every gate's verdict on the recipe ``llm``: ``judge_all(storage)``."""
    return judge


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, micro: Preset) -> Path:
    """A data root with a recipe that is built and checked; not to be changed."""
    storage = Storage(tmp_path_factory.mktemp("built"))
    for shard in ("colours-00000", "colours-00001"):
        write_shard(storage.home, shard, 4, 3)
    build_training_set(storage, RECIPES["llm"])
    train(storage, RECIPES["llm"], micro, torch.device("cpu"), print)
    evaluate(storage, "llm", micro, torch.device("cpu"))
    judge(storage)
    return storage.home


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Storage:
    """A copy of it, to be changed."""
    shutil.copytree(built_once, tmp_path, dirs_exist_ok=True)
    return Storage(tmp_path)


@pytest.fixture
def edit(built: Storage) -> Callable[..., None]:
    """Commits a changed table of it under the old provenance: ``edit(asset, change)``."""

    def apply(asset: str, change: Callable[[list[dict[str, object]]], object]) -> None:
        table, provenance = built.read_table(asset, "llm"), built.read_provenance(asset, "llm")
        rows = table.to_pylist()
        change(rows)
        assert provenance is not None
        built.commit(pa.Table.from_pylist(rows, schema=table.schema), provenance)

    return apply
