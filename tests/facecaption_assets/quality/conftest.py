"""A small dataset of drawn faces, complete from the plan to the rewritten captions."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import TABLES
from facecaption_assets.shards.tars import TarWriter
from facecaption_assets.storage import Storage

HOSTILE = '<script>alert("x")</script> & "Bob" <img src=x onerror=alert(1)>'
CYCLE = 8  # pictures until the pattern of outcomes repeats
MISSING, FACELESS, TWO_FACES, TOO_FEW_LABELS = range(4)
FALLEN_BACK = (4, 6)
REPAIRED = 7

Row = dict[str, Any]
HomeBuilder = Callable[..., Storage]


def picture(seed: int) -> bytes:
    """A drawn head on a plain ground; the seed decides the colours."""
    random = np.random.default_rng(seed)
    ground, skin, hair = random.integers(60, 230, (3, 3))
    y, x = np.mgrid[-1:1:192j, -1:1:192j]
    pixels = np.empty((192, 192, 3), np.uint8)
    pixels[:] = ground
    pixels[x**2 / 0.4 + (y + 0.1) ** 2 / 0.75 < 1] = hair
    pixels[x**2 / 0.3 + (y - 0.1) ** 2 / 0.5 < 1] = skin
    for eye in (-0.22, 0.22):
        pixels[(x - eye) ** 2 + y**2 < 0.006] = 20
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "JPEG")
    return sink.getvalue()


def make_tables(shard: str, pictures: int) -> tuple[dict[str, pa.Table], dict[str, bytes]]:
    """Tables of one shard, and the crops.

    Of eight pictures, one is missing and one has no face; one has a second face that is too
    small; one kept face has too few labels; two of five captions fall back.
    """
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    crops: dict[str, bytes] = {}
    for index in range(pictures):
        key, kind = f"{shard}-{index:05d}", index % CYCLE
        planned = {"source": "drawn", "url": f"file:///{key}.jpg", "status": "planned"}
        rows["shard_plan"].append({"key": key, "split_group": key, **planned})
        rows["raw_shards"].append(raw_row(key, kind))
        if kind == MISSING:
            continue
        face_id = f"{key}-0"
        if kind != FACELESS:
            crops[face_id] = picture(index)
        rows["face_crops"].extend(crop_rows(key, kind, crops.get(face_id)))
        if kind == FACELESS:
            continue
        rows["image_scores"].append(score_row(key, kind))
        rows["face_attributes"].append(attribute_row(key, kind))
        rows["synthetic_captions"].extend(drawn_row(key, kind, index) for index in range(2))
        if kind != TOO_FEW_LABELS:
            rows["template_captions"].append(template_row(key, kind))
            rows["llm_captions"].append(rewritten_row(key, kind))
        rows["image_text_scores"].extend(score_rows(key, kind))
    tables = {name: TABLES[name].from_rows(rows[name]) for name in TABLES if rows[name]}
    return tables, crops


def raw_row(key: str, kind: int) -> Row:
    row: Row = {"key": key, "split_group": key, "url": f"file:///{key}.jpg"}
    if kind == MISSING:
        return row | {"status": "missing", "error_message": "gone"}
    return row | {
        "alt_text": alt_text(kind),
        "status": "success",
        "original_width": 400,
        "original_height": 300,
        "num_bytes": 5000,
        "format": "jpeg",
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
    }


def alt_text(kind: int) -> str | None:
    return {TWO_FACES: HOSTILE, TOO_FEW_LABELS: None}.get(kind, f"portrait of kind {kind}")


def crop_rows(key: str, kind: int, crop: bytes | None) -> list[Row]:
    size = {"original_width": 400, "original_height": 300}
    row: Row = {"key": key, "split_group": key, "alt_text": alt_text(kind), **size}
    if crop is None:
        return [row | {"status": "dropped", "drop_reason": "no_face"}]
    row |= {
        "det_score": 0.8,
        "bbox_xyxy": [100.0, 75.0, 300.0, 225.0],
        "bbox_rel": [0.25, 0.25, 0.75, 0.75],
    }
    pixels = {"width": 192, "height": 192, "canny_edge_density": 0.1}
    digest = {"sha256": hashlib.sha256(crop).hexdigest()}
    rows = [row | pixels | digest | {"face_id": f"{key}-0", "status": "kept"}]
    if kind == TWO_FACES:
        small = {"face_id": f"{key}-1", "status": "dropped", "drop_reason": "too_small"}
        rows.append(row | small)
    return rows


def score_row(key: str, kind: int) -> Row:
    row: Row = {"face_id": f"{key}-0", "key": key, "split_group": key, "status": "scored"}
    return row | {"brisque": -20.0 if kind == TWO_FACES else 10.0}


def attribute_row(key: str, kind: int) -> Row:
    states = attribute_states(kind)
    return {
        "face_id": f"{key}-0",
        "key": key,
        "split_group": key,
        "status": "too_few_labels" if kind == TOO_FEW_LABELS else "labelled",
        "num_positive": sum(states.values()),
        "resolved_conflicts": [],
        **states,
        **{f"{name}_prob": 0.95 if state else 0.05 for name, state in states.items()},
    }


def template_row(key: str, kind: int) -> Row:
    states = attribute_states(kind)
    return {
        "face_id": f"{key}-0",
        "key": key,
        "split_group": key,
        "caption_index": 0,
        "status": "captioned",
        "caption": f"A {subject(kind)} with brown hair.",
        "attributes": [name for name, state in states.items() if state],
    }


def drawn_row(key: str, kind: int, index: int) -> Row:
    """Of two captions, the second is chosen, and the first outranked or refused."""
    row: Row = {"face_id": f"{key}-0", "key": key, "split_group": key, "caption_index": index}
    row |= {"temperature": 0.75, "model": "a/captioner"}
    if index == 0 and kind in FALLEN_BACK:
        return row | {"status": "screened", "rejection_reason": "number_or_age"}
    return row | {
        "status": "captioned" if index else "outranked",
        "caption": f"a {subject(kind)} with brown hair, number {'one' if index else 'two'}",
        "clip_cosine": 0.2 + 0.1 * index,
    }


def rewritten_row(key: str, kind: int) -> Row:
    template = template_row(key, kind)
    row: Row = {
        **template,
        "status": "accepted",
        "style": "normal",
        "caption": f"Smiling gently, the {subject(kind)} has brown hair over the forehead.",
        "template_caption": template["caption"],
        "num_attempts": 2,
        "prompt_tokens": 100,
        "completion_tokens": 20,
    }
    if kind == REPAIRED:
        row |= {
            "status": "repaired",
            "rejected_caption": "The man has brown hair. " * 20,
            "rejection_reason": "too_long",
        }
    if kind in FALLEN_BACK:
        row |= {
            "status": "fell_back",
            "caption": template["caption"],
            "rejected_caption": f"She has no beard {HOSTILE}.",
            "rejection_reason": "missing_attribute:Brown_Hair",
        }
    return row


def score_rows(key: str, kind: int) -> list[Row]:
    """Scores of a face's captions: higher, the later its source."""
    sources = ["alt_text", "template", "llm", "synthetic"]
    if kind == TOO_FEW_LABELS:
        sources = ["synthetic"]
    return [
        {
            **{"face_id": f"{key}-0", "key": key, "split_group": key, "status": "scored"},
            **{"caption_source": source, "caption_index": int(source == "synthetic")},
            **{"crop_cosine": 0.2 + place / 50, "picture_cosine": 0.1 + place / 50},
            **{"stranger_cosine": 0.15, "cosine_truncated": False, "cosine_model": "a/large"},
            **{"crop_clip_s": 0.7, "picture_clip_s": 0.6, "clip_s_truncated": False},
            "clip_s_model": "a/base",
        }
        for place, source in enumerate(sources)
    ]


def subject(kind: int) -> str:
    return "man" if attribute_states(kind)["Male"] else "woman"


def attribute_states(kind: int) -> dict[str, bool]:
    """Known states of a face; the other attributes are unknown."""
    return {
        "Brown_Hair": True,
        "Male": kind % 2 == 0,
        "Smiling": kind != TOO_FEW_LABELS,
        "Eyeglasses": kind == 5,
        "Young": kind > 4,
    }


def commit_tables(
    storage: Storage, shard: str, tables: dict[str, pa.Table], crops: dict[str, bytes], tmp: Path
) -> None:
    """Commit a shard's tables, and its crops where there are any."""
    for asset, table in tables.items():
        tar = None
        if asset == "face_crops":
            tar = tmp / "crops.tar"
            with TarWriter(tar) as writer:
                for face_id, data in crops.items():
                    writer.add(f"{face_id}.jpg", data)
                    writer.add(f"{face_id}.json", b"{}")
        storage.commit(table, Provenance(asset, shard, "test"), tar)


@pytest.fixture
def tables() -> dict[str, pa.Table]:
    """Tables of one shard of sixteen pictures."""
    return make_tables("drawn-00000", 16)[0]


def commit_home(folder: Path, shards: int, pictures: int) -> Storage:
    """Commit shards of drawn faces to a data root in the folder."""
    storage = Storage(str(folder / "home"))
    for index in range(shards):
        shard = f"drawn-{index:05d}"
        commit_tables(storage, shard, *make_tables(shard, pictures), folder)
    return storage


@pytest.fixture
def build_home(tmp_path: Path) -> HomeBuilder:
    """Function that commits shards of drawn faces and returns their storage."""

    def build(shards: int = 2, pictures: int = 16) -> Storage:
        return commit_home(tmp_path, shards, pictures)

    return build


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Two shards of sixteen pictures each, for tests that change nothing."""
    return commit_home(tmp_path_factory.mktemp("shared"), 2, 16)


@pytest.fixture
def unknown_attributes() -> set[str]:
    """Attributes that no drawn face has a label for."""
    return set(ATTRIBUTES) - set(attribute_states(0))
