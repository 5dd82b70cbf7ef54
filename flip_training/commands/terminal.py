"""Where ``flip`` prints: what is said, and why it stops. What is said belongs to the commands."""

from typing import Final

import typer
from rich.console import Console

# What is printed holds names and reasons that are not ours: nothing in it is markup.
console: Final = Console(highlight=False, markup=False, emoji=False)
errors: Final = Console(stderr=True, highlight=False, markup=False, emoji=False)


def stop(message: str) -> typer.Exit:
    """Print why a command cannot go on, and return what it raises to end with status 1."""
    errors.print(message, style="red", soft_wrap=True)
    return typer.Exit(1)
