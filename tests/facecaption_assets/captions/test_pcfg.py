import random
from collections import Counter

import pytest

from facecaption_assets.captions.pcfg import Choices, Grammar, Production, SeededSource, enumerated

TINY = Grammar(
    {
        "caption": (Production("<who> <does>.", 3), Production("<who> and <who> <does>.")),
        "who": (Production("a"), Production("a b")),
        "does": (Production("b"), Production("b and a")),
    }
)


def test_every_drawn_text_is_recognised() -> None:
    for seed in range(200):
        assert TINY.recognises(TINY.sample(random.Random(seed)))


@pytest.mark.parametrize("text", ["", "a b", "a.", "b a.", "a b. ", "a and b.", " a b."])
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not TINY.recognises(text)


def test_an_ambiguous_prefix_is_recognised() -> None:
    assert TINY.recognises("a b b and a.")


def test_equal_generators_draw_equal_texts() -> None:
    assert [TINY.sample(random.Random(7)) for _ in range(3)] == [TINY.sample(random.Random(7))] * 3


def test_weights_are_relative_frequencies() -> None:
    grammar = Grammar({"caption": (Production("x", 3), Production("y", 1))})
    rng = random.Random(0)
    counts = Counter(grammar.sample(rng) for _ in range(4000))
    assert counts["x"] / 4000 == pytest.approx(0.75, abs=0.03)


def test_a_symbol_without_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="hair"):
        Grammar({"caption": (Production("<hair>."),)})


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (["a hat"], "a hat"),
        (["a hat", "a tie"], "a hat and a tie"),
        (["a hat", "glasses", "a tie"], "a hat, glasses, and a tie"),
    ],
)
def test_lists_are_punctuated_as_in_english(items: list[str], text: str) -> None:
    assert enumerated(items) == text


def test_weights_of_choices_are_relative_frequencies() -> None:
    choices = Choices([("x", 0.3), ("y", 0.1)])
    rng = random.Random(0)
    counts = Counter(choices.draw(rng) for _ in range(4000))
    assert counts["x"] / 4000 == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("weighted", [[], [("x", 0.0)], [("x", 1.0), ("y", -1.0)]])
def test_choices_need_alternatives_that_can_be_drawn(weighted: list[tuple[str, float]]) -> None:
    with pytest.raises(ValueError, match="weights above 0"):
        Choices(weighted)


def test_a_seeded_source_is_uniform_and_never_ends() -> None:
    source = SeededSource("a face")
    numbers = [source.random() for _ in range(4000)]
    assert min(numbers) >= 0 and max(numbers) < 1 and len(set(numbers)) > 3990
    shares = Counter(int(number * 10) for number in numbers)
    assert all(share / 4000 == pytest.approx(0.1, abs=0.02) for share in shares.values())


def test_a_seeded_source_depends_on_its_seed_alone() -> None:
    first, same, other = (SeededSource(seed).random() for seed in ("a", "a", "b"))
    assert first == same != other
