"""The text encoder: BERT that can attend to a picture.

transformers' ``BlipTextModel`` is this model: BERT with cross-attention between self-attention and
feed-forward layer in every block, used with or without a picture, and attending in both directions.
(``BertModel`` with cross-attention must be a decoder, which attends backwards only.)
"""

from torch import Tensor, nn
from transformers import BertModel, BlipTextConfig
from transformers.models.blip.modeling_blip_text import BlipTextModel

from flip_training.config import ModelConfig


class TextEncoder(nn.Module):
    """Captions, alone or with a picture's token states, to token states."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        text = config.text
        self.bert = BlipTextModel(
            BlipTextConfig(
                vocab_size=text.vocab_size,
                hidden_size=text.width,
                intermediate_size=4 * text.width,
                encoder_hidden_size=config.vision.width,
                num_hidden_layers=text.layers,
                num_attention_heads=text.heads,
                max_position_embeddings=max(512, text.max_length)
                if text.weights
                else text.max_length,
                hidden_dropout_prob=text.dropout,
                attention_probs_dropout_prob=text.dropout,
                bos_token_id=None,
                eos_token_id=None,
                sep_token_id=None,
                pad_token_id=0,
            ),
            add_pooling_layer=False,
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, image_embeds: Tensor | None = None
    ) -> Tensor:
        """Token ids and mask (B, L) to states (B, L, W).

        Args:
            input_ids: Token ids.
            attention_mask: 1 where there is a token, 0 where there is padding.
            image_embeds: States of the picture that each caption is read with, (B, P + 1, V);
                None to read the captions alone.
        """
        return self.bert(  # type: ignore[no-any-return]
            input_ids=input_ids,
            attention_mask=attention_mask,
            encoder_hidden_states=image_embeds,
            is_decoder=False,
        ).last_hidden_state

    def load_bert(self, name_or_folder: str) -> None:
        """Take the weights of a BERT of the same shape from the hub or a folder.

        Cross-attention and the embeddings of added tokens, which BERT has not, stay as they are.

        Raises:
            ValueError: If its shape is another.
        """
        own = self.bert.state_dict()
        given = BertModel.from_pretrained(name_or_folder, add_pooling_layer=False).state_dict()
        # Every caption is of BERT's first token type: its embedding can sit in the positions'.
        token_type = given.pop("embeddings.token_type_embeddings.weight")[0]
        given["embeddings.position_embeddings.weight"] += token_type
        for name, weight in given.items():
            if name not in own or not _fits(weight, own[name]):
                raise ValueError(f"text.weights {name_or_folder!r} do not fit: {name}")
            own[name][: len(weight)] = weight
        self.bert.load_state_dict(own)


def _fits(weight: Tensor, place: Tensor) -> bool:
    return weight.shape[1:] == place.shape[1:] and len(weight) <= len(place)
