from dataclasses import replace

import pytest

from facecaption_assets.quality.copied_faces import Copy, Face, find_copies, is_copy, overlap
from facecaption_assets.quality.duplicate_settings import DuplicateSettings

SETTINGS = DuplicateSettings()
BEST = Face("a-0", "a", 0, 0, 0, (0.2, 0.2, 0.6, 0.6))


def bits(number: int) -> int:
    return (1 << number) - 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"short_hash": bits(4), "long_hash": bits(20), "crop_hash": bits(12)}, True),
        ({"short_hash": bits(5)}, False),
        ({"long_hash": bits(21)}, False),
        ({"crop_hash": bits(13)}, False),
        ({"crop_hash": None}, False),
        ({"box": (0.25, 0.2, 0.65, 0.6)}, True),
        ({"box": (0.4, 0.4, 0.8, 0.8)}, False),
        ({"box": (0.6, 0.6, 0.9, 0.9)}, False),
        ({"key": "a"}, False),
    ],
)
def test_all_limits_must_hold(change, expected) -> None:
    other = replace(BEST, face_id="b-0", **({"key": "b"} | change))
    assert is_copy(BEST, other, SETTINGS) is expected
    assert is_copy(other, BEST, SETTINGS) is expected


def test_crops_of_one_tone_agree_with_each_other() -> None:
    flat = replace(BEST, crop_hash=None)
    assert is_copy(flat, replace(flat, face_id="b-0", key="b"), SETTINGS)


def test_a_face_is_not_dropped_because_of_a_dropped_one() -> None:
    chain = [
        replace(BEST, face_id=f"{name}-0", key=name, long_hash=bits(15 * step))
        for step, name in enumerate("abcd")
    ]
    assert find_copies(chain, SETTINGS) == [Copy("b-0", "a-0", 15), Copy("d-0", "c-0", 15)]


def test_a_copy_belongs_to_the_nearest_kept_face_and_among_equals_to_the_best() -> None:
    faces = [
        replace(BEST, face_id="b-0", key="b", long_hash=bits(16)),
        replace(BEST, face_id="c-0", key="c", long_hash=bits(16) << 16),
        replace(BEST, face_id="d-0", key="d", long_hash=bits(6) << 13),
        replace(BEST, face_id="e-0", key="e", long_hash=bits(8) << 12),
    ]
    assert find_copies(faces, SETTINGS) == [Copy("d-0", "b-0", 16), Copy("e-0", "b-0", 16)]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0.0, 0.0, 0.5, 1.0), 1.0),
        ((0.5, 0.0, 1.0, 1.0), 0.0),
        ((0.25, 0.0, 0.75, 1.0), 1 / 3),
        ((0.0, 0.5, 0.5, 1.5), 1 / 3),
    ],
)
def test_overlap_is_intersection_over_union(other, expected) -> None:
    assert overlap((0.0, 0.0, 0.5, 1.0), other) == pytest.approx(expected)
