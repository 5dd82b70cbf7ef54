"""Profiles: the settings of every stage, named, and the code versions that follow from them.

``FACECAPTION_PROFILE`` picks one; ``<home>/profile.toml`` changes single settings of it::

    [faces]
    min_side_px = 96

A stage's code version is a hash of its settings, its models and its algorithm's version, so a
changed setting makes exactly the partitions that it concerns stale.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from facecaption_assets.attributes import dataset_evaluation, labelling
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.captions import generation
from facecaption_assets.captions.captioners import captioning
from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.faces import face_crops
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.quality import duplicates, report, statistics
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.image_scoring import scoring as image_scoring
from facecaption_assets.quality.image_scoring.settings import ImageScoreSettings
from facecaption_assets.quality.scores import scoring as text_scoring
from facecaption_assets.quality.scores.settings import ScoreSettings
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.rewriting import endpoint
from facecaption_assets.rewriting.prompt_files import PromptError
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.shards import fetching, laion_detections, laion_metadata, planning
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.settings import ShardSettings
from facecaption_assets.storage import Storage


class ProfileError(ValueError):
    """A profile is unknown, or a setting in ``profile.toml`` cannot be used."""


class UnknownProfile(ProfileError):
    """There is no profile of the name in ``FACECAPTION_PROFILE``."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Settings per stage; a section of ``profile.toml`` has the name of a field."""

    name: str
    shards: ShardSettings = field(default_factory=ShardSettings)
    downloading: DownloadSettings = field(default_factory=DownloadSettings)
    faces: FaceSettings = field(default_factory=FaceSettings)
    image_scores: ImageScoreSettings = field(default_factory=ImageScoreSettings)
    attributes: AttributeSettings = field(default_factory=AttributeSettings)
    captions: CaptionSettings = field(default_factory=CaptionSettings)
    captioners: CaptionerSettings = field(default_factory=CaptionerSettings)
    rewriting: RewriteSettings = field(default_factory=RewriteSettings)
    scores: ScoreSettings = field(default_factory=ScoreSettings)
    duplicates: DuplicateSettings = field(default_factory=DuplicateSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    texts: TextSettings = field(default_factory=TextSettings)
    laion: LaionSettings = field(default_factory=LaionSettings)


#: (negative, positive) of the embedded annotators. The sex network calls some women men and is sure
#: of it: above 0.97 are three women among 70 faces of the sample, and one among 520 of CelebA's.
#: Below 0.1 is no man of the sample, and 15 among 890 of CelebA's, but half of CelebA's between 0.1
#: and 0.5. No face of the sample smiles below 0.3.
_EMBEDDED_THRESHOLDS: Final = {"Male": (0.1, 0.97), "Smiling": (0.3, 0.85)}


def embedded() -> Profile:
    """Runs on two CPU cores without a model hub: small published weights, a loopback LLM."""
    return Profile(
        name="embedded",
        # Small shards, so that a few hundred photos already make several partitions.
        shards=ShardSettings(rows_per_shard=500),
        # Scores of YOLOv8n-face on the sample lie between 0.64 and 0.89, false positives at most
        # at 0.17: the paper's 0.98 belongs to RetinaFace and would drop every face. No face of
        # the sample measures between 64 and 127 px, so 96 separates cleanly.
        faces=FaceSettings(min_score=0.5, min_side_px=96, batch_size=4),
        # 23 attributes have a basis here, not forty, and seven of them are only ever denied: the
        # annotators say which. One positive label is enough for a caption, and asking for two
        # would drop more women than men: being male is a label, being female the absence of one.
        attributes=AttributeSettings(min_positive=1, thresholds=_EMBEDDED_THRESHOLDS),
    )


def laion_face() -> Profile:
    """The paper's numbers, for web-scale data and an OpenAI-compatible endpoint such as vLLM.

    The detector and the annotators are the embedded ones, which anyone can have: the weights of
    the authors' forty-head network can be fetched from nowhere, and a zero-shot CLIP is no measured
    substitute. With 23 attributes instead of forty, the paper's "more than five labels" cannot be
    asked for. With weights at hand: ``annotators = ["celeba_resnet50"]``, ``celeba_weights`` and
    ``min_positive = 6``, and the thresholds, which are the embedded networks' own.

    Faces are looked for anew: the authors' published ones (``[faces] detections``) are 30 GB to
    fetch first, exist for LAION-Face alone, and are lost where a picture has changed since.

    BLIP-2 captions each crop at three temperatures, and CLIP chooses; both come from the hub.
    ``[captioners] model = ""`` switches that off, and ``[image_scores] clip_model = ""`` CLIP-IQA.

    Every caption is scored, by the cosine of ViT-L/14 and by CLIP-S of ViT-B/32, both from the hub.
    """
    return Profile(
        name="laion_face",
        shards=ShardSettings(rows_per_shard=10_000, min_success_share=0.3),
        faces=FaceSettings(min_score=0.5, min_side_px=128, batch_size=32),
        attributes=AttributeSettings(
            min_positive=1, thresholds=_EMBEDDED_THRESHOLDS, batch_size=64
        ),
        image_scores=ImageScoreSettings(clip_model=AttributeSettings().clip_model),
        captioners=CaptionerSettings(
            model="Salesforce/blip2-opt-2.7b@59a1ef6c1e5117b3f65523d1c6066825bcf315e3",
            clip_model=AttributeSettings().clip_model,
            temperatures=(0.5, 0.75, 1.0),
        ),
        scores=ScoreSettings(
            cosine_model=AttributeSettings().clip_model,
            clip_s_model="openai/clip-vit-base-patch32@3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
        ),
        rewriting=RewriteSettings(
            base_url="http://127.0.0.1:8000/v1",
            model="Qwen/Qwen2.5-7B-Instruct",
            constraint="none",
            concurrency=256,
        ),
    )


PROFILES: Final[Mapping[str, Callable[[], Profile]]] = {
    "embedded": embedded,
    "laion_face": laion_face,
}


def load_profile(storage: Storage, name: str | None = None) -> Profile:
    """The named profile with the changes of the data root's ``profile.toml``.

    Args:
        storage: Data root.
        name: A key of PROFILES; ``FACECAPTION_PROFILE``, else ``embedded``, where None.

    Raises:
        UnknownProfile: If there is no such profile.
        ProfileError: If the changes cannot be read, or one names an unknown setting, or gives a
            value of the wrong type or outside the setting's range.
    """
    name = name or os.environ.get("FACECAPTION_PROFILE") or "embedded"
    if name not in PROFILES:
        raise UnknownProfile(f"FACECAPTION_PROFILE {name!r} is not one of {', '.join(PROFILES)}")
    profile = PROFILES[name]()
    path = storage.profile_file
    if not path.exists():
        return profile
    try:
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path}: {error}") from error
    stages = {f.name: getattr(profile, f.name) for f in fields(profile) if f.name != "name"}
    for section, changes in sections.items():
        if section not in stages or not isinstance(changes, dict):
            raise ProfileError(f"{path}: [{section}] is not one of {', '.join(stages)}")
        stages[section] = _change(stages[section], changes, f"{path}: [{section}]")
    return replace(profile, **stages)


def _change(settings: Any, changes: dict[str, Any], place: str) -> Any:
    known = {f.name: getattr(settings, f.name) for f in fields(settings)}
    converted = {}
    for name, value in changes.items():
        if name not in known:
            raise ProfileError(f"{place} has no setting {name!r}; it has {', '.join(known)}")
        converted[name] = _as_type_of(known[name], value, f"{place} {name}")
    try:
        return replace(settings, **converted)
    except ValueError as error:
        raise ProfileError(f"{place} {error}") from error


def _as_type_of(default: Any, value: Any, place: str) -> Any:
    if isinstance(default, tuple) and isinstance(value, list):
        if default and isinstance(default[0], float):
            return tuple(_as_type_of(0.0, entry, place) for entry in value)
        if not all(isinstance(entry, str) for entry in value):
            raise ProfileError(f"{place} = {value!r} is not a list of names")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise ProfileError(
            f"{place} = {value!r} is {type(value).__name__}, not {type(default).__name__}"
        )
    if isinstance(default, dict):
        return {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
    return value


def code_versions(profile: Profile, store: ModelStore) -> dict[str, str]:
    """Code version of every asset of the dataset under a profile; downloads nothing.

    Raises:
        ProfileError: If the profile names an annotator that does not exist, or prompts that cannot
            be used.
    """
    try:
        face_attributes = labelling.stage_identity(profile.attributes, store)
    except ValueError as error:
        raise ProfileError(f"[attributes] {error}") from error
    try:
        llm_captions = stage_hash(endpoint.stage_identity(profile.rewriting, store))
    except PromptError as error:
        raise ProfileError(f"[rewriting] {error}") from error
    return {
        "laion_face_metadata": laion_metadata.stage_identity(profile.laion),
        "laion_face_detections": laion_detections.stage_identity(profile.laion),
        "shard_plan": planning.stage_identity(),
        "raw_shards": fetching.stage_identity(profile.shards, profile.downloading),
        "face_crops": face_crops.stage_identity(profile.faces, store),
        "image_scores": image_scoring.stage_identity(profile.image_scores, store),
        "face_attributes": face_attributes,
        "attribute_evaluation": dataset_evaluation.stage_identity(profile.attributes),
        "template_captions": generation.stage_identity(profile.captions),
        "synthetic_captions": captioning.stage_identity(profile.captioners, store),
        "llm_captions": llm_captions,
        "image_text_scores": text_scoring.stage_identity(profile.scores, store),
        "duplicate_faces": duplicates.stage_identity(profile.duplicates),
        "shard_quality": statistics.stage_identity(),
        "quality_report": report.stage_identity(
            profile.quality, profile.downloading, profile.texts, store
        ),
    }
