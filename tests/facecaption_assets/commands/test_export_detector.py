from pathlib import Path

import pytest
from typer.testing import CliRunner

from facecaption_assets.cli import app


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["out.pt", "--format", "torchscript"], "must end in .torchscript for torchscript"),
        (["out.onnx", "--image-size", "9000"], "image_size is 9000; allowed is 32 to 8192"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_line(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    command = ["--home", str(tmp_path), "export-detector", *arguments]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_the_default_model_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text('[faces]\ndetector = "no-such-net"\n')
    result = CliRunner().invoke(app, ["--home", str(tmp_path), "export-detector", "a.onnx"])
    assert result.exit_code == 1
    assert "no-such-net" in result.stderr
