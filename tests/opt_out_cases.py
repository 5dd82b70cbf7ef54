"""Lines of an opt-out list and what they mean, for both packages that read one."""

SUM = "0A" * 32
HASH = "8F0F00FF12345678"

#: Line → an identifier that it covers.
COVERED = [
    ("mine-00000-00007", "mine-00000-00007"),
    ("  mine-00000-00007-1\t# by mail", "mine-00000-00007-1"),
    (SUM, SUM.lower()),
    (f"sha256:{SUM}  # of the file", SUM.lower()),
    (SUM.lower(), SUM),
    ("file:///pictures/ä b.jpg", "file:///pictures/ä b.jpg"),
    ("HTTP://Example.com:80/a#b", "http://example.com/a"),
    ("http://example.com/a", "HTTP://user@EXAMPLE.com.:80/a#top"),
    ("https://example.org/a.jpg#top # asked", "https://example.org:443/a.jpg"),
    ("https://example.org", "https://example.org/#x"),
    ("https://example.org?q=1", "https://example.org/?q=1"),
    ("https://example.org/ä b.jpg", "https://example.org/%c3%A4%20b.jpg"),
    ("https://example.org/%7Ea", "https://example.org/~a"),
    ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
    ("http://[::1]:8080/a", "http://[::1]:8080/a"),
    ("domain:example.com", "https://example.com/a.jpg"),
    ("example.com", "https://cdn.IMG.Example.com.:8443/a.jpg"),
    ("*.Example.com:443", "http://example.com/"),
    ("domain: .bücher.example.", "https://www.xn--bcher-kva.example/a"),
    ("domain:intranet", "http://intranet/a.jpg"),
    ("203.0.113.7", "http://203.0.113.7:8080/a.jpg"),
]

#: Line → an identifier that looks like it and is another one's.
NOT_COVERED = [
    ("mine-00000-00007", "mine-00000-00007-0"),
    ("mine-00000-00007-1", "mine-00000-00007-11"),
    ("https://example.org/A.jpg", "https://example.org/a.jpg"),
    ("https://example.org/a.jpg", "http://example.org/a.jpg"),
    ("https://example.org/a.jpg", "https://example.org/a.jpg?size=2"),
    ("https://example.org:8443/a.jpg", "https://example.org/a.jpg"),
    ("example.com", "https://badexample.com/a.jpg"),
    ("example.com", "https://example.com.evil.org/a.jpg"),
    ("example.com", "https://example.org/example.com"),
    ("cdn.example.com", "https://example.com/a.jpg"),
    ("# example.com", "https://example.com/a.jpg"),
]

#: Line → a perceptual hash, and whether it is covered.
PERCEPTUAL = [
    (f"phash:{HASH}", HASH.lower(), True),
    (f"phash:{HASH}", "8f0f00ff12345687", True),
    (f"phash:{HASH}", "8f0f00ffedcba987", False),
    (f"phash:{HASH}/0", "8f0f00ff12345679", False),
    (f"phash: {HASH.lower()}/1 # strict", "8f0f00ff12345679", True),
]

#: Lines that name nothing: each would leave nothing out.
USELESS = [
    "localhost",
    "somebody",
    "two words",
    "photo.jpg",
    "example.com/a.jpg",
    "/pictures/a.jpg",
    "mine-0-7",
    "ab" * 31,
    "sha256:ab",
    "phash:ab",
    f"phash:{HASH}/17",
    "phash:" + "ab" * 32,
    "http:///a.jpg",
    '"https://example.com/a.jpg"',
    "<https://example.com/a.jpg>",
    "htps://example.com/a.jpg",
    "ftp://example.com/a.jpg",
    "example.com https://example.com/a.jpg",
    "file://",
    "https://exa mple.com/a.jpg",
    "domain:",
    "domain:exa_mple..com",
]

#: Entry → a row of pictures that were brought along, and whether it is covered.
ROWS = [
    ("https://a.example/1.jpg", {"metadata": '{"url": "https://a.example/1.jpg"}'}, True),
    ("a.example", {"metadata": '{"URL": "https://a.example/1.jpg"}'}, True),
    (SUM, {"metadata": f'{{"sha256": "{SUM.lower()}"}}'}, True),
    ("b.example", {"metadata": '{"other_urls": ["https://b.example/2", null]}'}, True),
    ("b.example", {"metadata": '{"caption": "see b.example"}'}, False),
    ("b.example", {"metadata": None}, False),
    ("b.example", {"final_url": "https://b.example/2"}, True),
    (f"phash:{HASH}", {"phash": HASH.lower()}, True),
]
