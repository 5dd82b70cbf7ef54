from math import log2

import pytest

from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.text_coverage import entropy, measure_coverage


@pytest.mark.parametrize(
    ("counts", "bits"),
    [
        ({}, 0.0),
        ({"Male": 0}, 0.0),
        ({"Male": 5}, 0.0),
        ({"Male": 5, "Bald": 5}, 1.0),
        ({str(i): 1 for i in range(40)}, log2(40)),
    ],
)
def test_entropy_of_counts(counts: dict[str, int], bits: float) -> None:
    assert entropy(counts) == pytest.approx(bits)


def test_coverage_compares_what_is_named_with_the_faces_labels(build_home) -> None:
    with open_tables(build_home(shards=1, pictures=16)) as connection:
        found = measure_coverage(
            connection,
            "SELECT face_id, ['Brown_Hair', 'Goatee'] AS attributes FROM template_captions",
        )
    faces = 10
    assert found.captions == faces
    assert found.positive == {
        "Brown_Hair": faces,
        "Smiling": faces,
        "Male": 6,
        "Eyeglasses": 2,
        "Young": 6,
    }
    assert found.named == dict.fromkeys(found.positive, 0) | {"Brown_Hair": faces}
    assert found.share == pytest.approx(10 / 34)
    assert found.named_entropy == 0
    assert found.positive_entropy == pytest.approx(
        -sum(count / 34 * log2(count / 34) for count in (10, 10, 6, 2, 6))
    )


def test_nothing_is_covered_where_no_face_is_labelled(storage) -> None:
    with open_tables(storage) as connection:
        found = measure_coverage(connection, "SELECT face_id, attributes FROM template_captions")
    assert (found.captions, found.positive, found.share) == (0, {}, 0.0)
