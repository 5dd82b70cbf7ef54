import os
import subprocess
import sys

import pytest

CODE = """
import facecaption_assets
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


@pytest.mark.parametrize(("wanted", "name"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_arrow_gives_memory_back_to_the_system_unless_told_otherwise(wanted, name) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "ARROW_DEFAULT_MEMORY_POOL"}
    if wanted:
        environment["ARROW_DEFAULT_MEMORY_POOL"] = wanted
    command = [sys.executable, "-c", CODE]
    output = subprocess.check_output(command, env=environment, text=True)
    assert output.strip() == name
