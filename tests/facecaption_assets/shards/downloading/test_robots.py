import gzip

import pytest

from tests.fault_server import response

RULES = b"""
User-agent: *
Disallow: /

User-agent: FaceCaption
Disallow: /ok
Allow: /ok/public
Disallow: /ok/public/*.jpg$
"""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/403", "denied"),
        ("/ok/a.jpg", "robots_disallowed"),
        ("/ok/public/a.png", "success"),
        ("/ok/public/a.jpg", "robots_disallowed"),
    ],
)
def test_the_longest_rule_of_our_own_group_decides(server, fetch, path, status) -> None:
    server.robots = response("200 OK", RULES)
    assert fetch(path)["status"] == status


def test_rules_for_everybody_hold_for_another_name(server, fetch) -> None:
    server.robots = response("200 OK", RULES)
    assert fetch("/ok/public/a.png", user_agent="mine/1")["status"] == "robots_disallowed"


def test_a_compressed_file_is_read_within_bounds(server, fetch) -> None:
    packed = gzip.compress(b"User-agent: *\nDisallow: /ok\n" + bytes(10**7))
    server.robots = response("200 OK", packed, "Content-Encoding: gzip")
    assert fetch("/ok/a.jpg")["status"] == "robots_disallowed"


def test_a_robots_txt_that_leads_in_circles_counts_as_absent(server, fetch) -> None:
    server.robots = response("302 Found", b"", "Location: /robots.txt")
    assert fetch("/ok/a.jpg")["status"] == "success"


def test_a_redirect_is_judged_by_the_rules_too(server, fetch) -> None:
    server.robots = response("200 OK", b"User-agent: *\nDisallow: /ok\n")
    row = fetch("/to_ok")
    assert (row["status"], server.asked["/ok/target.jpg"]) == ("robots_disallowed", 0)
