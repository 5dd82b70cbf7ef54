"""An exported folder works with transformers alone."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from flip_training.config import Preset
from flip_training.model.flip import FLIPModel
from flip_training.model.hf_export import code_of_entrances, export_for_transformers
from flip_training.model.modeling_flip import FLIPAutoModel
from flip_training.model.processing import processor_of
from flip_training.model.tokenization import vocabulary_tokenizer

WORDS = vocabulary_tokenizer(["a red hat", "a blue coat"])

#: Run where this package cannot be imported.
ELSEWHERE = """
import json, sys
sys.modules["flip_training"] = None
from PIL import Image
from transformers import AutoModel, AutoProcessor
folder, picture, *captions = sys.argv[1:]
processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
model = AutoModel.from_pretrained(folder, trust_remote_code=True)
inputs = processor(Image.open(picture), captions)
states, image = model.encode_image(inputs["pixel_values"])
scores = model(**inputs)
print(json.dumps([image.tolist(), scores.similarity.tolist(), scores.match.tolist()]))
"""


def test_the_code_that_travels_needs_no_other_of_ours() -> None:
    code = code_of_entrances()
    assert {"modeling_flip", "configuration_flip", "processing", "flip", "bert", "vit"} <= set(code)
    assert not {"train", "storage", "config"} & set(code)
    for name, source in code.items():
        assert "import flip_training" not in source, name
        assert "from flip_training" not in source, name


@pytest.fixture
def model(micro: Preset) -> FLIPModel:
    torch.manual_seed(0)
    text = replace(micro.model.text, vocab_size=len(WORDS), enc_token_id=len(WORDS) - 1)
    return FLIPModel(replace(micro.model, text=text)).eval()


@pytest.fixture
def exported(model: FLIPModel, tmp_path: Path) -> Path:
    export_for_transformers(tmp_path / "flip", model, WORDS, "# FLIP\n")
    return tmp_path / "flip"


def test_every_weight_is_found_again(model: FLIPModel, exported: Path) -> None:
    again, info = FLIPAutoModel.from_pretrained(exported, output_loading_info=True)
    assert not any(info.values())
    assert not again.training
    assert all(torch.equal(w, again.flip.state_dict()[n]) for n, w in model.state_dict().items())
    again.save_pretrained(exported / "again")
    assert FLIPAutoModel.from_pretrained(exported / "again").flip.config == model.config


@pytest.mark.slow
def test_automodel_gives_the_same_features(
    model: FLIPModel, exported: Path, tmp_path: Path
) -> None:
    image, captions = Image.effect_noise((50, 40), 60), ["A red Hat.", "blue"]
    image.save(tmp_path / "face.png")
    arguments = [str(exported), str(tmp_path / "face.png"), *captions]
    variables = {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    image_feat, similarity, match = map(torch.tensor, json.loads(done.stdout.splitlines()[-1]))
    inputs = processor_of(WORDS, 16, 65)(image, captions)
    scores = model.score(**inputs)
    torch.testing.assert_close(image_feat, model.encode_image(inputs["pixel_values"])[1])
    torch.testing.assert_close(similarity, scores.similarity)
    torch.testing.assert_close(match, scores.match)


def test_the_card_says_how_to_load_it(exported: Path) -> None:
    card = (exported / "README.md").read_text("utf-8")
    assert card.startswith("# FLIP\n")
    assert "AutoModel.from_pretrained" in card


@pytest.mark.parametrize("name", ["modeling_flip", "processing"])
def test_the_code_is_valid_python(name: str) -> None:
    compile(code_of_entrances()[name], f"{name}.py", "exec")
