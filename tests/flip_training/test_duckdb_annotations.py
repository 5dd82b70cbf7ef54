"""DuckDB's types stay out of what outlives the interpreter, or its binding prints what leaked."""

from pathlib import Path

import pytest

import flip_training

MODULES = sorted(Path(flip_training.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("module", [m for m in MODULES if "duckdb.DuckDB" in m.read_text()])
def test_annotations_with_types_of_duckdb_are_texts(module: Path) -> None:
    assert "from __future__ import annotations" in module.read_text()
