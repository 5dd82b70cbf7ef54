"""Captions rewritten through an endpoint in another process, as a command that can be killed.

``python -m tests.rewriting_process BASE_URL FOLDER CAPTIONS CONCURRENCY`` keeps its cache in the
folder, says ``begin`` when it begins, and ``end`` once every caption is accepted.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.endpoint import open_client
from facecaption_assets.rewriting.rewrite import rewrite_captions
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_ATTRIBUTES
from facecaption_assets.shards.opt_out import OptOut

ROOT = Path(__file__).parents[1]

#: Labels of the faces, in turn.
LABELS = (
    {"Male": False, "Wavy_Hair": True, "Smiling": True, "Eyeglasses": True},
    {"Male": True, "Gray_Hair": True, "Mustache": True, "Smiling": True},
    {"Male": False, "Blond_Hair": True, "Bangs": True, "Wearing_Earrings": True, "Young": True},
    {"Male": True, "Black_Hair": True, "Goatee": True, "Wearing_Hat": True},
)


@contextmanager
def echoing_endpoint(latency_ms: float) -> Iterator[str]:
    """Base URL of ``chat_endpoint`` in another process."""
    command = [sys.executable, "-m", "tests.chat_endpoint", str(latency_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def faces(number: int) -> pa.Table:
    """Labelled faces, all of whose captions can be made."""
    return FACE_ATTRIBUTES.from_rows(
        [
            {
                "face_id": f"web-00000-{i:05d}-0",
                "key": f"web-00000-{i:05d}",
                "split_group": f"web-00000-{i:05d}",
                "status": "labelled",
                "num_positive": 4,
                "resolved_conflicts": [],
                **dict.fromkeys(ATTRIBUTE_COLUMNS),
                **LABELS[i % len(LABELS)],
            }
            for i in range(number)
        ]
    )


def rewrite(base_url: str, attributes: pa.Table, folder: Path, concurrency: int) -> pa.Table:
    """The stage's own way from labelled faces to rewritten captions."""
    settings = RewriteSettings(
        base_url=base_url, model="echo", constraint="none", concurrency=concurrency
    )
    templates = caption_faces(attributes, CaptionSettings(), OptOut.none())
    with open_client(settings, ModelStore(folder)) as client:
        return rewrite_captions(
            templates, attributes, client, RequestCache(folder), settings, OptOut.none()
        )


def main(base_url: str, folder: str, captions: int, concurrency: int) -> None:
    """Rewrite all captions."""
    import openai  # noqa: F401  Loaded beforehand: a kill then meets requests, not imports.

    sys.stdout.write("begin\n")
    sys.stdout.flush()
    table = rewrite(base_url, faces(captions), Path(folder), concurrency)
    assert table["status"].to_pylist() == ["accepted"] * captions
    sys.stdout.write("end\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
