import os
import subprocess
import sys
from pathlib import Path

from facecaption_assets.gpu_lease import lease_gpu, lock_folder, process_lease

HOLD = """
import sys, time
from pathlib import Path
from facecaption_assets.gpu_lease import lease_gpu
lease = lease_gpu(sys.argv[2:], Path(sys.argv[1]))
print(lease.device, lease.place, flush=True)
time.sleep(60)
"""


class Holder:
    """Another process that leases a GPU and keeps it."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder), *names], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.device, self.place = map(int, self.process.stdout.readline().split())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_processes_spread_over_the_gpus_and_share_the_least_shared(tmp_path: Path) -> None:
    holders = []
    try:
        holders += [Holder(tmp_path, "a", "b") for _ in range(3)]
        assert [(h.device, h.place) for h in holders] == [(0, 0), (1, 0), (0, 1)]
        # Another process may see the same GPUs in another order.
        mine = lease_gpu(["b", "a"], tmp_path)
        assert (mine.device, mine.place) == (0, 1)
        mine.release()
    finally:
        for holder in holders:
            holder.kill()


def test_a_killed_process_gives_its_gpu_back(tmp_path: Path) -> None:
    holder = Holder(tmp_path, "a", "b")
    try:
        other = lease_gpu(["a", "b"], tmp_path)
        assert (holder.device, other.device) == (0, 1)
    finally:
        holder.kill()
    again = lease_gpu(["a", "b"], tmp_path)
    assert (again.device, again.place) == (0, 0)
    again.release()
    other.release()


def test_a_process_has_one_lease_however_often_it_asks(tmp_path: Path) -> None:
    names = [f"{tmp_path}-a".replace("/", "_"), f"{tmp_path}-b".replace("/", "_")]
    first = process_lease(names, tmp_path)
    assert process_lease(names, tmp_path) is first
    assert lease_gpu(names, tmp_path).device == 1
    first.release()


def test_a_user_without_a_name_has_a_folder(monkeypatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_000)
    assert lock_folder().name == "facecaption-gpus-2000000000"
