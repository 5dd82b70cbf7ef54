"""Where a model's files are looked for."""

from pathlib import Path

import huggingface_hub
import pytest

from flip_training.model.hub import model_folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, and an empty cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert model_folder(tmp_path) == model_folder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["data/flip_checkpoints/llm", "/nowhere", "./llm/", " "])
def test_what_is_neither_folder_nor_hub_name_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"'{name}' is neither a folder nor a name"):
        model_folder(name)


@pytest.mark.usefixtures("offline")
def test_a_hub_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(FileNotFoundError, match="'owner/flip' is no folder, and no model of the"):
        model_folder("owner/flip")


def test_a_hub_name_is_downloaded_without_what_is_pickled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def snapshot(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr("flip_training.model.hub.snapshot_download", snapshot)
    assert model_folder("owner/flip") == tmp_path
    ((name, patterns),) = asked
    assert name == "owner/flip"
    assert not {"*.bin", "*.pth", "*.pt", "*.pkl", "*"} & set(patterns)
