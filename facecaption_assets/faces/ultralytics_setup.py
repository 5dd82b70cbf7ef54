"""Loading ultralytics without its side effects: every import of it goes through here.

On import it looks the network up, may install packages, collects usage, takes all threads but
one from PyTorch, and replaces Pillow's ``Image.open`` by one that wants further packages for bytes
that are no picture.
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
    """The package, quiet and offline; PyTorch's threads and Pillow's ``open`` stay as they were."""
    import torch
    from PIL import Image

    open_image = Image.open
    threads, configured = torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    os.environ.update(_ENVIRONMENT)
    import ultralytics

    if configured is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    torch.set_num_threads(threads)
    Image.open = open_image
    return ultralytics
