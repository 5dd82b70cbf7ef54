"""A LAION-Face picture that is opted out later: its part forgets where it is, its row does not."""

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_laion_parts, register
from facecaption_assets.defs.registry import freshness
from facecaption_assets.freshness import State
from tests.fault_server import FaultServer

SHARD = "laion-face-03-00000"
ASSETS = ("shard_plan", "raw_shards")


@pytest.fixture
def rebuild(dataset, instance, web_part):
    """Builds the part, then the shard up to its pictures; gives the ledger's rows."""
    web_part(dataset.storage, {n: f"/ok/{n}.jpg" for n in (11, 12, 13)})
    definitions = build_defs(dataset.home, resources={"dataset": dataset})

    def run() -> list[dict]:
        assert build_laion_parts(definitions, dataset, instance, ["laion-face-03"]) == []
        assert register(dataset, instance, ["laion-face-03"]) == [SHARD]
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            partition_key=SHARD,
            instance=instance,
            asset_selection=[dg.AssetKey(asset) for asset in ASSETS],
        )
        assert all(check.passed for check in result.get_asset_check_evaluations())
        states = [freshness(dataset).state(asset, SHARD) for asset in ASSETS]
        assert [state.state for state in states] == [State.DONE] * 2, states
        return dataset.storage.read_table("raw_shards", SHARD).to_pylist()

    return run


def opt_out(dataset, text: str) -> None:
    dataset.storage.write_text(dataset.storage.opt_out_folder / "list.txt", text)


def test_a_picture_that_its_part_leaves_out_is_opted_out_and_may_come_back(
    dataset, rebuild, server: FaultServer
) -> None:
    assert [row["status"] for row in rebuild()] == ["success"] * 3
    opt_out(dataset, f"{server.base}/ok/12.jpg\n")
    rows = rebuild()
    assert [row["status"] for row in rows] == ["success", "opted_out", "success"]
    assert "opt-out list" in rows[1]["error_message"]
    assert rows[1]["url"] == "laion-face:03/12"
    assert [server.asked[f"/ok/{n}.jpg"] for n in (11, 12, 13)] == [1, 1, 1]

    opt_out(dataset, "")
    dataset.storage.table_path("laion_face_metadata", "03").unlink()
    assert [row["status"] for row in rebuild()] == ["success"] * 3


def test_a_picture_that_its_part_drops_for_another_reason_says_so(
    dataset, rebuild, tmp_path
) -> None:
    rebuild()
    import numpy as np

    np.save(tmp_path / "safe.npy", np.array([11, 13]))
    profile = dataset.storage.profile_file
    text = profile.read_text(encoding="utf-8")
    safe = f'[laion]\nsafe_list = "{tmp_path / "safe.npy"}"'
    dataset.storage.write_text(profile, text.replace("[laion]", safe))
    row = rebuild()[1]
    assert row["status"] == "opted_out"
    assert row["error_message"] == "not on the safe list when its part was built"
    assert '"drop_reason": "not_in_safe_list"' in row["metadata"]
