"""Where a model's files are: a folder, or a repository of the Hugging Face hub."""

import re
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError

#: A hub name is ``owner/name``, or one word.
_HUB_NAME: Final = re.compile(r"[\w.-]+(/[\w.-]+)?")
#: What a model may consist of; nothing that is pickled.
_FILES: Final = ("*.json", "*.safetensors", "*.txt", "*.md")


def model_folder(name_or_folder: str | Path) -> Path:
    """The folder itself, or the hub's files of that name, downloaded once.

    Raises:
        FileNotFoundError: If there is no such folder, and the hub has no such model or cannot be
            reached.
    """
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    name = str(name_or_folder)
    if not _HUB_NAME.fullmatch(name):
        raise FileNotFoundError(f"{name!r} is neither a folder nor a name of the hub")
    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise FileNotFoundError(
            f"{name!r} is no folder, and no model of the hub that can be read: {reason}"
        ) from error
