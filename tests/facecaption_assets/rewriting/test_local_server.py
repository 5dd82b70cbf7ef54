import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.rewriting.client import EndpointUnavailable
from facecaption_assets.rewriting.local_server import serve_locally
from facecaption_assets.rewriting.openai_client import OpenAIChatClient
from facecaption_assets.rewriting.payloads import Payloads
from facecaption_assets.rewriting.prompt_files import read_prompts
from facecaption_assets.rewriting.prompts import Prompts
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.tasks import Task
from facecaption_assets.rewriting.verification import verify


def test_absent_weights_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelUnavailable, match="local_model"),
        serve_locally(tmp_path / "none.gguf", "none", 1),
    ):
        pass


def test_no_threads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="local_threads is 0"), serve_locally(tmp_path, "none", 0):
        pass


def test_a_file_that_is_no_model_is_refused_and_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    with (
        pytest.raises(ModelUnavailable, match=r"broken\.gguf; RewriteSettings\.local_model"),
        serve_locally(broken, "broken", 1),
    ):
        pass


#: Starts and stops a server in a process of its own: one that hangs can be ended.
_ASK_NOTHING = """
import sys
from pathlib import Path
from facecaption_assets.rewriting.local_server import serve_locally
for _ in range(8):
    with serve_locally(Path(sys.argv[1]), "tiny", 1):
        pass
"""


@pytest.mark.slow
def test_a_server_that_nobody_asks_anything_stops() -> None:
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    weights = store.path("smollm2-135m-instruct")
    subprocess.run([sys.executable, "-c", _ASK_NOTHING, weights], check=True, timeout=120)


@pytest.mark.slow
def test_the_embedded_model_words_a_face_truly_and_stops_afterwards() -> None:
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    named = ["Eyeglasses", "Male", "Smiling", "Wavy_Hair", "Young"]
    caption = "The young man has wavy hair. He is smiling. He wears eyeglasses."
    row = {"face_id": "f", "caption_index": 0, "caption": caption, "attributes": named}
    task = Task(row, Subject(male=True))
    payloads = Payloads(Prompts(read_prompts("")), "tiny", RewriteSettings())
    texts = []
    # One thread, and patience: on busy cores two threads wait for each other.
    with serve_locally(store.path("smollm2-135m-instruct"), "tiny", 1) as base_url:
        client = OpenAIChatClient(base_url, "tiny", "none", 600.0, max_retries=0)

        async def ask() -> None:
            try:
                for attempt in range(3):
                    answer = await client.complete(payloads.attempt(task, attempt))
                    texts.append(answer.text)
                    assert answer.model == "tiny"
            finally:
                await client.aclose()

        asyncio.run(ask())
    assert all(verify(text, named, task.subject).accepted for text in texts)
    with pytest.raises(EndpointUnavailable):
        asyncio.run(client.complete(payloads.attempt(task, 9)))
    asyncio.run(client.aclose())
