"""``llm_captions``: natural captions from a language model, each one verified."""

import dagster as dg
import pyarrow as pa

from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality.contents import captions_present
from facecaption_assets.quality.dataset_suites import longest_rewrite
from facecaption_assets.quality.failures import requests_answered
from facecaption_assets.quality.gates import Outcome, rows_conserved_llm
from facecaption_assets.quality.readback import captions_verified
from facecaption_assets.quality.suites import caption_expectations
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.rewrite import rewrite_captions
from facecaption_assets.rewriting.usage import Usage


@shard_asset(group="captions", kinds={"parquet", "openai"}, compute=GPU)
def llm_captions(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Template captions rewritten by a language model and verified against the attributes.

    What fails verification is repaired once, or falls back to the template caption; the rejected
    text and the reason are kept. Answers are cached, so a crashed run resumes without asking twice.
    """
    settings, usage = dataset.profile.rewriting, Usage()
    shows_alt_text = dataset.profile.rewriting.alt_text == "hint"

    def build(stage: StageInputs) -> pa.Table:
        cache = RequestCache(dataset.storage.llm_cache)
        with dataset.chat_client() as client:
            return rewrite_captions(
                stage.tables["template_captions"],
                stage.tables["face_attributes"],
                client,
                cache,
                settings,
                dataset.opt_out,
                usage,
                _alt_texts(stage) if shows_alt_text else {},
            )

    def crops() -> list[tuple[str, str]]:
        return [("face_crops", context.partition_key)] if shows_alt_text else []

    result = materialize_shard(context, dataset, build, also_reads=crops)
    # Numbers are plotted over partitions and time; a run that had nothing to do has none.
    numbers = usage.numbers(settings) if usage.requests else {}
    return dg.MaterializeResult(
        metadata={**(result.metadata or {}), **numbers}, data_version=result.data_version
    )


def _alt_texts(stage: StageInputs) -> dict[str, str | None]:
    """Alt-text by face. It is read only if the settings say so, and is then part of the inputs."""
    faces = stage.storage.read_table("face_crops", stage.shard, ["face_id", "alt_text"])
    return dict(zip(*(faces[name].to_pylist() for name in faces.column_names), strict=True))


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every template caption has exactly one row, rewritten or not."""
    storage = dataset.storage
    return rows_conserved_llm(
        storage.read_table("template_captions", shard), storage.read_table("llm_captions", shard)
    )


def _present(dataset: Dataset, shard: str) -> Outcome:
    """Every accepted, repaired or fallen-back row has a caption, and no other row has one."""
    return captions_present(dataset.storage.read_table("llm_captions", shard))


def _verified(dataset: Dataset, shard: str) -> Outcome:
    """Each rewritten caption on disk passes verification again; fallbacks are the template's."""
    storage = dataset.storage
    return captions_verified(
        storage.read_table("llm_captions", shard),
        storage.read_table("face_attributes", shard),
        dataset.profile.rewriting.max_words,
    )


def _answered(dataset: Dataset, shard: str) -> Outcome:
    """The endpoint did not refuse the requests for most of the captions."""
    return requests_answered(dataset.storage.read_table("llm_captions", shard))


llm_requests_answered = gate("llm_captions", "requests_answered", _answered)
llm_captions_verified = gate("llm_captions", "captions_verified", _verified)
llm_rows_conserved = gate("llm_captions", "rows_conserved", _conserved)
llm_captions_present = gate("llm_captions", "captions_present", _present)
llm_well_formed = expectation_gate(
    "llm_captions",
    "captions_well_formed",
    lambda dataset: caption_expectations(longest_rewrite(dataset.profile.rewriting)),
    "Great Expectations: whole sentences, sensible length, no negations, no stray markup.",
)
