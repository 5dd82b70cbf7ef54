from facecaption_assets.shards.opt_out import OptOut

DIGEST = "0a" * 32


def test_entries_are_read_without_comments_and_prefixes(storage) -> None:
    storage.write_text(
        storage.opt_out_list,
        f"\ufeff# on request\n\nmine-00000-00001\t# by mail\nsha256:{DIGEST.upper()}\nhttps://x.org/a.jpg#top\n",
    )
    listed = OptOut.read(storage)
    assert listed.covers("mine-00000-00001")
    assert listed.covers(None, DIGEST)
    assert listed.covers(DIGEST.upper())
    assert listed.covers("https://x.org/a.jpg#top")
    assert not listed.covers("mine-00000-00002", None)


def test_no_list_covers_nothing(storage) -> None:
    assert not OptOut.read(storage)
    assert not OptOut.none().covers("a")
