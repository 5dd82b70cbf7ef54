import pytest

from facecaption_assets.rewriting.choosing import Candidate, best_accepted, most_repairable
from facecaption_assets.rewriting.verification import Verdict

DRAFT = "The woman has brown hair. She is smiling."


def accepted(text: str) -> Candidate:
    return Candidate(text, Verdict(True))


def rejected(text: str, reason: str) -> Candidate:
    return Candidate(text, Verdict(False, reason))


@pytest.mark.parametrize(
    ("texts", "best"),
    [
        ([DRAFT, "A smiling woman with brown hair."], 1),
        (["A smiling woman with brown hair.", DRAFT], 0),
        (["A woman who is smiling has brown hair.", "Brown-haired, a woman smiles."], 1),
        (["She is a woman and she is smiling.", DRAFT], 1),
        (["A woman smiles.", "A woman smiles."], 0),
        (["A woman smiles."], 0),
        (["Hm.", DRAFT], 0),
    ],
)
def test_the_answer_that_repeats_itself_and_the_draft_least_is_taken(
    texts: list[str], best: int
) -> None:
    candidates = [accepted(text) for text in texts]
    assert best_accepted(candidates, DRAFT) is candidates[best]


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        ([], None),
        ([("", "too_short")], None),
        ([("", "too_short"), ("No.", "too_short")], 1),
        ([("I'm sorry.", "refusal"), ("A sad woman.", "unlicensed_word:sad")], 1),
        ([("A sad woman.", "unlicensed_word:sad"), ("A woman.", "missing_attribute:Young")], 0),
        ([("Sure: a woman.", "prompt_echo:sure"), ("<b>", "markup")], 0),
    ],
)
def test_the_first_answer_that_is_a_caption_is_worth_repairing(
    answers: list[tuple[str, str]], chosen: int | None
) -> None:
    candidates = [rejected(text, reason) for text, reason in answers]
    expected = None if chosen is None else candidates[chosen]
    assert most_repairable(candidates) is expected
