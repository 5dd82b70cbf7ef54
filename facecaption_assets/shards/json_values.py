"""Values of a Parquet row → what JSON can hold, for a picture's metadata."""

import math
from collections.abc import Mapping
from datetime import date, time
from typing import Any


def json_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row's fields that have a value which JSON can hold; bytes and nulls are left out."""
    values = {name: _json_value(value) for name, value in row.items()}
    return {name: value for name, value in values.items() if value is not None}


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return None
    if isinstance(value, Mapping):
        return json_fields({str(name): entry for name, entry in value.items()})
    if isinstance(value, list | tuple):
        return [_json_value(entry) for entry in value]
    return value.isoformat() if isinstance(value, date | time) else str(value)
