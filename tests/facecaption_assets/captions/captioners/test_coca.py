"""CoCa: a tiny random checkpoint in open_clip's files through the real code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from facecaption_assets.captions.captioners.loading import load_captioner
from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.models import ModelUnavailable

open_clip = pytest.importorskip("open_clip")

TEXT = {"context_length": 24, "vocab_size": 49408, "layers": 1, "heads": 2, "width": 16}
COCA = {
    "embed_dim": 16,
    "multimodal_cfg": {**TEXT, "mlp_ratio": 2, "dim_head": 8, "n_queries": 4},
    "vision_cfg": {
        **{"image_size": 32, "layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
        **{"attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
    },
    "text_cfg": {**TEXT, "embed_cls": True, "output_tokens": True},
    "custom_text": True,
}
CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
    "text_cfg": TEXT,
}


def save(folder: Path, config: dict[str, object]) -> Path:
    torch.manual_seed(5)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    made = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    for weight in made.parameters():
        if weight.ndim > 1:  # open_clip begins some with zeros: every token would be as likely.
            weight.data.normal_(std=0.5)
    weights = {name: value.contiguous() for name, value in made.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture(scope="module")
def coca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("coca"), COCA)


@pytest.fixture
def settings(coca: Path) -> CaptionerSettings:
    return CaptionerSettings(
        model=str(coca),
        clip_model="any",
        samples_per_temperature=3,
        max_new_tokens=8,
        precision="float32",
    )


def test_texts_do_not_depend_on_the_batch(settings, sittings) -> None:
    captioner, faces = load_captioner(settings, "cpu"), sittings(settings, 4)
    together = captioner.caption(faces)
    assert [captioner.caption([face])[0] for face in faces] == together
    assert len({text for own in together for text in own}) == 12


def test_coldest_draw_is_the_likeliest_token_of_every_step(settings, sittings, coca) -> None:
    cold = replace(settings, temperatures=(1e-9,), samples_per_temperature=1)
    (face,) = sittings(cold, 1)
    captioner = load_captioner(cold, "cpu")
    network, prepare = open_clip.create_model_from_pretrained(f"local-dir:{coca}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{coca}")
    network.eval()
    shown = prepare(Image.fromarray(face.pixels))[None]
    written = torch.tensor([[tokenizer.sot_token_id]])
    with torch.inference_mode():
        for step in range(8):
            logits = network(shown, written, output_labels=False)["logits"][:, -1]
            if step < cold.min_new_tokens:
                logits[:, tokenizer.eot_token_id] = -torch.inf
            written = torch.cat([written, logits.argmax(dim=-1)[:, None]], dim=1)
    tokens = written[0, 1:].tolist()
    end = tokens.index(tokenizer.eot_token_id) if tokenizer.eot_token_id in tokens else 8
    assert captioner.caption([face]) == [[tokenizer.decode(tokens[:end])]]


def test_bfloat16_runs(settings, sittings) -> None:
    half = replace(settings, precision="bfloat16")
    assert len(load_captioner(half, "cpu").caption(sittings(half, 2))) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": "a photo of"}, r"CaptionerSettings\.prompt is 'a photo of'; CoCa takes none"),
        ({"max_new_tokens": 40}, r"max_new_tokens is 40; .* has room for 24"),
    ],
)
def test_a_setting_that_coca_cannot_do_is_refused(settings, change, message) -> None:
    with pytest.raises(ModelUnavailable, match=message):
        load_captioner(replace(settings, **change), "cpu")


def test_a_clip_of_open_clip_is_no_coca(tmp_path: Path) -> None:
    save(tmp_path, CLIP)
    with pytest.raises(ModelUnavailable, match="is a CLIP, not a CoCa"):
        load_captioner(CaptionerSettings(model=str(tmp_path)), "cpu")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": COCA}))
    with pytest.raises(ModelUnavailable, match=r"has none of open_clip_model\.safetensors"):
        load_captioner(CaptionerSettings(model=str(tmp_path)), "cpu")


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": COCA}))
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_captioner(CaptionerSettings(model=str(tmp_path)), "cpu")
