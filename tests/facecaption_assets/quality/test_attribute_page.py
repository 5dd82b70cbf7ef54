import json
from dataclasses import asdict, replace

from facecaption_assets.attributes.evaluation import Evaluation, GroupScores, Miss, Score
from facecaption_assets.quality.attribute_page import read_evaluation, write_attribute_page
from facecaption_assets.storage import Storage

SCORE = Score("Wearing_Hat", 12, 4, 9, 0.75, 0.5, 8 / 9, None, 0.9, 0.125)
EVALUATION = Evaluation(
    faces=12,
    judged=11,
    scores=[SCORE],
    by_attribute_group=[replace(SCORE, name="accessories")],
    by_people=[GroupScores("sex", "<b>", 5, [SCORE], replace(SCORE, name="<b>"))],
    misses=[Miss("x<script>-0", "Wearing_Hat", False, 0.97)],
)


def test_page_shows_numbers_and_misses_and_escapes_what_is_not_ours(storage: Storage) -> None:
    paths = write_attribute_page(storage, EVALUATION, "mine", "Pictures of <folder>")
    page = paths.page.read_text(encoding="utf-8")
    assert "Pictures of &lt;folder&gt;: 12 labelled, 11 of them judged" in page
    assert "Wearing Hat" in page
    assert "75%" in page
    assert "0.125" in page
    assert "x&lt;script&gt;-0" in page
    assert "<script>" not in page
    assert 'href="mine.json"' in page
    assert page.count("<td>mean</td>") == 1


def test_numbers_are_read_as_they_were_written(storage: Storage) -> None:
    paths = write_attribute_page(storage, EVALUATION, "mine", "Mine")
    assert paths.numbers == storage.reports / "attributes" / "mine.json"
    assert json.loads(paths.numbers.read_text()) == asdict(EVALUATION)
    assert read_evaluation(storage, "mine") == EVALUATION


def test_evaluation_of_nothing_says_what_to_do(storage: Storage) -> None:
    empty = Evaluation(0, 0, [], [], [], [])
    paths = write_attribute_page(storage, empty, "dataset", "Faces of the dataset")
    page = paths.page.read_text(encoding="utf-8")
    assert "evaluate-attributes --images DIR --labels FILE" in page
    assert "<table>" not in page
