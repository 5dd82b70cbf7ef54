import json

import pytest

from facecaption_assets.shards.origins import original_identifiers


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"url": "http://a/", "sha256": "ab", "place": "Ulm"}, ["http://a/", "ab"]),
        ({"URL": "http://a/", "other_urls": ["http://b/", 5]}, ["http://a/", "http://b/"]),
        ({"url": 5, "sha256": None}, []),
        ({}, []),
        (None, []),
    ],
)
def test_what_a_picture_was_called_before(metadata, found) -> None:
    assert original_identifiers(json.dumps(metadata)) == found


def test_a_picture_without_metadata_was_called_nothing() -> None:
    assert original_identifiers(None) == []
