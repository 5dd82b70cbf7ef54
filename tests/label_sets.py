"""Random label sets without contradictions, of every kind of subject, as rows of a table."""

import random
from typing import Final

import pyarrow as pa

from facecaption_assets.attributes.resolution import CONTRADICTIONS
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_ATTRIBUTES

AGES: Final = (None, 5.0, 30.0)

#: Share of positive labels among the labels of a face, drawn face by face.
DENSITIES: Final = (0.1, 0.2, 0.35, 0.5)


def random_states(rng: random.Random) -> dict[str, bool | None]:
    """States of the 40 attributes, of which no two contradict each other."""
    density = rng.choice(DENSITIES)
    states: dict[str, bool | None] = {}
    refused: set[tuple[str, bool]] = set()
    for name in rng.sample(ATTRIBUTE_COLUMNS, len(ATTRIBUTE_COLUMNS)):
        draw = rng.random()
        state = True if draw < density else None if draw > 0.9 else False
        if state is not None and (name, state) in refused:
            state = None
        states[name] = state
        if state is not None:
            refused |= _REFUSED_BY.get((name, state), set())
    return states


_REFUSED_BY: Final[dict[tuple[str, bool], set[tuple[str, bool]]]] = {}
for _one, _other in CONTRADICTIONS:
    _REFUSED_BY.setdefault(_one, set()).add(_other)
    _REFUSED_BY.setdefault(_other, set()).add(_one)


def random_label_sets(count: int, seed: int = 0) -> pa.Table:
    """Rows of ``face_attributes``, all labelled; probabilities are null."""
    rng = random.Random(seed)
    states = [random_states(rng) for _ in range(count)]
    columns: dict[str, list[object]] = {
        "key": [f"s-00000-{i:05d}" for i in range(count)],
        "face_id": [f"s-00000-{i:05d}-0" for i in range(count)],
        "split_group": [f"s-00000-{i:05d}" for i in range(count)],
        "status": ["labelled"] * count,
        "num_positive": [sum(s is True for s in row.values()) for row in states],
        "age_years": [rng.choice(AGES) for _ in range(count)],
        **{name: [row[name] for row in states] for name in ATTRIBUTE_COLUMNS},
    }
    schema = FACE_ATTRIBUTES.arrow
    arrays = [
        pa.array(columns[f.name], f.type)
        if f.name in columns
        else pa.array([[]] * count if pa.types.is_list(f.type) else [None] * count, f.type)
        for f in schema
    ]
    return pa.table(arrays, schema=schema)
