"""A model as a folder that ``AutoModel`` and ``AutoProcessor`` load, without this package.

The code that travels with it is this folder's own modules, copied with their imports of one
another made relative; nothing is written twice.
"""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from transformers import BertTokenizer

from flip_training.model.flip import FLIPModel, write_weights
from flip_training.model.processing import processor_of

#: What transformers asks for by name, and where it is.
_ENTRANCES: Final = {
    "AutoConfig": "configuration_flip.FLIPConfig",
    "AutoModel": "modeling_flip.FLIPAutoModel",
    "AutoProcessor": "processing.FLIPProcessor",
}

_OWN_IMPORT: Final = re.compile(r"^from flip_training\.model\.(\w+) import", re.MULTILINE)

_USE: Final = """\
## Use with transformers alone

```python
from transformers import AutoModel, AutoProcessor

processor = AutoProcessor.from_pretrained(FOLDER, trust_remote_code=True)
model = AutoModel.from_pretrained(FOLDER, trust_remote_code=True)
scores = model(**processor(pictures, captions))
```
"""


def export_for_transformers(
    folder: Path, model: FLIPModel, tokenizer: BertTokenizer, card: str
) -> None:
    """Write weights, settings, tokenizer, image processor, code and card into a folder.

    Args:
        folder: Made where it is missing.
        model: The model.
        tokenizer: Its tokenizer.
        card: Its card, to which the use with transformers is added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"flip.{name}": weight for name, weight in model.state_dict().items()}
    write_weights(folder / "model.safetensors", weights)
    settings = {
        "architectures": [_ENTRANCES["AutoModel"].split(".")[1]],
        "auto_map": _ENTRANCES,
        "flip": model.config.to_dict(),
        "model_type": "flip",
    }
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    config = model.config
    processor_of(tokenizer, config.vision.image_size, config.text.max_length).write(folder)
    for name, source in code_of_entrances().items():
        (folder / f"{name}.py").write_text(source, "utf-8")
    (folder / "README.md").write_text(f"{card}\n{_USE}", "utf-8")


def code_of_entrances() -> dict[str, str]:
    """The entrances' modules and all of this folder that they import, by name, made relative."""
    code: dict[str, str] = {}
    waiting = sorted({place.split(".")[0] for place in _ENTRANCES.values()})
    while waiting:
        name = waiting.pop()
        if name in code:
            continue
        source = (files("flip_training.model") / f"{name}.py").read_text("utf-8")
        waiting += _OWN_IMPORT.findall(source)
        code[name] = _OWN_IMPORT.sub(r"from .\1 import", source)
    return code
