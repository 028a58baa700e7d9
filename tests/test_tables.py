"""Tables that code wrote: what a page shows, what a terminal prints, what is refused."""

from __future__ import annotations

import pytest
import torch

from helpers import show_table
from tests.tags import Tags

ROWS = [
    {"recipe": "clear", "share": 0.5, "rank": torch.tensor(1), "seen": True},
    {"recipe": "`visualize`", "share": -1e-5, "rank": 1234, "seen": False},
    {"recipe": "<b>none</b>", "share": None, "rank": 3},
]


ALLOWED = {"figure", "div", "table", "thead", "tbody", "tr", "th", "td", "code", "figcaption"}


def sides(html: str, tag: str) -> list[str]:
    return [attrs["style"].split(";")[0].removeprefix("text-align:") for attrs in Tags(html).all(tag)]


def test_columns_are_aligned_by_what_is_in_them():
    html = show_table(ROWS).html
    assert sides(html, "th") == ["left", "right", "right", "left"]
    assert sides(html, "td")[:4] == sides(html, "th")


def test_numbers_are_printed_by_their_format_and_as_in_a_book():
    text = repr(show_table(ROWS, formats={"share": ".1e"}, caption="seed 0, lr 1e-05"))
    assert text.splitlines() == [
        "recipe             share   rank  seen",
        "clear               0.50      1  yes",
        "`visualize`  −1.0\u00a0×\u00a010⁻⁵  1,234  no",
        "<b>none</b>                   3",
        "seed\u00a00, lr 10⁻⁵",
    ]


@pytest.mark.parametrize(
    ("cell", "formats", "printed"),
    [
        (0.123456, None, "0.123"),
        (0.5, ".1%", "50.0%"),
        (1234567, None, "1,234,567"),
        (1234567, ".1f", "1,234,567"),  # one format for all is for numbers that are no integers
        (1234567, {"a": ".1e"}, "1.2\u00a0×\u00a010⁶"),
        (torch.tensor(0.25), ".2f", "0.25"),
        (torch.tensor(True), ".2f", "yes"),
        (None, ".2f", ""),
        ("3 of 10", ".2f", "3 of 10"),
        (0, {"a": "d"}, "0"),
        (float("nan"), ".1f", "nan"),
    ],
)
def test_a_cell(cell, formats, printed):
    assert repr(show_table([{"a": cell}], formats=formats)).split("\n")[1] == printed


@pytest.mark.parametrize(
    ("cells", "side"),
    [
        ([1, 2.5, None], "right"),
        (["3 of 10", "±2", "<0.1%", "−4"], "right"),
        (["1", "one"], "left"),
        (["-", "-"], "left"),
        ([None, None], "left"),
        ([True, False], "left"),
        ([float("nan"), 1.0], "right"),
        ([float("-inf"), 1.0], "right"),
    ],
)
def test_the_side_of_a_column(cells, side):
    assert sides(show_table([[cell] for cell in cells], ["a"]).html, "th") == [side]


def test_rows_may_be_sequences_with_a_header_and_dicts_may_lack_a_cell():
    assert repr(show_table([("a", 1), ("b", 2)], ["name", "n"])) == "name  n\na     1\nb     2"
    assert repr(show_table([{"a": 1}, {"b": 2}])) == "a  b\n1\n   2"
    assert repr(show_table([{"a": 1, "b": 2}], ["b"])) == "b\n2"


def test_words_are_escaped_and_backticks_are_code():
    html = show_table(ROWS, caption="<script>").html
    page = Tags(html)
    assert not page.all("b") and not page.all("script") and "<b>none</b>" in page.text
    assert html.count("<code>visualize</code>") == 1


def test_nothing_that_an_untrusted_notebook_loses():
    html = show_table(ROWS, caption="all of it").html
    assert {tag for tag, _ in Tags(html).tags} <= ALLOWED
    assert all(set(attrs) <= {"class", "style"} for _, attrs in Tags(html).tags)


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        ([], {}, "no rows"),
        ([(1, 2)], {}, "want a header"),
        ([(1, 2)], {"header": ["a"]}, "one cell for each of 1 columns"),
        (["ab"], {"header": ["a", "b"]}, "one cell for each"),
        ([{"a": 1}], {"formats": {"b": ".1f"}}, "no column"),
    ],
)
def test_what_is_refused(rows, more, says):
    with pytest.raises(ValueError, match=says):
        show_table(rows, **more)
