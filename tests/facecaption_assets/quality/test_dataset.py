import uuid

import pytest

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.schema import SHARD_PLAN, TABLES
from facecaption_assets.storage import Storage


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Storage:
    if request.param == "local":
        return Storage(str(tmp_path_factory.mktemp("home")))
    return Storage(f"memory://{uuid.uuid4().hex}/home")


def test_what_is_not_built_is_an_empty_view(storage: Storage) -> None:
    with open_tables(storage) as connection:
        for asset, table in TABLES.items():
            found = connection.sql(f"FROM {asset}")
            assert found.columns == table.arrow.names
            assert found.fetchall() == []


def test_a_view_holds_every_committed_partition(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))  # staging of a remote data root
    for shard in ("drawn-00000", "it's-00000"):
        row: dict[str, object] = {"key": f"{shard}-00000", "split_group": "g"}
        row |= {"source": "drawn", "url": "u", "status": "planned"}
        table = SHARD_PLAN.from_rows([row])
        storage.commit(table, Provenance("shard_plan", shard, "code"))
    with open_tables(storage) as connection:
        keys = connection.sql("SELECT key FROM shard_plan ORDER BY 1").fetchall()
    assert keys == [("drawn-00000-00000",), ("it's-00000-00000",)]
