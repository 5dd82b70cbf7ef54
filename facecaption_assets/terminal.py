"""How the commands print: names and reasons are not ours, so nothing in them is markup."""

from typing import Final

import typer
from rich.console import Console
from rich.text import Text

console: Final = Console(highlight=False, markup=False, emoji=False)
errors: Final = Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_marked(mark: str, style: str, line: str) -> None:
    """Print a line behind a coloured mark."""
    console.print(Text.assemble((mark, style), f" {line}"), soft_wrap=True)


def stop(message: str) -> typer.Exit:
    """Print why the command ends, and return what to raise for exit status 1."""
    errors.print(message, style="red", soft_wrap=True)
    return typer.Exit(1)
