import pytest

from facecaption_assets.shards.downloading.robots_tag import refusing_directive


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        ([""], None),
        (["all"], None),
        (["nofollow, noarchive"], None),
        (["noai"], "noai"),
        (["NoAI, NoImageAI"], "noai"),
        (["nofollow, noimageindex"], "noimageindex"),
        (["noml"], "noml"),
        (["none"], "none"),
        (["nofollow", "noindex"], "noindex"),
        (["googlebot: noindex, noai"], None),
        (["facecaption: noindex"], "noindex"),
        (["FaceCaption : nofollow, noai"], "noai"),
        (["*: noai"], "noai"),
        (["googlebot: noindex, facecaption: noai"], "noai"),
        (["googlebot: noindex", "noml"], "noml"),
        (["unavailable_after: 25 Jun 2010 15:00:00 PST, noai"], "noai"),
        (["max-image-preview: none"], None),
    ],
)
def test_the_first_directive_that_is_for_us_and_refuses(headers, found) -> None:
    assert refusing_directive(headers, "facecaption") == found
