"""The tables that this package writes: columns, types and meaning.

The dataset's own tables are described where they are written; here only their readers' part is
named, in ``training_sets`` and ``data``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type and what a value means."""

    name: str
    type: pa.DataType
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table: what a row means, and its columns in order. No column may be null."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @cached_property
    def arrow(self) -> pa.Schema:
        """The table as an Arrow schema, without file metadata."""
        return pa.schema([pa.field(c.name, c.type, nullable=False) for c in self.columns])


TRAINING_SETS = Table(
    "training_sets",
    "a chosen (face, caption) pair",
    (
        Column("face_id", pa.string(), "Face: {key}-{face}."),
        Column("uid", pa.string(), "Of the face, as in the list of uids: 32 hex digits."),
        Column("key", pa.string(), "Picture: {shard}-{row:05d}."),
        Column("shard", pa.string(), "Partition whose tar holds the crop."),
        Column(
            "split_group",
            pa.string(),
            "Never on both sides of a split: person, or picture; of groups that share a picture, "
            "the first by name.",
        ),
        Column("split", pa.string(), "train, val or test."),
        Column("caption", pa.string(), "As in the dataset; or several of them, joined."),
        Column(
            "caption_source",
            pa.string(),
            "raw, template, llm or synthetic; of joined captions all, with + between them.",
        ),
        Column("caption_index", pa.int16(), "Which of the face's captions of the first source."),
        Column("crop_sha256", pa.string(), "Of the crop's encoded bytes, hex."),
    ),
)

FLIP_CHECKPOINTS = Table(
    "flip_checkpoints",
    "a logged stretch of training; losses are means since the row before",
    (
        Column("step", pa.int64(), "Optimizer steps done."),
        Column("epoch", pa.float64(), "Passes over the faces done."),
        Column("loss_itc", pa.float64(), "Image-text contrastive loss, nats."),
        Column("loss_itm", pa.float64(), "Image-text matching loss, nats."),
        Column("lr", pa.float64(), "Learning rate of the last step."),
        Column("temp", pa.float64(), "Learnt temperature; of the sigmoid loss, 1 / scale."),
        Column("temp_at_bound", pa.bool_(), "Whether it is held by its bounds, [0.001, 0.5]."),
        Column("alpha", pa.float64(), "Weight of the soft targets at the last step, [0, 1)."),
        Column("samples_per_s", pa.float64(), "Pairs trained on per second."),
        Column(
            "grad_norm",
            pa.float64(),
            "Mean norm of the gradient before clipping; infinite if fp16 skipped every step.",
        ),
        Column(
            "peak_memory",
            pa.int64(),
            "Most memory that the first process has held so far, bytes: of its GPU, or resident.",
        ),
    ),
)

FLIP_RETRIEVAL = Table(
    "flip_retrieval",
    "a retrieval metric of the recipe's checkpoint",
    (
        Column("recipe", pa.string(), "Partition."),
        Column("split", pa.string(), "val or test."),
        Column(
            "direction",
            pa.string(),
            "image_to_text, text_to_image, or both: the mean of the two, of auc only.",
        ),
        Column(
            "metric",
            pa.string(),
            "R@1, R@5 or R@10 (shares, [0, 1]); median_rank (from 1); or auc, the area under the "
            "ROC curve: how often a right candidate is before a wrong one, [0, 1].",
        ),
        Column("value", pa.float64(), "What the model reaches."),
        Column("value_low", pa.float64(), "Lower end of its 95 % interval."),
        Column("value_high", pa.float64(), "Upper end of its 95 % interval."),
        Column("chance", pa.float64(), "What a uniformly random order is expected to reach."),
        Column(
            "interval_over",
            pa.string(),
            "groups: the interval holds for other people; pictures: for other pictures of the "
            "same people only, who are too few to say more.",
        ),
        Column("num_groups", pa.int64(), "Split groups, so people where they are known."),
        Column("num_queries", pa.int64(), "Pictures, or distinct captions."),
        Column("num_candidates", pa.int64(), "Distinct captions, or pictures."),
        Column("score", pa.string(), "itc: similarity; itm: its best re-ranked by matching."),
        Column(
            "num_reranked",
            pa.int64(),
            "Candidates per query that matching ordered; all of them where it is num_candidates.",
        ),
    ),
)

TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (TRAINING_SETS, FLIP_CHECKPOINTS, FLIP_RETRIEVAL)
}
