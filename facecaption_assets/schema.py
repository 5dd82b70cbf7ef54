"""Every table of the dataset: columns, types, units and meaning.

This is the contract between stages, and between the dataset and its readers. Where a table lies
on disk belongs to ``storage``; what writes it belongs to the stage of the same name; how the 40
attributes group belongs to ``attributes.vocabulary``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa

#: The 40 attributes: names and order of ``list_attr_celeba.txt`` and of FaceCaption-15M's
#: ``att_map.txt``. They are columns of the attribute table and checkpoint keys: not prettified.
ATTRIBUTE_COLUMNS: Final[tuple[str, ...]] = (
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
)

BOX = pa.list_(pa.float32(), 4)
LANDMARKS = pa.list_(pa.list_(pa.float32(), 2), 5)
AFFINE = pa.list_(pa.float32(), 6)


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type and what a value means, with its unit.

    A column that is not data tells how a row came about: it may differ between two builds of the
    same data, so it has no part in the table's data version.
    """

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False
    is_data: bool = True


@dataclass(frozen=True)
class Table:
    """One table: what a row means, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @cached_property
    def arrow(self) -> pa.Schema:
        """The table as an Arrow schema, without file metadata."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def data_columns(self) -> list[str]:
        """Names of the columns that make up the data version."""
        return [c.name for c in self.columns if c.is_data]

    def from_rows(self, rows: list[dict[str, object]]) -> pa.Table:
        """Rows as an Arrow table of exactly this schema.

        Raises:
            ValueError: If a row has a column that the schema does not know, or lacks one that
                must not be null.
        """
        known = {c.name for c in self.columns}
        required = [c.name for c in self.columns if not c.nullable]
        for row in rows:
            if extra := row.keys() - known:
                raise ValueError(f"{self.name} has no column {sorted(extra)}")
            if missing := [name for name in required if row.get(name) is None]:
                raise ValueError(f"{self.name}: {missing} must not be null in row {row}")
        return pa.Table.from_pylist(rows, schema=self.arrow)


_KEY = Column("key", pa.string(), "Picture: {shard}-{row:05d}; never renumbered.")
_FACE_ID = Column("face_id", pa.string(), "Face: {key}-{face}.")
_ERROR = Column("error_message", pa.string(), "Why the status is not the good one.", True)
_ALT_TEXT = Column("alt_text", pa.string(), "Text that came with the picture, as found.", True)
_SPLIT_GROUP = Column(
    "split_group",
    pa.string(),
    "Pictures of one group never fall on both sides of a train/test split: the side-car's "
    "person where given, else the picture's key.",
)

SHARD_PLAN = Table(
    "shard_plan",
    "a picture that belongs to the shard",
    (
        _KEY,
        Column("source", pa.string(), "Name of the registered source."),
        Column("url", pa.string(), "Where the bytes are: file, archive member or http(s) URL."),
        _ALT_TEXT,
        Column("metadata", pa.string(), "The side-car's free fields as a JSON object.", True),
        _SPLIT_GROUP,
        Column("fingerprint", pa.string(), "Size and time, or CRC, of the bytes as planned.", True),
        Column("status", pa.string(), "planned, or opted_out."),
        _ERROR,
    ),
)

RAW_SHARDS = Table(
    "raw_shards",
    "a planned picture, fetched or not",
    (
        _KEY,
        Column("url", pa.string(), "As planned."),
        _ALT_TEXT,
        Column("metadata", pa.string(), "The side-car's free fields as a JSON object.", True),
        _SPLIT_GROUP,
        Column(
            "status",
            pa.string(),
            "success: the bytes are in the tar. Else missing, empty, not_an_image, "
            "unsupported_format, truncated, too_large or opted_out; or, of a URL, one of "
            "shards.downloading.statuses.",
        ),
        _ERROR,
        Column("format", pa.string(), "jpg, png or webp; told by the bytes, not the name.", True),
        Column("num_bytes", pa.int64(), "Length of the stored bytes.", True),
        Column("width", pa.int32(), "Stored picture, upright, px.", True),
        Column("height", pa.int32(), "Stored picture, upright, px.", True),
        Column("original_width", pa.int32(), "Picture as fetched, upright, px.", True),
        Column("original_height", pa.int32(), "Picture as fetched, upright, px.", True),
        Column("exif_orientation", pa.int8(), "EXIF tag 274, 1-8; 1 where absent.", True),
        Column("sha256", pa.string(), "Of the bytes as fetched, hex.", True),
        Column(
            "phash",
            pa.string(),
            "Perceptual hash of the picture as fetched, 16 hex digits; null where it is of one "
            "tone or cannot be decoded.",
            True,
        ),
        Column(
            "phash256",
            pa.string(),
            "Long perceptual hash of the same, 64 hex digits: tells apart what is composed alike.",
            True,
        ),
        Column("error_class", pa.string(), "What exactly failed; for counting. URLs only.", True),
        Column("http_status", pa.int16(), "Code of the last answer. URLs only.", True),
        Column("attempts", pa.int16(), "Tries over all runs. URLs only.", True, is_data=False),
        Column(
            "final_url",
            pa.string(),
            "URL that the last answer or refusal was about, behind all redirects. URLs only.",
            True,
        ),
        Column(
            "elapsed_s",
            pa.float32(),
            "Time spent on requests, waiting for a turn not included, s. URLs only.",
            True,
            is_data=False,
        ),
    ),
)

#: What speaks for or against a face. The first columns are of every face, the others, from
#: ``sharpness`` on, of those whose pixels were looked at: kept, or dropped for what was seen.
_FACE_EVIDENCE = (
    Column("side_px", pa.float32(), "Shorter side of the box, px.", True),
    Column("image_share", pa.float32(), "Area of the box as a share of the picture, [0, 1].", True),
    Column("roll_deg", pa.float32(), "Clockwise roll by the eyes, degrees; null if unclear.", True),
    Column(
        "yaw_deg",
        pa.float32(),
        "Rough yaw by eyes and nose, [-90, 90] degrees, positive with the nose to the viewer's "
        "right; null without landmarks.",
        True,
    ),
    Column("max_overlap", pa.float32(), "Largest IoU with another face of the picture.", True),
    Column("touches_border", pa.bool_(), "The box ends at an edge of the picture.", True),
    Column("visible_share", pa.float32(), "Share of the crop that lies in the picture.", True),
    Column(
        "sharpness",
        pa.float32(),
        "Variance of the Laplacian of the box's grey levels at 128 x 128 px.",
        True,
    ),
    Column("brightness", pa.float32(), "Mean grey level of the box, [0, 1].", True),
    Column("dark_share", pa.float32(), "Share of the box with a grey level up to 5.", True),
    Column("bright_share", pa.float32(), "Share of the box with a grey level from 250.", True),
    Column(
        "colourfulness",
        pa.float32(),
        "Hasler and Süsstrunk's measure of the box: 0 is grey, 15 slightly, 59 quite colourful.",
        True,
    ),
    Column("canny_edge_density", pa.float32(), "Share of edge pixels in the crop.", True),
)

FACE_CROPS = Table(
    "face_crops",
    "a detected face, kept or dropped; a picture without a face has one row with no face_id",
    (
        Column("face_id", pa.string(), "Face: {key}-{face}; null when there is none.", True),
        _KEY,
        _ALT_TEXT,
        _SPLIT_GROUP,
        Column("status", pa.string(), "kept: the crop is in the tar. Else dropped."),
        Column(
            "drop_reason",
            pa.string(),
            "no_face, low_confidence, too_small, cut_off, overlapping, turned_away, too_dark, "
            "overexposed, too_blurred, greyscale, opted_out or failed_to_decode; of published "
            "faces also not_in_detections or detections_do_not_fit; null if kept.",
            True,
        ),
        _ERROR,
        Column("det_score", pa.float32(), "Detector's confidence, [0, 1].", True),
        Column("bbox_xyxy", BOX, "Box in pixels of the upright original.", True),
        Column("bbox_rel", BOX, "Box as shares of the upright original, [0, 1].", True),
        Column(
            "landmarks",
            LANDMARKS,
            "Left eye, right eye, nose, left and right corner of the mouth, as seen by the "
            "viewer; x, y in pixels of the upright original.",
            True,
        ),
        Column("original_width", pa.int32(), "Upright original, px.", True),
        Column("original_height", pa.int32(), "Upright original, px.", True),
        Column("width", pa.int32(), "Crop, px.", True),
        Column("height", pa.int32(), "Crop, px.", True),
        Column(
            "crop_matrix",
            AFFINE,
            "Original to crop pixels: a, b, tx, c, d, ty of x' = a x + b y + tx, "
            "y' = c x + d y + ty.",
            True,
        ),
        *_FACE_EVIDENCE,
        Column("sha256", pa.string(), "Of the crop's encoded bytes, hex.", True),
        Column(
            "phash",
            pa.string(),
            "Perceptual hash of the crop's pixels, 16 hex digits: finds copies of a picture, not "
            "other pictures of a person. Null where it is of one tone.",
            True,
        ),
    ),
)

IMAGE_SCORES = Table(
    "image_scores",
    "a kept face: how good a picture its crop is",
    (
        _FACE_ID,
        _KEY,
        _SPLIT_GROUP,
        Column(
            "status",
            pa.string(),
            "scored: by all that is configured. Else not_sampled, opted_out or failed_to_score.",
        ),
        _ERROR,
        Column(
            "brisque",
            pa.float32(),
            "BRISQUE of the crop: 0 is as good as an undistorted photograph, 100 as bad as the "
            "worst that people rated; neither is a limit.",
            True,
        ),
        Column(
            "clip_iqa",
            pa.float32(),
            "CLIP-IQA of the crop, [0, 1], the higher the better; null where no CLIP is "
            "configured. Scores of different models cannot be compared.",
            True,
        ),
        Column("clip_model", pa.string(), "CLIP that was asked; null where none was.", True),
    ),
)

FACE_ATTRIBUTES = Table(
    "face_attributes",
    "a kept face: 40 probabilities and states",
    (
        _FACE_ID,
        _KEY,
        _SPLIT_GROUP,
        Column(
            "status", pa.string(), "labelled; else too_few_labels, opted_out or failed_to_annotate."
        ),
        _ERROR,
        Column("num_positive", pa.int16(), "Attributes whose state is positive."),
        Column("age_years", pa.float32(), "Estimated age, years; null where not estimated.", True),
        Column(
            "resolved_conflicts",
            pa.list_(pa.string()),
            "States withdrawn because a better-evidenced attribute excludes them.",
        ),
        Column(
            "disagreements",
            pa.list_(pa.string()),
            "Attributes left unknown because annotators that must agree took opposite sides; null "
            "where none must agree.",
            True,
        ),
        *(
            Column(name, pa.bool_(), f"{name}: true, false, or null for unknown.", True)
            for name in ATTRIBUTE_COLUMNS
        ),
        *(
            Column(
                f"{name}_prob",
                pa.float32(),
                f"P({name}), [0, 1], calibrated where the settings say so; null: no basis.",
                True,
            )
            for name in ATTRIBUTE_COLUMNS
        ),
    ),
)

TEMPLATE_CAPTIONS = Table(
    "template_captions",
    "a grammar's caption of a labelled face",
    (
        _FACE_ID,
        _KEY,
        _SPLIT_GROUP,
        Column("caption_index", pa.int16(), "0, 1, … where a face has several captions."),
        Column("status", pa.string(), "captioned; else no_attributes or opted_out."),
        _ERROR,
        Column("caption", pa.string(), "The sentence or sentences.", True),
        Column("attributes", pa.list_(pa.string()), "Positive attributes that the caption names."),
    ),
)

SYNTHETIC_CAPTIONS = Table(
    "synthetic_captions",
    "a caption that an image captioner drew of a kept face, chosen or not; nobody verified it",
    (
        _FACE_ID,
        _KEY,
        _SPLIT_GROUP,
        Column("caption_index", pa.int16(), "0, 1, … by temperature: which of a face's draws."),
        Column(
            "status",
            pa.string(),
            "captioned: a chosen one. outranked: others were chosen. screened: refused by its "
            "text. opted_out, failed_to_decode, failed_to_caption. unavailable: no captioner is "
            "configured.",
        ),
        _ERROR,
        Column("caption", pa.string(), "The text; null where it was refused or not drawn.", True),
        Column(
            "rejection_reason",
            pa.string(),
            "Why it was refused: contact_or_link, number_or_age, ethnicity, identity, …",
            True,
        ),
        Column("temperature", pa.float32(), "That it was drawn at."),
        Column("clip_cosine", pa.float32(), "Of crop and caption, [-1, 1]; null unranked.", True),
        Column("model", pa.string(), "Captioner; null where none looked.", True),
    ),
)

LLM_CAPTIONS = Table(
    "llm_captions",
    "a rewritten, verified caption of a face",
    (
        _FACE_ID,
        _KEY,
        _SPLIT_GROUP,
        Column("caption_index", pa.int16(), "As in template_captions."),
        Column(
            "status",
            pa.string(),
            "accepted: caption is the model's. repaired: so it is, at the second asking, after "
            "it was told what is wrong. fell_back: caption is the template's. opted_out: no "
            "caption.",
        ),
        _ERROR,
        Column("style", pa.string(), "What the model was asked for: short, normal or detailed."),
        Column("caption", pa.string(), "The verified text.", True),
        Column("attributes", pa.list_(pa.string()), "Positive attributes that the caption names."),
        Column("template_caption", pa.string(), "What was to be rewritten.", True),
        Column(
            "rejected_caption",
            pa.string(),
            "If repaired, the model's text that was; if fell_back, its last text.",
            True,
        ),
        Column("rejection_reason", pa.string(), "Why it was rejected; null if accepted.", True),
        Column("num_attempts", pa.int16(), "Requests answered for this row, repair included."),
        Column("prompt_tokens", pa.int32(), "Tokens sent, all attempts."),
        Column("completion_tokens", pa.int32(), "Tokens received, all attempts."),
        Column("model", pa.string(), "Model name that the endpoint served.", True),
    ),
)

IMAGE_TEXT_SCORES = Table(
    "image_text_scores",
    "a caption of a kept face, scored by CLIP; unless it is scored, it has no score",
    (
        _FACE_ID,
        _KEY,
        _SPLIT_GROUP,
        Column(
            "caption_source",
            pa.string(),
            "alt_text: of face_crops. template, synthetic, llm: of the table of that name; only "
            "captions that were kept.",
        ),
        Column("caption_index", pa.int16(), "As in the source's table; 0 of alt_text."),
        Column(
            "status",
            pa.string(),
            "scored; else opted_out, failed_to_decode, failed_to_score, or unavailable: no CLIP "
            "is configured.",
        ),
        _ERROR,
        Column("crop_cosine", pa.float32(), "Of crop and caption, [-1, 1].", True),
        Column("picture_cosine", pa.float32(), "Of whole picture and caption, [-1, 1].", True),
        Column(
            "stranger_cosine",
            pa.float32(),
            "Of crop and the caption of the same source that the next picture has, [-1, 1]: what "
            "chance gives; null where that says the same.",
            True,
        ),
        Column("cosine_truncated", pa.bool_(), "The model saw the beginning only.", True),
        Column("cosine_model", pa.string(), "CLIP of the cosines; null where none.", True),
        Column("crop_clip_s", pa.float32(), "CLIP-S of crop and caption, [0, 2.5].", True),
        Column("picture_clip_s", pa.float32(), "CLIP-S of picture and caption, [0, 2.5].", True),
        Column("clip_s_truncated", pa.bool_(), "As above, the prefix included.", True),
        Column("clip_s_model", pa.string(), "CLIP of the CLIP-S; null where none.", True),
    ),
)

SHARD_QUALITY = Table(
    "shard_quality",
    "a statistic of the shard",
    (
        Column("stage", pa.string(), "Asset that the statistic describes."),
        Column("metric", pa.string(), "What is counted or averaged."),
        Column("label", pa.string(), "Status, reason or attribute counted; empty for a total."),
        Column("value", pa.float64(), "Count, or mean in the metric's unit."),
    ),
)

DUPLICATE_FACES = Table(
    "duplicate_faces",
    "a face that has copies in other pictures, kept or dropped; a face without has no row",
    (
        _FACE_ID,
        Column("group_id", pa.string(), "The kept face of the group, the best of it."),
        Column("is_kept", pa.bool_(), "Whether it is that face."),
        Column(
            "distance",
            pa.int16(),
            "Bits of 256 in which its picture's long hash differs from that of the kept face; of "
            "an exact copy of a near one, that one's.",
        ),
        Column(
            "reason",
            pa.string(),
            "exact: the crop has the kept one's bytes. near: the same place in a copy of the same "
            "picture. Null if kept.",
            True,
        ),
        Column("sha256", pa.string(), "Of the crop that was compared: the row is of no other."),
    ),
)

#: Table of the other package that the report shows: how well each recipe's FLIP retrieves.
RETRIEVAL_ASSET: Final = "flip_retrieval"

LAION_FACE_METADATA = Table(
    "laion_face_metadata",
    "an id of the LAION-Face part, with its LAION-400M row or the reason why it has none",
    (
        Column("sample_id", pa.int64(), "LAION-400M's SAMPLE_ID."),
        Column("url", pa.string(), "http(s) URL of the picture; null where dropped.", True),
        _ALT_TEXT,
        Column("width", pa.int32(), "Picture as LAION saw it, px.", True),
        Column("height", pa.int32(), "Picture as LAION saw it, px.", True),
        Column("similarity", pa.float32(), "Cosine of picture and text by CLIP ViT-B/32.", True),
        Column("nsfw", pa.string(), "LAION's tag: UNLIKELY, UNSURE, NSFW, ….", True),
        Column("license", pa.string(), "Licence as found; ? for unknown.", True),
        Column("status", pa.string(), "kept, or dropped; a dropped row has no more than its id."),
        Column(
            "drop_reason",
            pa.string(),
            "not_in_metadata, not_in_safe_list, unusable_url, repeated_url or opted_out; null if "
            "kept.",
            True,
        ),
    ),
)

LAION_FACE_DETECTIONS = Table(
    "laion_face_detections",
    "a face that LAION-Face's authors found; a picture without a face has one row",
    (
        Column("sample_id", pa.int64(), "LAION-400M's SAMPLE_ID."),
        Column("face_index", pa.int16(), "0, 1, … in the file's order; null without a face.", True),
        Column("status", pa.string(), "found, no_face, or malformed."),
        _ERROR,
        Column("bbox_xyxy", BOX, "Box in pixels of the picture as the authors fetched it.", True),
        Column(
            "landmarks", LANDMARKS, "Eyes, nose, corners of the mouth; x, y in those pixels.", True
        ),
        Column("det_score", pa.float32(), "RetinaFace's confidence, [0, 1].", True),
    ),
)

#: Tables of shards, in the order in which data flows.
TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        SHARD_PLAN,
        RAW_SHARDS,
        FACE_CROPS,
        IMAGE_SCORES,
        FACE_ATTRIBUTES,
        TEMPLATE_CAPTIONS,
        SYNTHETIC_CAPTIONS,
        LLM_CAPTIONS,
        IMAGE_TEXT_SCORES,
        SHARD_QUALITY,
    )
}

#: Tables of LAION-Face parts.
PART_TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (LAION_FACE_METADATA, LAION_FACE_DETECTIONS)
}

#: Tables of the whole dataset, which have the one partition WHOLE_DATASET.
DATASET_TABLES: Final[dict[str, Table]] = {DUPLICATE_FACES.name: DUPLICATE_FACES}
WHOLE_DATASET: Final = "all"
