"""The model card, a ``README.md``: what a model is, what it was made from, what it may be used for.

Numbers come from the recipe's committed tables only; what is not known is not said.
"""

from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from flip_training.model.model_config import ModelConfig
from flip_training.storage import Storage

_HEADER: Final = """\
---
license: other
license_name: code-apache-2.0-weights-follow-their-data
pipeline_tag: zero-shot-image-classification
tags: [flip, face, image-text-retrieval]
---

# FLIP
"""

_USE: Final = """\
## Use

```python
from PIL import Image
from flip_training.model.flip import FLIPModel
from flip_training.model.processing import FLIPProcessor

inputs = FLIPProcessor.from_pretrained(FOLDER)(Image.open("face.jpg"), ["A woman with grey hair."])
scores = FLIPModel.from_pretrained(FOLDER).score(**inputs)
print(scores.similarity, scores.match)
```

For research on how well captions and pictures of faces go together: searching a collection by
description, ranking captions of a picture, features for such work.

**Not for** recognising, verifying or tracking people, nor for deciding anything about a person.
Not for inferring ethnicity, health, character or any other trait that a picture does not show.
A score says how captions like this one went with pictures like this one in the training data, with
that data's errors and imbalances; it is no probability that something is true of a person.

## Licence

The code is under Apache-2.0. The weights follow the terms of what they were made from: the pictures
and captions of the training set, and the first weights that are named above, if any. Whoever
publishes them decides on a licence that those terms allow.
"""


#: What a card counts of a training set: captions need not be read for that.
PAIR_COLUMNS: Final = ["split", "face_id", "caption_source"]


@dataclass(frozen=True)
class CardFacts:
    """What is known of a model beside its settings; tables as the schema describes them.

    Attributes:
        recipe: Partition; empty where it is not known.
        pairs: ``PAIR_COLUMNS`` of ``training_sets``.
        history: ``flip_checkpoints``.
        retrieval: ``flip_retrieval``.
    """

    recipe: str = ""
    pairs: pa.Table | None = None
    history: pa.Table | None = None
    retrieval: pa.Table | None = None


def facts_of(storage: Storage, recipe: str) -> CardFacts:
    """What the committed tables of a recipe say of its present checkpoint, and of no other."""
    made = storage.read_provenance("flip_checkpoints", recipe)
    source = storage.read_provenance("training_sets", recipe)
    measured = storage.read_provenance("flip_retrieval", recipe)
    if made is None:
        return CardFacts(recipe)
    is_source = source and made.input_versions.get(f"training_sets/{recipe}") == source.data_version
    is_own = (
        measured and measured.input_versions.get(f"flip_checkpoints/{recipe}") == made.data_version
    )
    return CardFacts(
        recipe,
        pairs=storage.read_table("training_sets", recipe, PAIR_COLUMNS) if is_source else None,
        history=storage.read_table("flip_checkpoints", recipe),
        retrieval=storage.read_table("flip_retrieval", recipe) if is_own else None,
    )


def model_card(config: ModelConfig, facts: CardFacts) -> str:
    """The card of a model, in Markdown."""
    parts = [_HEADER, _what_it_is(config), _data(facts), _training(facts), _numbers(facts), _USE]
    return "\n".join(part for part in parts if part)


def _what_it_is(config: ModelConfig) -> str:
    vision, text = config.vision, config.text
    first = [f"image encoder {vision.weights!r}"] if vision.weights else []
    first += [f"text encoder {text.weights!r}"] if text.weights else []
    return f"""\
FLIP (Facial Language-Image Pretraining, https://arxiv.org/abs/2407.08515): two encoders with a
shared space of {config.embed_dim} dimensions, and a head that matches a picture with a caption.

- Image encoder: CLIP ViT, layers: {vision.layers}, width {vision.width}, patches of \
{vision.patch_size} px, pictures of {vision.image_size} px.
- Text encoder: BERT with cross-attention, layers: {text.layers}, width {text.width}, \
{text.vocab_size} tokens, captions of up to {text.max_length} tokens.
- Contrastive loss: {config.contrast}.
- First weights: {" and ".join(first) if first else "random"}.
"""


def _data(facts: CardFacts) -> str:
    if facts.pairs is None:
        return ""
    lines = ["## Training data", "", f"Recipe `{facts.recipe}` of FaceCaption.", ""]
    lines += ["| split | faces | pairs |", "|---|---|---|"]
    for split in ("train", "val", "test"):
        rows = facts.pairs.filter(pc.equal(facts.pairs["split"], split))
        faces = pc.count_distinct(rows["face_id"]).as_py()
        lines.append(f"| {split} | {faces} | {rows.num_rows} |")
    sources = ", ".join(
        f"`{name}`" for name in sorted(pc.unique(facts.pairs["caption_source"]).to_pylist())
    )
    return "\n".join([*lines, "", f"Captions from {sources}.", ""])


def _training(facts: CardFacts) -> str:
    if not facts.history:
        return ""
    last: dict[str, Any] = facts.history.slice(facts.history.num_rows - 1).to_pylist()[0]
    return f"""\
## Training

{last["step"]} optimizer steps, {last["epoch"]:g} passes over the faces. At the end: contrastive \
loss {last["loss_itc"]:.3f} and matching loss {last["loss_itm"]:.3f} nats.
"""


def _numbers(facts: CardFacts) -> str:
    if not facts.retrieval:
        return ""
    lines = [
        "## Retrieval",
        "",
        "`itc` ranks by similarity; `itm` re-ranks the best by the matching head. Chance is what a",
        "random order reaches.",
        "",
        "| split | direction | score | metric | value | chance | queries | candidates |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['split']} | {r['direction']} | {r['score']} | {r['metric']} | {r['value']:.4g} | "
        f"{r['chance']:.4g} | {r['num_queries']} | {r['num_candidates']} |"
        for r in facts.retrieval.to_pylist()
    ]
    return "\n".join([*lines, ""])
