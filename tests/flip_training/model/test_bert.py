"""The text encoder against transformers' BERT and BLIP with the same weights."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel, BlipTextConfig
from transformers.models.blip.modeling_blip_text import BlipTextModel

from flip_training.config import ModelConfig, Preset
from flip_training.model.bert import TextEncoder

IDS = torch.tensor([[2, 9, 7, 11, 3], [2, 8, 3, 0, 0], [2, 5, 6, 3, 0]])
MASK = (IDS > 0).long()
TOKENS = MASK.bool()
SHAPE = {
    "vocab_size": 28,
    "hidden_size": 32,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


@pytest.fixture
def config(micro: Preset) -> ModelConfig:
    text = replace(micro.model.text, vocab_size=28, width=32, layers=2, heads=4)
    return replace(micro.model, text=text)


@pytest.fixture
def encoder(config: ModelConfig) -> TextEncoder:
    """Weights of ordinary size everywhere, biases and norms included."""
    torch.manual_seed(0)
    made = TextEncoder(config).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return made


@pytest.fixture
def pictures(config: ModelConfig) -> Tensor:
    return torch.randn(3, 5, config.vision.width, generator=torch.Generator().manual_seed(0))


def test_alone_it_computes_what_bert_computes(encoder: TextEncoder) -> None:
    bert = BertModel(BertConfig(**SHAPE), add_pooling_layer=False).eval()
    weights = {n: w for n, w in encoder.state_dict().items() if "crossattention" not in n}
    positions = weights["embeddings.position_embeddings.weight"]
    bert.embeddings.position_embeddings = torch.nn.Embedding(*positions.shape)
    unused = {"embeddings.token_type_embeddings.weight": torch.zeros(2, 32)}
    bert.load_state_dict(weights | unused)
    expected = bert(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(encoder(IDS, MASK)[TOKENS], expected[TOKENS], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("with_picture", [False, True])
def test_it_computes_what_blip_computes(
    encoder: TextEncoder, config: ModelConfig, pictures: Tensor, with_picture: bool
) -> None:
    options = dict.fromkeys(("bos_token_id", "eos_token_id", "sep_token_id"))
    shape = SHAPE | {"encoder_hidden_size": config.vision.width, "max_position_embeddings": 65}
    blip = BlipTextModel(BlipTextConfig(**shape, **options), add_pooling_layer=False).eval()
    blip.load_state_dict(encoder.state_dict())
    seen = pictures if with_picture else None
    expected = blip(
        input_ids=IDS, attention_mask=MASK, encoder_hidden_states=seen, is_decoder=False
    ).last_hidden_state
    torch.testing.assert_close(
        encoder(IDS, MASK, seen)[TOKENS], expected[TOKENS], rtol=1e-5, atol=1e-5
    )


def test_pictures_by_index_are_pictures_repeated(encoder: TextEncoder, pictures: Tensor) -> None:
    index = torch.tensor([1, 1, 0])
    torch.testing.assert_close(
        encoder(IDS, MASK, pictures, index), encoder(IDS, MASK, pictures[index])
    )


@pytest.mark.parametrize("wanted", [1, 3])
def test_the_first_states_are_those_of_all(
    encoder: TextEncoder, pictures: Tensor, wanted: int
) -> None:
    for seen in (None, pictures):
        first = encoder(IDS, MASK, seen, wanted=wanted)
        torch.testing.assert_close(first, encoder(IDS, MASK, seen)[:, :wanted])


def test_without_packing_the_states_are_the_same(
    encoder: TextEncoder, pictures: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = [encoder(IDS, MASK, seen)[TOKENS] for seen in (None, pictures)]
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    padded = [encoder(IDS, MASK, seen)[TOKENS] for seen in (None, pictures)]
    torch.testing.assert_close(packed, padded)


def test_the_content_of_padding_changes_nothing(encoder: TextEncoder) -> None:
    torch.testing.assert_close(
        encoder(IDS.where(TOKENS, 13), MASK)[TOKENS], encoder(IDS, MASK)[TOKENS]
    )


def test_dropout_acts_in_training_only(config: ModelConfig) -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(replace(config, text=replace(config.text, dropout=0.5)))
    assert not torch.equal(encoder(IDS, MASK), encoder(IDS, MASK))
    encoder.eval()
    assert torch.equal(encoder(IDS, MASK), encoder(IDS, MASK))


def test_names_are_those_of_bert(encoder: TextEncoder) -> None:
    names = set(BertModel(BertConfig(**SHAPE), add_pooling_layer=False).state_dict())
    own = {n for n in encoder.state_dict() if "crossattention" not in n}
    assert names - own == {"embeddings.token_type_embeddings.weight"}
    assert own <= names
