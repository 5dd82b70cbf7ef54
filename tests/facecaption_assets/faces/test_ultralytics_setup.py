import os
import subprocess
import sys


def test_ultralytics_is_loaded_offline_and_leaves_threads_and_pillow_alone() -> None:
    # In a process of its own: what an import does can be seen once only.
    script = """
import os, sys, torch
touched = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        touched.append(event)
sys.addaudithook(watch)
torch.set_num_threads(3)
from PIL import Image
from facecaption_assets.shards.images import PictureRejected, read_header
open_image = Image.open
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
load_ultralytics()
from ultralytics.utils import AUTOINSTALL, ONLINE, SAFE_LOAD
from ultralytics.utils.events import events
assert (AUTOINSTALL, ONLINE, SAFE_LOAD, events.enabled) == (False, False, True, False)
assert torch.get_num_threads() == 3, torch.get_num_threads()
assert "OMP_NUM_THREADS" not in os.environ
assert not touched, touched
assert Image.open is open_image
try:
    read_header(b"no picture", max_pixels=1)
except PictureRejected as rejected:
    assert rejected.status == "not_an_image"
"""
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
