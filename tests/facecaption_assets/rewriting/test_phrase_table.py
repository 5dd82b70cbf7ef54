from facecaption_assets.rewriting.phrase_table import PhraseTable, expand

TABLE = PhraseTable({"bags": ["bags? under|below the eyes"], "eyes": ["eyes", "narrow eyes"]})
WORDS = ["with", "bags", "under", "the", "eyes"]


def test_a_pattern_stands_for_all_its_phrases() -> None:
    assert expand("a? five|5 o'clock_shadow") == [
        ("a", "five", "o'clock", "shadow"),
        ("a", "5", "o'clock", "shadow"),
        ("five", "o'clock", "shadow"),
        ("5", "o'clock", "shadow"),
    ]


def test_the_longest_phrase_is_found_from_either_end() -> None:
    assert TABLE.starting(WORDS, 1) == (5, "bags")
    assert TABLE.ending(WORDS, 5) == (1, "bags")


def test_nothing_is_found_elsewhere() -> None:
    assert TABLE.starting(WORDS, 0) is None
    assert TABLE.starting(WORDS, 9) is None
    assert TABLE.ending(WORDS, 0) is None
    assert TABLE.ending(WORDS, 3) is None
