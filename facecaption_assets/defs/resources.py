"""Resources: what assets and checks are given besides their partition.

``Dataset`` joins the data root, the profile and the model store; loaded models are kept per
process, so that the stages of a run, and the runs of ``facecaption build``, share them.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache

import dagster as dg

from facecaption_assets.attributes.annotators import Annotator
from facecaption_assets.attributes.registry import load_annotators
from facecaption_assets.captions.captioners.captioning import load_best_of
from facecaption_assets.captions.captioners.choosing import BestOf
from facecaption_assets.faces.detection import Detector
from facecaption_assets.faces.loading import load_detector
from facecaption_assets.models import ModelStore
from facecaption_assets.profiles import Profile, code_versions, load_profile
from facecaption_assets.quality.image_scoring.scoring import Scorers, load_scorers
from facecaption_assets.quality.scores.measures import Measure, load_measures
from facecaption_assets.rewriting.client import ChatClient
from facecaption_assets.rewriting.endpoint import open_client
from facecaption_assets.shards.opening import open_source
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.pictures import PictureSource
from facecaption_assets.shards.sources import read_source, split_shard_key
from facecaption_assets.storage import Storage


class Dataset(dg.ConfigurableResource):
    """The dataset under one data root and profile.

    Everything is read when it is asked for: Dagster copies a resource by its attributes, so it
    holds no more than its two settings.

    Attributes:
        home: Data root, a folder or an fsspec URL (``FACECAPTION_HOME``).
        profile_name: Name of the profile (``FACECAPTION_PROFILE``).
    """

    home: str
    profile_name: str

    @property
    def storage(self) -> Storage:
        """The data root."""
        return Storage(self.home)

    @property
    def profile(self) -> Profile:
        """Settings of every stage."""
        return load_profile(self.storage, self.profile_name)

    @property
    def code_versions(self) -> Mapping[str, str]:
        """Code version of every asset."""
        return code_versions(self.profile, self.models)

    @property
    def models(self) -> ModelStore:
        """The model store."""
        return ModelStore(self.storage.models)

    @property
    def opt_out(self) -> OptOut:
        """The opt-out list as it is now."""
        return OptOut.read(self.storage)

    def pictures_of(self, shard: str) -> PictureSource:
        """The source that a shard's pictures come from."""
        name, _ = split_shard_key(shard)
        return open_source(read_source(self.storage, name), self.models, self.storage)

    def laion_part_of(self, shard: str) -> str | None:
        """The LAION-Face part that a shard's pictures come from; None for other sources."""
        name, _ = split_shard_key(shard)
        return read_source(self.storage, name).part

    def detector(self) -> Detector:
        """The face detector, loaded once per process."""
        return _detector(self.home, self.profile_name, self.code_versions["face_crops"])

    def image_scorers(self) -> Scorers:
        """What scores crops as pictures, loaded once per process."""
        return _image_scorers(self.home, self.profile_name, self.code_versions["image_scores"])

    def annotators(self) -> list[Annotator]:
        """The attribute annotators, loaded once per process."""
        return _annotators(self.home, self.profile_name, self.code_versions["face_attributes"])

    def best_of(self) -> BestOf | None:
        """The image captioner with what chooses, loaded once per process; None if it is off."""
        return _best_of(self.home, self.profile_name, self.code_versions["synthetic_captions"])

    def measures(self) -> tuple[Measure, ...]:
        """What scores captions, loaded once per process; empty if no CLIP is configured."""
        return _measures(self.home, self.profile_name, self.code_versions["image_text_scores"])

    def chat_client(self) -> AbstractContextManager[ChatClient]:
        """The language model's endpoint, open for the time of the stage."""
        return open_client(self.profile.rewriting, self.models)


def open_dataset(home: str | None = None, profile: str | None = None) -> Dataset:
    """The dataset that arguments or the environment name.

    Args:
        home: Data root; ``FACECAPTION_HOME``, else ``data``, where None.
        profile: Profile's name; ``FACECAPTION_PROFILE``, else ``embedded``, where None.
    """
    return Dataset(
        home=home or os.environ.get("FACECAPTION_HOME") or "data",
        profile_name=profile or os.environ.get("FACECAPTION_PROFILE") or "embedded",
    )


@cache
def _detector(home: str, profile_name: str, version: str) -> Detector:
    dataset = Dataset(home=home, profile_name=profile_name)
    return load_detector(dataset.profile.faces, dataset.models)


@cache
def _image_scorers(home: str, profile_name: str, version: str) -> Scorers:
    dataset = Dataset(home=home, profile_name=profile_name)
    return load_scorers(dataset.profile.image_scores, dataset.models)


@cache
def _annotators(home: str, profile_name: str, version: str) -> list[Annotator]:
    dataset = Dataset(home=home, profile_name=profile_name)
    return load_annotators(dataset.profile.attributes, dataset.models)


@cache
def _best_of(home: str, profile_name: str, version: str) -> BestOf | None:
    return load_best_of(Dataset(home=home, profile_name=profile_name).profile.captioners)


@cache
def _measures(home: str, profile_name: str, version: str) -> tuple[Measure, ...]:
    return load_measures(Dataset(home=home, profile_name=profile_name).profile.scores)
