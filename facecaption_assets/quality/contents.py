"""Predicates of the blocking checks on geometry and text that a suite of columns cannot express.

Rows lost or added belong to ``gates``; rules on single columns to ``expectations``.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.attributes.vocabulary import ATTRIBUTES, probability_column
from facecaption_assets.quality.gates import Outcome

#: Boxes are float32 and come from a scaled picture: they may overhang by rounding, px.
BOX_TOLERANCE_PX: Final = 0.5
#: Largest difference between a relative box and the pixel box it is computed from.
RELATIVE_TOLERANCE: Final = 1e-3


def boxes_inside_image(crops: pa.Table) -> Outcome:
    """Every face's box has an area, lies in its picture, and says the same in both units."""
    faces = crops.filter(pc.is_valid(crops["face_id"]))
    boxed = faces.filter(pc.and_(pc.is_valid(faces["bbox_xyxy"]), pc.is_valid(faces["bbox_rel"])))
    width = pc.cast(boxed["original_width"], pa.float64())
    height = pc.cast(boxed["original_height"], pa.float64())
    x1, y1, x2, y2 = (_coordinate(boxed["bbox_xyxy"], i) for i in range(4))
    inside = [
        pc.greater_equal(x1, -BOX_TOLERANCE_PX),
        pc.greater_equal(y1, -BOX_TOLERANCE_PX),
        pc.less_equal(x2, pc.add(width, BOX_TOLERANCE_PX)),
        pc.less_equal(y2, pc.add(height, BOX_TOLERANCE_PX)),
        pc.greater(x2, x1),
        pc.greater(y2, y1),
    ]
    sizes = (width, height, width, height)
    same = [
        pc.less_equal(
            pc.abs(pc.subtract(pc.divide(pixel, size), _coordinate(boxed["bbox_rel"], i))),
            RELATIVE_TOLERANCE,
        )
        for i, (pixel, size) in enumerate(zip((x1, y1, x2, y2), sizes, strict=True))
    ]
    numbers: dict[str, int | float] = {
        "faces": faces.num_rows,
        "without_box": faces.num_rows - boxed.num_rows,
        "outside": _violations(inside),
        "units_differ": _violations(same),
    }
    reason = (
        f"Of {faces.num_rows} faces, {numbers['without_box']} have no box, "
        f"{numbers['outside']} have one that is empty or leaves the picture, "
        f"{numbers['units_differ']} have pixels and shares that differ."
    )
    passed = not (numbers["without_box"] or numbers["outside"] or numbers["units_differ"])
    return Outcome(passed, reason, numbers)


def states_have_basis(attributes: pa.Table) -> Outcome:
    """No state is asserted without a probability, and ``num_positive`` counts the positives."""
    without = 0
    positives = pa.chunked_array([pa.repeat(0, attributes.num_rows)])
    for name in ATTRIBUTES:
        state, probability = attributes[name], attributes[probability_column(name)]
        without += _count(pc.and_(pc.is_valid(state), pc.is_null(probability)))
        positives = pc.add(positives, pc.cast(pc.fill_null(state, False), pa.int64()))
    miscounted = _count(pc.not_equal(positives, attributes["num_positive"]))
    reason = (
        f"Of {attributes.num_rows} faces, {without} states have no probability and "
        f"{miscounted} counts of positive attributes are wrong."
    )
    numbers: dict[str, int | float] = {"without_basis": without, "miscounted": miscounted}
    return Outcome(not without and not miscounted, reason, numbers)


def probabilities_vary(attributes: pa.Table, min_faces: int = 20) -> Outcome:
    """No annotator gives every face the same probability; worth a warning, not a block.

    A constant that makes every face negative is none: a face without glasses has no pixel of
    glasses, and therefore always the same low probability.

    Args:
        attributes: Rows of ``face_attributes``.
        min_faces: Fewest faces with a probability from which an attribute is judged.
    """
    constant = []
    for name in ATTRIBUTES:
        has_probability = pc.is_valid(attributes[probability_column(name)])
        column = attributes[probability_column(name)].filter(has_probability)
        is_stuck = len(column) >= min_faces and len(pc.unique(column)) == 1
        if is_stuck and not _all_negative(attributes.filter(has_probability)[name]):
            constant.append(name)
    reason = f"{len(constant)} attributes have one probability for all faces"
    names = f": {', '.join(constant)}" if constant else ""
    return Outcome(not constant, f"{reason}{names}.", {"constant": len(constant)})


def captions_present(llm: pa.Table) -> Outcome:
    """Every accepted, repaired or fallen-back row has a caption, and no other row has one."""
    captioned = pc.is_in(llm["status"], pa.array(["accepted", "repaired", "fell_back"]))
    blank = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(llm["caption"], "")), "")
    absent = _count(pc.and_(captioned, blank))
    stray = _count(pc.and_not(pc.invert(captioned), blank))
    total = _count(captioned)
    reason = f"Of {total} captioned rows {absent} have no caption; {stray} other rows have one."
    numbers: dict[str, int | float] = {"captioned": total, "absent": absent, "stray": stray}
    return Outcome(not absent and not stray, reason, numbers)


def _all_negative(states: pa.ChunkedArray) -> bool:
    return _count(pc.equal(states, False)) == len(states)


def _coordinate(boxes: pa.ChunkedArray, index: int) -> pa.ChunkedArray:
    return pc.cast(pc.list_element(boxes, index), pa.float64())


def _violations(conditions: list[pa.ChunkedArray]) -> int:
    """Rows that break at least one condition; a null never holds."""
    held = conditions[0]
    for condition in conditions[1:]:
        held = pc.and_(held, condition)
    return _count(pc.invert(pc.fill_null(held, False)))


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)
