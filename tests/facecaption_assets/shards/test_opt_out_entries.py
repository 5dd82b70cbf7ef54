import pytest
from yarl import URL

from facecaption_assets.shards.opt_out_entries import Kind, canonical_url, parse_line
from tests.opt_out_cases import HASH, SUM, USELESS


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("mine-00000-00007", Kind.KEY),
        ("laion-face-03-00000-00007-12", Kind.FACE_ID),
        ("https://example.org/a.jpg", Kind.URL),
        ("file:///a.jpg", Kind.URL),
        ("example.org", Kind.DOMAIN),
        ("domain:example", Kind.DOMAIN),
        (SUM, Kind.SHA256),
        (f"phash:{HASH}", Kind.PHASH),
    ],
)
def test_kinds_are_told_apart_by_their_form(line, kind) -> None:
    assert parse_line(line).kind is kind


@pytest.mark.parametrize("line", ["", "  \n", "# nobody", "\t# nor here"])
def test_comments_and_blanks_are_no_entries(line) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize("line", USELESS)
def test_a_line_that_would_leave_nothing_out_is_an_error(line) -> None:
    with pytest.raises(ValueError, match=r"is not|host|distance"):
        parse_line(line)


@pytest.mark.parametrize(
    "url",
    [
        "HTTP://Example.com:80/a#b",
        "https://u:p@Bücher.example:443/ä b?q=%7e%2f|x^",
        "http://faß.de/",
        "http://[::1]:8080/a",
        "http://x.org/a%20b+c%zz[1]",
        "http://x.org?x",
    ],
)
def test_a_url_is_the_same_one_after_the_http_client_has_written_it(url) -> None:
    assert canonical_url(str(URL(url))) == canonical_url(url)
