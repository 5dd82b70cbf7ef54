"""``facecaption export-detector``: the configured detector in a faster format.

Arguments in, text out; the exporting and its check belong to ``faces.export``.
"""

import os
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.storage import Storage
from facecaption_assets.terminal import console, stop


class Format(StrEnum):
    """What can be written."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCHSCRIPT = "torchscript"
    ENGINE = "engine"


def export_detector(
    out: Annotated[
        Path,
        typer.Argument(
            help="File to write, ending in .onnx, .torchscript or .engine; for OpenVINO a folder "
            "ending in _openvino_model."
        ),
    ],
    format: Annotated[Format, typer.Option(help="engine is TensorRT's.")] = Format.ONNX,
    half: Annotated[bool, typer.Option(help="Write float16 weights.")] = False,
    image_size: Annotated[
        int | None, typer.Option(min=32, help="Longest side in px; default: the profile's.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="With a face, to compare by; default: a photograph."
        ),
    ] = None,
) -> None:
    """Write the configured face detector in another format, if it finds the same faces."""
    from facecaption_assets.faces.export import ExportError
    from facecaption_assets.faces.export import export_detector as export
    from facecaption_assets.faces.ultralytics_setup import load_ultralytics
    from facecaption_assets.profiles import ProfileError, load_profile
    from facecaption_assets.shards.images import ImageDecodeError, decode_rgb

    storage = Storage(os.environ["FACECAPTION_HOME"])
    picture = picture or load_ultralytics().ASSETS / "zidane.jpg"
    try:
        settings = load_profile(storage).faces
        settings = replace(settings, image_size=image_size or settings.image_size)
        pixels = decode_rgb(picture.read_bytes())
        store = ModelStore(storage.models)
        agreement = export(settings, store, out, format.value, pixels, half)
    except (ProfileError, ModelUnavailable, ImageDecodeError, ExportError, ValueError) as error:
        raise stop(str(error)) from None
    console.print(
        f"{agreement.faces} faces of {picture.name} compared with {settings.detector}: "
        f"IoU {agreement.min_iou:.4f} or more, scores differ by "
        f"{agreement.max_score_difference:.4f} at most",
        soft_wrap=True,
    )
    console.print(f"Written: {out}. To use it, set under [faces] in {storage.profile_file}")
    console.print(f'detector = "{out.absolute()}"', soft_wrap=True)
