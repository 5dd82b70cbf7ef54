"""Loading ultralytics without its side effects: every import of it goes through here.

On import it looks the network up, may install packages, collects usage and takes all threads but
one from PyTorch.
"""

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Final

#: Offline also switches its usage events off. Safe loading reads ``.pt`` weights as data: a
#: pickle that holds anything but a known model class is refused.
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "ULTRALYTICS_SAFE_LOAD": "true",
    "YOLO_VERBOSE": "false",
}


def load_ultralytics() -> ModuleType:
    """The package, quiet and offline, with PyTorch's number of threads left as it was."""
    import torch

    threads, configured = torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    os.environ.update(_ENVIRONMENT)
    import ultralytics

    if configured is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    torch.set_num_threads(threads)
    return ultralytics
