"""Numbers as a book prints them."""

from __future__ import annotations

import pytest
import torch

from helpers import new_figure, show_images, show_plot, show_text
from helpers.show.typography import typeset


@pytest.mark.parametrize(
    ("python", "book"),
    [
        ("1e-05", "10⁻⁵"),
        ("1.0e-05", "1.0\u00a0×\u00a010⁻⁵"),
        ("7.4e-04", "7.4\u00a0×\u00a010⁻⁴"),
        ("-3e+08.", "−3\u00a0×\u00a010⁸."),
        ("5e-02", "0.05"),
        ("2.50e-03", "0.00250"),
        ("3.1e+01", "31"),
        ("1.23e+01", "12.3"),
        ("they differ by 0.0e+00", "they differ by 0"),
        ("-0.00, -0, (-0.0)", "0.00, 0, (0.0)"),
        ("-0.004 and [-1, 1], -.5", "−0.004 and [−1, 1], −.5"),
        ("e^-723, 1/f^2, 1/f^1.98", "e⁻⁷²³, 1/f², 1/f¹·⁹⁸"),
        ("**-2** | -3 |", "**−2** | −3 |"),
        ("the walk's end, the judges' ranks, 'clear'", "the walk’s end, the judges’ ranks, 'clear'"),
        ("128 steps, seed 0, no. 7, σ = 0.7", "128\u00a0steps, seed\u00a00, no.\u00a07, σ\u00a0=\u00a00.7"),
    ],
)
def test_numbers_are_set_as_in_a_book(python, book):
    assert typeset(python) == book


@pytest.mark.parametrize(
    "text",
    [
        "top-1, 3-5, 2026-11-22, VGG-16, a pages 7-9, x-1",
        "`ascend(x, lr=-1e-05)` and $10^{-5} - x^2$ and $$e^-1$$",
        "[the note](notes-1e-05-2.html) <a href='-1'> https://a.org/x^2/-1",
        "0x1e5 and conv-1e5b and a^b",
        "```\nx = -1e-05\n```",
    ],
)
def test_what_is_no_number_stays(text):
    assert typeset(text) == text


def test_setting_twice_is_setting_once():
    text = "7.4e-04, -0.00, -1.5, e^-723"
    assert typeset(typeset(text)) == typeset(text)


def test_whatever_a_page_shows_is_set():
    shown = show_images(torch.rand(1, 3, 8, 8), ["score -1.5"], caption="1e-05 apart", alt="-2")
    assert "score −1.5<" in shown.html and "10⁻⁵ apart<" in shown.html and 'alt="−2: score −1.5"' in shown.html
    assert show_text("`-1` is -1").data == "`-1` is −1"
    fig, ax = new_figure()
    ax.plot([0, 1], label="rate 1e-05")
    ax.set(title="-0.00")
    legend = ax.legend()
    show_plot(fig, caption="a line", alt="a line")
    assert ax.get_title() == "0.00" or ax.get_title(loc="left") == "0.00"
    assert legend.get_texts()[0].get_text() == "rate 10⁻⁵"


def test_a_caption_may_be_a_text_over_several_lines():
    text = """A caption that code
        wraps, at step 3, seed
        7."""
    shown = show_images(torch.rand(1, 3, 8, 8), caption=text, alt=text)
    assert shown.html.count("A caption that code wraps, at step 3, seed\N{NO-BREAK SPACE}7.") == 2
