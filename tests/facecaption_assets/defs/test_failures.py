"""Models and endpoints that fail on everything: no such shard passes as done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_shard
from facecaption_assets.rewriting.client import Completion, Payload, RequestRefused
from tests.fakes import FakeModels

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"


@dataclass
class DyingAnnotator:
    """Dies of every face."""

    error: Exception
    name: str = "dying"
    attributes: tuple[str, ...] = ("Smiling",)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        raise self.error


class RefusingClient:
    """Calls every request malformed."""

    model = "refusing"

    async def complete(self, payload: Payload) -> Completion:
        raise RequestRefused("unknown field: grammar")

    async def aclose(self) -> None:
        pass


class BrokenModel(FakeModels):
    def annotators(self) -> list[Any]:
        return [DyingAnnotator(ValueError("broken weights"))]


class FullMemory(FakeModels):
    def annotators(self) -> list[Any]:
        return [DyingAnnotator(RuntimeError("CUDA out of memory"))]


class RefusingEndpoint(FakeModels):
    @contextmanager
    def chat_client(self) -> Iterator[Any]:
        yield RefusingClient()


def failures(
    kind: type[FakeModels], dataset: FakeModels, instance: dg.DagsterInstance
) -> list[str]:
    broken = kind(home=dataset.home, profile_name=dataset.profile_name)
    definitions = build_defs(dataset.home, resources={"dataset": broken})
    return [str(failure) for failure in build_shard(definitions, broken, instance, SHARD)]


def test_an_annotator_that_fails_on_every_face_holds_the_shard_back(dataset, instance) -> None:
    (failure,) = failures(BrokenModel, dataset, instance)
    assert "faces_annotated" in failure
    assert "2 of 2 faces could not be annotated" in failure and "broken weights" in failure
    assert dataset.storage.partitions("template_captions") == []


def test_missing_memory_fails_the_step_and_writes_nothing(dataset, instance) -> None:
    (failure,) = failures(FullMemory, dataset, instance)
    assert "face_attributes" in failure and "batch_size" in failure
    assert dataset.storage.partitions("face_attributes") == []


def test_an_endpoint_that_refuses_every_request_holds_the_shard_back(dataset, instance) -> None:
    (failure,) = failures(RefusingEndpoint, dataset, instance)
    assert "requests_answered" in failure and "unknown field: grammar" in failure
    assert dataset.storage.partitions("shard_quality") == []
