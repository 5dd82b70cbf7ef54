"""The files in deploy/ say what the code says; the stack itself is not started."""

from pathlib import Path

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config
from dagster._core.workspace.config_schema import process_workspace_config

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"


def load(name: str) -> dict:
    return yaml.safe_load((DEPLOY / name).read_text())


@pytest.mark.parametrize("folder", [DEPLOY, ROOT / "facecaption_assets" / "defs"])
def test_dagster_accepts_the_instance(folder, monkeypatch) -> None:
    configuration, _ = dagster_instance_config(str(folder), "dagster.yaml")
    assert configuration["telemetry"] == {"enabled": False}
    assert configuration["concurrency"]["pools"]["granularity"] == "op"


def test_dagster_accepts_the_workspaces() -> None:
    for path in (ROOT / "workspace.yaml", DEPLOY / "workspace.yaml"):
        assert process_workspace_config(yaml.safe_load(path.read_text())).success


def test_the_stack_runs_both_code_locations_and_publishes_on_loopback_only() -> None:
    services = load("compose.yaml")["services"]
    servers = {entry["grpc_server"]["host"] for entry in load("workspace.yaml")["load_from"]}
    assert servers <= services.keys()
    for location in ("facecaption_assets", "flip_training"):
        assert services[location]["command"][-1] == f"{location}.definitions"
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_image_installs_the_libraries_that_the_doctor_names() -> None:
    from facecaption_assets.doctor import LIBRARY_PACKAGES

    dockerfile = (DEPLOY / "Dockerfile").read_text()
    ci = (ROOT / ".ci" / "run").read_text()
    assert LIBRARY_PACKAGES in dockerfile
    assert LIBRARY_PACKAGES in ci
