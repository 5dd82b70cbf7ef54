"""What the asset of rewritten captions tells the UI, and how it ends when it cannot go on."""

import dagster as dg
import pytest

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.rewriting import llm_captions
from facecaption_assets.provenance import Provenance
from facecaption_assets.rewriting.cache import FILE_NAME
from facecaption_assets.schema import TEMPLATE_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut
from tests.chat_faults import faulty_chat
from tests.fakes import FakeModels
from tests.rewriting_process import faces

SHARD = "mine-00000"


@pytest.fixture
def captioned(dataset: FakeModels) -> FakeModels:
    """A shard of four faces with template captions."""
    attributes = faces(4)
    templates = caption_faces(attributes, CaptionSettings(), OptOut.none())
    assert templates.schema.equals(TEMPLATE_CAPTIONS.arrow)
    for asset, table in (("face_attributes", attributes), ("template_captions", templates)):
        dataset.storage.commit(table, Provenance(asset, SHARD, "test"))
    return dataset


def materialize(
    dataset: FakeModels, instance: dg.DagsterInstance, settings: str, raises: bool = True
) -> dg.ExecuteInProcessResult:
    dataset.storage.profile_file.write_text(
        f"[rewriting]\nattempts = 1\nrepair = false\n{settings}"
    )
    real = Dataset(home=dataset.home, profile_name="embedded")
    return dg.materialize(
        [llm_captions],
        instance=instance,
        resources={"dataset": real},
        partition_key=SHARD,
        raise_on_error=raises,
    )


def numbers(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    return {name: value.value for name, value in metadata.items() if name.startswith("llm_")}


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_node_events if event.is_step_failure]
    return str(event.step_failure_data.user_failure_data.description)


def test_what_a_run_cost_is_plotted_and_a_second_run_costs_nothing(captioned, instance) -> None:
    with faulty_chat(lambda payload, number: None if number else 500, "0") as chat:
        settings = (
            f'base_url = "{chat.url}"\nconcurrency = 1\n'
            "usd_per_million_prompt_tokens = 1\nusd_per_million_completion_tokens = 2\n"
        )
        first = numbers(materialize(captioned, instance, settings))
        second = numbers(materialize(captioned, instance, settings))
    assert all(isinstance(value, int | float) for value in first.values())
    assert (first["llm_requests"], first["llm_retries"]) == (4, 1)
    assert (first["llm_prompt_tokens"], first["llm_completion_tokens"]) == (1200, 80)
    assert (first["llm_cost_usd"], first["llm_cached_share"]) == (0.00136, 0)
    assert first["llm_requests_per_second"] > 0
    assert (second["llm_requests"], second["llm_cost_usd"]) == (0, 0)
    assert (second["llm_cached_share"], second["llm_cached_tokens"]) == (1, 1280)


def test_a_spent_budget_fails_the_step_and_says_how_to_go_on(captioned, instance) -> None:
    with faulty_chat(lambda payload, number: None) as chat:
        settings = f'base_url = "{chat.url}"\nconcurrency = 1\nbudget_tokens = 500\n'
        told = failure(materialize(captioned, instance, settings, raises=False))
        assert "RewriteSettings.budget_tokens is 500" in told and "run the shard again" in told
        assert captioned.storage.partitions("llm_captions") == []
        assert numbers(materialize(captioned, instance, settings))["llm_cached_requests"] == 2


def test_a_damaged_cache_fails_the_step_and_is_named(captioned, instance) -> None:
    folder = captioned.storage.llm_cache
    folder.mkdir(parents=True)
    (folder / FILE_NAME).write_bytes(b"not a database" * 100)
    with faulty_chat(lambda payload, number: None) as chat:
        told = failure(materialize(captioned, instance, f'base_url = "{chat.url}"\n', False))
    assert str(folder / FILE_NAME) in told
    assert chat.asked == []
