import os
import subprocess
import sys


def test_ultralytics_is_loaded_offline_and_leaves_the_threads_alone() -> None:
    # In a process of its own: what an import does can be seen once only.
    script = """
import os, sys, torch
touched = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        touched.append(event)
sys.addaudithook(watch)
torch.set_num_threads(3)
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
load_ultralytics()
from ultralytics.utils import AUTOINSTALL, ONLINE, SAFE_LOAD
from ultralytics.utils.events import events
assert (AUTOINSTALL, ONLINE, SAFE_LOAD, events.enabled) == (False, False, True, False)
assert torch.get_num_threads() == 3, torch.get_num_threads()
assert "OMP_NUM_THREADS" not in os.environ
assert not touched, touched
"""
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
