"""DuckDB's types stay out of what outlives the interpreter, or its binding prints what leaked.

With torch loaded, functions that Dagster's ops reach were seen to outlive the interpreter, and with
them every annotation of every function in reach; annotations that are texts hold nothing.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import facecaption_assets

MODULES = sorted(Path(facecaption_assets.__file__).parent.rglob("*.py"))


def test_a_location_that_met_torch_ends_without_a_word_of_leaks(tmp_path) -> None:
    code = (
        "import torch, facecaption_assets.definitions as location\n"
        "location.defs.resolve_implicit_global_asset_job_def()"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"FACECAPTION_HOME": str(tmp_path), "PATH": "", "OMP_NUM_THREADS": "1"},
    )
    assert "nanobind" not in run.stderr


@pytest.mark.parametrize("module", [m for m in MODULES if "duckdb.DuckDB" in m.read_text()])
def test_annotations_with_types_of_duckdb_are_texts(module: Path) -> None:
    source = module.read_text()
    quoted = source.count('"duckdb.DuckDB') == source.count("duckdb.DuckDB")
    assert quoted or "from __future__ import annotations" in source
