import base64
import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from facecaption_assets.quality.plots import Line, as_markdown, as_svg, bars, histogram, lines

EDGES, COUNTS = [0.0, 1.0, 2.0, 3.0], [1, 5, 2]


def test_a_plot_takes_text_and_colours_from_its_page() -> None:
    svg = as_svg(histogram(EDGES, COUNTS, "words"), "words", "Words per caption")
    assert "var(--line-1)" in svg and "currentColor" not in svg.partition(">")[0]
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert ">words</text>" in svg and "font-family: inherit" in svg
    assert "<style" not in svg and "<?xml" not in svg and "http" not in svg


def test_a_plot_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    svg = as_svg(histogram(EDGES, COUNTS, "words"), "words", 'Words of "A & B"')
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'Words of "A & B"'
    assert root.attrib.keys() == {"viewBox", "role", "aria-label"}


def test_ids_of_two_plots_of_a_page_differ() -> None:
    plots = [as_svg(histogram(EDGES, COUNTS, "words"), name, name) for name in ("one", "two")]
    one, two = (set(re.findall(r'\bid="([^"]+)"', svg)) for svg in plots)
    assert one and two and not one & two
    for svg in plots:
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)
        assert {a or b for a, b in used} <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_the_same_numbers_give_the_same_plot() -> None:
    drawn = [as_svg(histogram(EDGES, COUNTS, "words"), "words", "w") for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_marks_beyond_the_axis_are_left_out() -> None:
    svg = as_svg(histogram(EDGES, COUNTS, "px", {"Theirs": 1.5, "Others": 99}), "px", "px")
    assert ">Theirs</text>" in svg and "Others" not in svg


def test_bars_stand_in_the_given_order_with_their_labels() -> None:
    svg = as_svg(bars({"planned": 30, "fetched": 20}, {"fetched": "20 of 30"}), "bars", "b")
    heights = {}
    for name in ("planned", "fetched"):
        found = re.search(rf'<text [^>]*y="([\d.]+)"[^>]*>{name}</text>', svg)
        assert found
        heights[name] = float(found[1])
    assert heights["planned"] < heights["fetched"]
    assert ">30</text>" in svg and ">20 of 30</text>" in svg


def test_a_histogram_of_nothing_is_still_a_plot() -> None:
    assert as_svg(histogram(EDGES, [0, 0, 0], "words"), "none", "none").startswith("<svg")


def test_lines_are_named_and_told_apart() -> None:
    series = [Line("alt text", [(1, 1), (10, 8)]), Line("template", [(1, 1), (10, 2)])]
    svg = as_svg(lines(series, "captions", "words"), "growth", "growth")
    assert ">alt text</text>" in svg and ">template</text>" in svg
    assert "var(--line-1)" in svg and "var(--line-2)" in svg


def test_logarithmic_axes_leave_out_what_they_cannot_show() -> None:
    series = [Line("a", [(0, 0), (1, 1), (10, 100)])]
    assert as_svg(lines(series, "x", "y", log=True), "log", "log").startswith("<svg")


def test_more_lines_than_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="5 lines cannot be told apart; 4 can"):
        lines([Line(str(n), [(0, 1)]) for n in range(5)], "x", "y")


def test_markdown_holds_the_picture_itself() -> None:
    text = as_markdown(bars({"planned": 30}), "What was kept")
    found = re.fullmatch(r"!\[What was kept\]\(data:image/png;base64,([\w+/=]+)\)", text)
    assert found
    assert Image.open(io.BytesIO(base64.b64decode(found[1]))).width > 300
