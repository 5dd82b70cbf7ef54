"""The model: shapes, what its encoders read, weights that are taken over, files."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from flip_training.config import ModelConfig, Preset
from flip_training.model.flip import FLIPModel


@pytest.fixture
def config(micro: Preset) -> ModelConfig:
    return replace(micro.model, text=replace(micro.model.text, vocab_size=30, enc_token_id=4))


@pytest.fixture
def model(config: ModelConfig) -> FLIPModel:
    torch.manual_seed(0)
    return FLIPModel(config).eval()


def test_features_are_unit_vectors_of_the_shared_space(model: FLIPModel) -> None:
    embeds, image_feat = model.encode_image(torch.randn(2, 3, 16, 16))
    text_feat = model.encode_text(torch.tensor([[2, 9, 3]]), torch.ones(1, 3))
    assert embeds.shape == (2, 5, 16)
    assert (image_feat.shape, text_feat.shape) == ((2, 8), (1, 8))
    torch.testing.assert_close(image_feat.norm(dim=1), torch.ones(2))


def test_features_alone_and_their_gradients_are_those_with_the_states(model: FLIPModel) -> None:
    size = model.config.vision.image_size
    pixels = torch.randn(3, 3, size, size)
    aim = torch.randn(3, model.config.embed_dim)
    weights = [*model.visual_encoder.parameters(), *model.vision_proj.parameters()]
    found = [model.encode_image(pixels)[1], model.image_features(pixels)]
    torch.testing.assert_close(*found)
    whole, alone = (torch.autograd.grad((f * aim).sum(), weights) for f in found)
    for one, other in zip(whole, alone, strict=True):
        torch.testing.assert_close(one, other)


def test_padding_changes_nothing(model: FLIPModel) -> None:
    embeds, _ = model.encode_image(torch.randn(1, 3, 16, 16))
    short, long = torch.tensor([[2, 9, 3]]), torch.tensor([[2, 9, 3, 0, 0]])
    masks = torch.ones(1, 3), torch.tensor([[1.0, 1, 1, 0, 0]])
    torch.testing.assert_close(
        model.encode_text(short, masks[0]), model.encode_text(long, masks[1])
    )
    torch.testing.assert_close(
        model.match(embeds, short, masks[0]), model.match(embeds, long, masks[1])
    )


def test_captions_are_read_in_both_directions(model: FLIPModel) -> None:
    first, second = (
        model.text_encoder(torch.tensor([[2, 9, last]]), torch.ones(1, 3)) for last in (3, 7)
    )
    assert not torch.allclose(first[:, 0], second[:, 0])


def test_matching_opens_with_enc_and_sees_the_picture(model: FLIPModel) -> None:
    ids, mask = torch.tensor([[2, 9, 3]]), torch.ones(1, 3)
    embeds, _ = model.encode_image(torch.randn(2, 3, 16, 16))
    with_enc = torch.tensor([[4, 9, 3]])
    torch.testing.assert_close(
        model.match(embeds[:1], ids, mask), model.match(embeds[:1], with_enc, mask)
    )
    assert not torch.allclose(
        model.match(embeds[:1], ids, mask), model.match(embeds[1:], ids, mask)
    )
    assert ids[0, 0] == 2


def test_pictures_by_index_match_as_pictures_repeated(model: FLIPModel) -> None:
    embeds, _ = model.encode_image(torch.randn(2, 3, 16, 16))
    ids, mask, index = torch.randint(5, 30, (3, 4)), torch.ones(3, 4), torch.tensor([1, 1, 0])
    torch.testing.assert_close(
        model.match(embeds, ids, mask, index), model.match(embeds[index], ids, mask)
    )


def test_scores_are_of_every_picture_with_every_caption(model: FLIPModel) -> None:
    pixels, ids, mask = torch.randn(2, 3, 16, 16), torch.randint(5, 30, (3, 4)), torch.ones(3, 4)
    scores = model.score(pixels, ids, mask)
    embeds, image_feat = model.encode_image(pixels)
    expected = image_feat @ model.encode_text(ids, mask).T
    torch.testing.assert_close(scores.similarity, expected)
    for i in range(2):
        logits = model.match(embeds[[i, i, i]], ids, mask)
        torch.testing.assert_close(scores.match[i], logits.softmax(dim=1)[:, 1])


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_checkpointed_gradients_are_those_of_kept_activations(
    config: ModelConfig, dropout: float
) -> None:
    text = replace(config.text, dropout=dropout, layers=2)
    torch.manual_seed(0)
    model = FLIPModel(replace(config, text=text)).train()
    pixels, ids, mask = torch.randn(2, 3, 16, 16), torch.randint(5, 30, (2, 4)), torch.ones(2, 4)
    gradients = []
    for enabled in (False, True, False):
        model.set_gradient_checkpointing(enabled)
        model.zero_grad()
        torch.manual_seed(1)
        embeds, image_feat = model.encode_image(pixels)
        similarity = image_feat @ model.encode_text(ids, mask).T
        (similarity.sum() + model.match(embeds, ids, mask)[:, 0].sum()).backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for kept, again, back in zip(*gradients, strict=True):
        torch.testing.assert_close(again, kept)
        torch.testing.assert_close(back, kept, rtol=0, atol=0)


def test_checkpointing_keeps_fewer_activations(config: ModelConfig) -> None:
    model = FLIPModel(replace(config, text=replace(config.text, layers=4))).train()
    ids, mask = torch.randint(5, 30, (2, 4)), torch.ones(2, 4)
    kept: list[int] = []
    for enabled in (False, True):
        model.set_gradient_checkpointing(enabled)
        saved: list[int] = []

        def note(tensor: torch.Tensor, saved: list[int] = saved) -> torch.Tensor:
            saved.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            model.encode_text(ids, mask).sum()
        kept.append(sum(saved))
    assert kept[1] < kept[0] / 3


def test_a_model_needs_a_vocabulary(micro: Preset) -> None:
    with pytest.raises(ValueError, match=r"text\.vocab_size must be positive, got 0"):
        FLIPModel(micro.model)


def test_the_temperature_stays_within_bounds(model: FLIPModel) -> None:
    with torch.no_grad():
        model.temp.fill_(7.0)
    model.clamp_temp()
    assert model.temp.item() == 0.5


@pytest.mark.parametrize("kind", [str, Path])
def test_a_saved_model_is_loaded_by_text_or_path(
    model: FLIPModel, tmp_path: Path, kind: type
) -> None:
    model.save_pretrained(kind(tmp_path / "model"))
    again = FLIPModel.from_pretrained(kind(tmp_path / "model"))
    assert again.config == model.config
    assert not again.training
    pixels, ids, mask = torch.randn(1, 3, 16, 16), torch.tensor([[2, 9, 3]]), torch.ones(1, 3)
    embeds, feat = again.encode_image(pixels)
    torch.testing.assert_close(feat, model.encode_image(pixels)[1])
    torch.testing.assert_close(again.encode_text(ids, mask), model.encode_text(ids, mask))
    torch.testing.assert_close(again.match(embeds, ids, mask), model.match(embeds, ids, mask))


def test_a_folder_with_another_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    with pytest.raises(ValueError, match=r"config\.json describes no FLIP"):
        FLIPModel.from_pretrained(tmp_path)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        FLIPModel.from_pretrained(str(tmp_path))
