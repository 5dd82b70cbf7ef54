"""``facecaption review-score``: what reviewers said, with intervals, and how far they agree."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from facecaption_assets.terminal import console, stop

if TYPE_CHECKING:
    from facecaption_assets.quality.reviewing.review_score import (
        Agreement,
        GroupRates,
        Rate,
        ReviewScore,
    )


def review_score(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="What reviewers exported, all of them."),
    ],
) -> None:
    """Score what reviewers of a page of `facecaption review` exported, for the report as well."""
    from facecaption_assets.quality.dataset import open_tables
    from facecaption_assets.quality.reviewing.answers import AnswersError, read_answers
    from facecaption_assets.quality.reviewing.review_key import ReviewMissing, read_key
    from facecaption_assets.quality.reviewing.review_score import write_score
    from facecaption_assets.quality.reviewing.sampling import still_shown
    from facecaption_assets.quality.reviewing.scoring import score_review
    from facecaption_assets.shards.opt_out import OptOut
    from facecaption_assets.shards.sources import SourceError
    from facecaption_assets.storage import Storage

    storage = Storage(os.environ["FACECAPTION_HOME"])
    try:
        answers = read_answers(files)
        key = read_key(storage, answers[0].review)
        with open_tables(storage) as connection:
            faces = {item.face_id for item in key.items}
            shown = still_shown(connection, OptOut.read(storage), faces)
        score = score_review(key, answers, shown)
    except (AnswersError, ReviewMissing, SourceError) as error:
        raise stop(str(error)) from None
    _print(score)
    console.print(f"for the report: {write_score(storage, score)}", soft_wrap=True)


def _print(score: "ReviewScore") -> None:
    counted = ", ".join(f"{name} {count}" for name, count in score.reviewers.items())
    console.print(f"{score.judged} of {score.captions} captions judged; by reviewer: {counted}")
    if score.left_out:
        console.print(f"answers about what is not shown any more, left out: {score.left_out}")
    console.print("percent of captions, with Wilson's 95 % interval; n captions were judged;")
    console.print("sex and age are predicted from the picture")
    console.print(_rate_table("source", [(s.source, s.captions, s.rates) for s in score.sources]))
    for source in score.sources:
        if source.groups:
            console.print(_rate_table(source.source, [*map(_group_row, source.groups)]))
        if wrong := [rate for rate in source.wrong if rate.share]:
            console.print(_attribute_table(f"{source.source}: named, and wrong", wrong))
        if source.missing:
            console.print(_attribute_table(f"{source.source}: missing", source.missing))
    console.print(_agreement_table(score.agreement))


def _group_row(group: "GroupRates") -> tuple[str, int, Sequence["Rate"]]:
    return f"{group.column.removeprefix('predicted_')}: {group.value}", group.captions, group.rates


def _rate_table(first: str, rows: Sequence[tuple[str, int, Sequence["Rate"]]]) -> Table:
    table = _table(first, "n", *(rate.name for rate in rows[0][2]))
    for name, captions, rates in rows:
        table.add_row(name, str(captions), *map(_interval, rates))
    return table


def _attribute_table(first: str, rates: Sequence["Rate"]) -> Table:
    table = _table(first, "n", "percent")
    for rate in rates:
        table.add_row(rate.name, str(rate.captions), _interval(rate))
    return table


def _agreement_table(agreement: Sequence["Agreement"]) -> Table:
    table = _table("agreement on", "compared as", "judged twice", "alpha")
    for each in agreement:
        alpha = f"not defined: {each.why_undefined}" if each.alpha is None else f"{each.alpha:.3f}"
        table.add_row(each.name, each.level, str(each.captions), alpha)
    return table


def _table(first: str, *others: str) -> Table:
    columns = (Column(name, justify="right") for name in others)
    return Table(
        Column(first, no_wrap=True), *columns, box=None, pad_edge=False, collapse_padding=True
    )


def _interval(rate: "Rate") -> str:
    share, low, high = (round(100 * value) for value in (rate.share, rate.low, rate.high))
    return f"{share} ({low}-{high})"
