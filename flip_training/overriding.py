"""Single values of a preset changed by name: ``train.lr=1e-4``.

A changed preset is a setting like any other: it is validated by ``config`` and has versions of its
own, so that its checkpoints are never taken for the preset's.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from flip_training.config import Preset

#: Environment variable with changes for whatever reads its preset there, e.g.
#: ``FLIP_SET="train.lr=1e-4 train.epochs=3"``; quoted as in a shell.
VARIABLE: Final = "FLIP_SET"

_TRUTHS: Final = {"true": True, "false": False}


def overridden(preset: Preset, changes: Sequence[str]) -> Preset:
    """The preset with changes such as ``train.lr=1e-4`` and ``model.text.layers=6``.

    They are made together, so that settings can change which must fit each other. The name says
    what was changed.

    Raises:
        ValueError: If a change names no setting, or its value is none that the setting takes.
    """
    wanted: dict[str, Any] = {}
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"{change!r} is not NAME=VALUE, such as train.lr=1e-4")
        if path.partition(".")[0] == "name":
            raise ValueError(f"{path!r} is not a setting that can be changed")
        _collect(wanted, preset, path, path.split("."), text)
    changed: Preset = _applied(preset, wanted)
    return replace(changed, name=" ".join([preset.name, *changes]))


def changes_from_environment() -> tuple[str, ...]:
    """What ``FLIP_SET`` asks for; nothing where it is not set.

    Raises:
        ValueError: If its quotes do not close.
    """
    value = os.environ.get(VARIABLE, "")
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise ValueError(f"{value!r} cannot be read: {error}") from error


def _collect(
    wanted: dict[str, Any], settings: Any, path: str, names: Sequence[str], text: str
) -> None:
    """Put a value where the names lead to below a dataclass."""
    name, rest = names[0], names[1:]
    known = [field.name for field in fields(settings)]
    if name not in known:
        raise ValueError(f"{path!r} is no setting; {name!r} is not one of {', '.join(known)}")
    value = getattr(settings, name)
    if is_dataclass(value) != bool(rest):
        inner = [field.name for field in fields(value)] if is_dataclass(value) else []
        hint = f"settings of its own: {', '.join(inner)}" if inner else "no settings of its own"
        raise ValueError(f"{path!r} is no setting; {name} has {hint}")
    if rest:
        _collect(wanted.setdefault(name, {}), value, path, rest, text)
    else:
        wanted[name] = _parsed(path, get_type_hints(type(settings))[name], text)


def _applied(settings: Any, wanted: Mapping[str, Any]) -> Any:
    values = {
        name: _applied(getattr(settings, name), value) if isinstance(value, dict) else value
        for name, value in wanted.items()
    }
    return replace(settings, **values)


def _parsed(path: str, kind: Any, text: str) -> object:
    if get_origin(kind) is Literal:
        if text in get_args(kind):
            return text
        raise ValueError(f"{path} must be one of {', '.join(get_args(kind))}, got {text!r}")
    if kind is bool:
        if text.lower() in _TRUTHS:
            return _TRUTHS[text.lower()]
        raise ValueError(f"{path} must be true or false, got {text!r}")
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{path} must be of type {kind.__name__}, got {text!r}") from None
