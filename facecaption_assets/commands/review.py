"""``facecaption review``: a page on which people judge captions."""

import os
from typing import Annotated

import typer

from facecaption_assets.terminal import console, stop


def review(
    sample: Annotated[int, typer.Option(min=1, help="Most captions to judge.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other captions.")] = 0,
    source: Annotated[
        str,
        typer.Option(help="Caption sources, with commas: alt_text, template, llm, synthetic."),
    ] = "template,llm",
) -> None:
    """Write an offline page on which people judge captions, drawn evenly by source and sex."""
    from facecaption_assets.quality.reviewing.page import write_review
    from facecaption_assets.quality.reviewing.sampling import SOURCES, NothingToReview
    from facecaption_assets.shards.sources import SourceError
    from facecaption_assets.storage import Storage

    names = [name.strip() for name in source.split(",")]
    for name in names:
        if name not in SOURCES:
            raise stop(f"--source {name!r} is not one of {', '.join(SOURCES)}")
    try:
        written = write_review(Storage(os.environ["FACECAPTION_HOME"]), names, sample, seed)
    except (NothingToReview, SourceError) as error:
        raise stop(str(error)) from None
    items = written.key.items
    console.print(f"{len(items)} captions of {len({item.face_id for item in items})} faces")
    console.print(f"page: {written.page}", soft_wrap=True)
    console.print(f"give reviewers the folder {written.folder}, and score what they export with:")
    console.print("  facecaption review-score FILES", soft_wrap=True)
