import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from facecaption_assets.captions.captioners.loading import load_captioner
from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.models import ModelUnavailable


@pytest.fixture
def copied(blip: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(blip, tmp_path / "blip"))


def settings(model: object) -> CaptionerSettings:
    return CaptionerSettings(model=str(model))


def test_the_configuration_says_which_captioner_a_model_is(blip: Path, blip2: Path) -> None:
    names = [
        type(load_captioner(settings(each), "cpu")._network).__name__ for each in (blip, blip2)
    ]
    assert names == ["BlipForConditionalGeneration", "Blip2ForConditionalGeneration"]
    assert load_captioner(settings(blip), "cpu").name == blip.name


def test_a_model_of_another_kind_is_refused_with_those_that_are_known(clip: Path) -> None:
    message = r"CaptionerSettings\.model = .* is a 'clip' .* known are blip, blip-2, and CoCa"
    with pytest.raises(ModelUnavailable, match=message):
        load_captioner(settings(clip), "cpu")


def test_hub_that_cannot_be_reached_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: True)
    with pytest.raises(ModelUnavailable, match=r"CaptionerSettings\.model = 'a/blip@12ab' cannot"):
        load_captioner(settings("a/blip@12ab"), "cpu")


@pytest.mark.parametrize("folder", ["/no/such/blip", "./blip", "../blip", "~/no/such/blip"])
def test_a_folder_that_is_not_there_is_not_taken_for_a_name_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnavailable) as caught:
        load_captioner(settings(folder), "cpu")
    told = f"CaptionerSettings.model = {folder!r} cannot be loaded: there is no such folder"
    assert str(caught.value) == told


def test_model_that_lacks_weights_is_refused(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    del weights["vision_model.post_layernorm.weight"]
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lacks 1 of its weights, .*post_layernorm"):
        load_captioner(settings(copied), "cpu")


def test_damaged_model_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_captioner(settings(copied), "cpu")


def test_code_that_comes_with_a_model_is_not_run(copied: Path, tmp_path: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config["model_type"] = "strange"
    config["auto_map"] = {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}
    (copied / "config.json").write_text(json.dumps(config))
    made = tmp_path / "made"
    (copied / "evil.py").write_text(f"from pathlib import Path\nPath({str(made)!r}).mkdir()\n")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_captioner(settings(copied), "cpu")
    assert not made.exists()


def test_pickled_weights_that_would_run_code_are_refused(copied: Path, tmp_path: Path) -> None:
    import torch

    made = tmp_path / "made"

    class Evil:
        def __reduce__(self):
            return Path.mkdir, (made,)

    (copied / "model.safetensors").unlink()
    torch.save({"weights": Evil()}, copied / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_captioner(settings(copied), "cpu")
    assert not made.exists()


def test_number_format_that_the_device_has_not_names_the_setting(blip: Path) -> None:
    half = replace(settings(blip), precision="float16")
    with pytest.raises(ModelUnavailable, match=r"CaptionerSettings\.precision is float16"):
        load_captioner(half, "cpu")


def test_coca_without_open_clip_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open_clip_config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelUnavailable, match=r'pip install "facecaption\[coca\]"'):
        load_captioner(settings(tmp_path), "cpu")
