"""Sliders over grids and what a player tells its script: what is in the page, what is refused, how many bytes."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import player, slider_grid
from helpers.show.widgets import ROOM, STILL
from tests.tags import Tags


class Found:
    """Only what a grid may ask of a Result."""

    def __init__(self, level: float, score: float):
        self.images, self.final = torch.full((1, 3, 40, 40), level), torch.tensor([score])

    def __len__(self):
        return 1


def levels(count: int, size: int = 96) -> torch.Tensor:
    return torch.linspace(0.1, 0.9, count)[:, None, None, None].expand(-1, 3, size, size)


def grid(images=None, rows=None, columns=None, **more):
    images = levels(6) if images is None else images
    rows = {"blur σ": [None, 0.5]} if rows is None else rows
    columns = {"zoom": ["× 1", "× 1.01", "× 1.02"]} if columns is None else columns
    return slider_grid(images, rows, columns, **{"caption": "whole", "alt": "six squares", **more})


def data_of(shown) -> dict:
    """What the page hands to its script."""
    code = shown.html.split("<script>", 1)[1]
    found = re.search(r'"\)?, (\{"(?:down|labels|frames)":)', code)
    return json.JSONDecoder().raw_decode(code, found.start(1))[0]


def stored(attrs: dict) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(attrs["src"].split(",")[1])))


def test_equal_contents_are_equal_bytes_and_others_have_another_key():
    assert grid().html == grid().html
    keys = [re.search('data-pom="([0-9a-f]{12})"', grid(caption=words).html).group(1) for words in ("one", "other")]
    assert keys[0] != keys[1]
    assert f'("{keys[0]}", ' in grid(caption="one").html.split("<script>")[1]
    assert " id=" not in grid().html, "two equal ones on a page would share it"


def test_nothing_is_fetched_and_words_cannot_break_out():
    assert not re.search(r"https?://|import\(|require|fetch|url\(", grid().html)
    nasty = '</script><script>alert("&")</script>'
    page = Tags(grid(caption=nasty).html)
    assert len(page.all("script")) == 1 and nasty in page.text


def test_without_a_script_there_are_pictures_and_words_and_no_dead_control():
    page = Tags(grid().html.split("<script>")[0])
    assert {tag for tag, _ in page.tags} <= {"div", "figure", "img", "p", "figcaption"}
    assert page.all("img") and page.text.endswith(f"whole{STILL}")


def test_what_is_live_is_for_screens_only():
    look = (ROOM / "sliders.css").read_text()
    before, screen = look.split("@media screen{", 1)
    assert "data-live" not in before and "data-live" not in screen.split("@media print{")[1]
    assert "transition" not in look and "animation" not in look, "nothing moves that the reader has not moved"


def test_a_terminal_gets_the_caption():
    assert grid()._repr_mimebundle_()["text/plain"].splitlines()[0] == "whole"


def test_the_script_is_told_names_values_and_how_to_begin():
    given = data_of(grid())
    assert given["across"] == {"name": "zoom", "values": ["× 1", "× 1.01", "× 1.02"]}
    assert given["down"] == {"name": "blur σ", "values": ["none", "0.5"]}
    assert [data_of(grid(whole=whole))["open"] for whole in (False, True)] == ["one", "whole"]


def test_the_window_shows_each_picture_and_nothing_else():
    page = Tags(grid().html)
    sheet = np.asarray(stored(page.all("img")[0]).convert("RGB")).astype(float) / 255
    shape = data_of(grid())["shape"]
    height, width = sheet.shape[:2]
    wide, high = (float(side) for side in shape["shape"].split("/"))
    seen = width * 100 / float(shape["wide"].strip("%"))
    for k, level in enumerate(torch.linspace(0.1, 0.9, 6).tolist()):
        left = round(width * (k % 3 + float(shape["left"])) / 3)
        top = round(height * (k // 3 + float(shape["top"])) / 2)
        window = sheet[top : top + round(seen * high / wide), left : left + round(seen)]
        assert abs(window - level).max() < 0.05, f"picture {k}: its neighbor or the gap is seen"


def test_a_line_names_rows_and_columns_and_the_terminal_every_place():
    shown = grid(words=[f"score {k}" for k in range(6)])
    page = Tags(shown.html)
    line = "From top to bottom, blur σ: none, 0.5; from left to right, zoom: × 1, × 1.01, × 1.02."
    assert line in page.text
    assert data_of(shown)["words"] == [f"score {k}" for k in range(6)]
    assert "blur σ none, zoom × 1: score 0" in shown.text and "blur σ 0.5, zoom × 1.02: score 5" in shown.text
    (img,) = page.all("img")
    assert img["alt"] == "six squares" and img["src"].startswith("data:image/webp;base64,")


def test_results_bring_their_scores():
    shown = slider_grid([Found(0.2, 31.04), Found(0.8, -2.0)], columns={"zoom": [1, 2]}, caption="c", alt="a")
    assert "zoom 1: score 31.0" in shown.text and data_of(shown)["words"][1] == "score \N{MINUS SIGN}2.0"
    assert data_of(shown)["down"]["name"] == "" and "From left to right, zoom: 1, 2." in shown.html


def test_one_slider_may_run_down():
    shown = slider_grid(levels(3), {"layer": ["a", "b", "c"]}, caption="c", alt="a")
    assert data_of(shown)["across"] == {"name": "", "values": [""]}
    assert "From top to bottom, layer: a, b, c." in shown.html


def test_pictures_of_several_sizes_share_a_sheet():
    small, large = levels(1, 24)[0], levels(1, 80)[0]
    sheet = stored(
        Tags(slider_grid([small, large], columns={"block": [1, 2]}, caption="c", alt="a").html).all("img")[0]
    )
    assert 160 <= sheet.width <= 180


def test_a_grid_of_noise_stays_small():
    noise = torch.rand(36, 3, 160, 160, generator=torch.Generator().manual_seed(0))
    steps = list(range(6))
    assert len(slider_grid(noise, {"a": steps}, {"b": steps}, caption="c", alt="a").html) < 600_000
    assert len(grid().html) < 20_000, "script, style and words alone"


def test_the_grid_says_what_is_wrong():
    for images, more, words in (
        (levels(5), {}, "expected 2 by 3 images, row by row, got 5"),
        (levels(6), {"words": ["one"]}, "words for each of 6"),
        (levels(6), {"rows": {"a": [1], "b": [2]}}, "rows: expected a name and its values"),
        ([*levels(5), torch.zeros(3, 96, 48)], {}, "of one shape"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            grid(images, **more)
    with pytest.raises(ValueError, match="nothing to slide along"):
        slider_grid(levels(1), caption="c", alt="a")
    with pytest.raises(TypeError):
        grid(["a picture"] * 6)


# --- the player's spectrum and question ---


class Film:
    """A film of noise that is blurred away, of one image."""

    def __init__(self):
        noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        self.frame_steps = [0, 5, 10]
        soft = [noise] + [torch.nn.functional.avg_pool2d(noise, 2 * k + 1, 1, k) for k in (1, 3)]
        self.frames = (torch.stack(soft) * 255).byte()
        self.images, self.scores, self.final = soft[-1], torch.arange(10.0)[:, None], torch.tensor([10.0])

    def __len__(self):
        return 1

    def caption(self, i=0):
        return "noise = 10.0"


def test_the_spectrum_follows_the_frame():
    film = data_of(player(Film()))
    across, spectra = film["across"], film["spectra"]
    assert across == sorted(across) and {len(ys) for ys in spectra} == {len(across)} and len(spectra) == 3
    fine = [ys[-3] for ys in spectra]
    assert fine == sorted(fine) and fine[2] > fine[0] + 10, "a blur takes power from the fine end; y counts downward"
    lines = Tags(film["plots"]).all("polyline")
    shown = [[float(point.split(",")[1]) for point in line["points"].split()] for line in lines[1:]]
    assert shown == [spectra[0], spectra[-1]], "behind, the first frame's; before it, the last's"


def test_a_question_is_asked_by_the_script_alone():
    shown = player(Film(), predict="Blur <or> noise?")
    assert data_of(shown)["predict"] == "Blur <or> noise?" and "noise?" not in shown.html.split("<script>")[0]
    assert "predict" not in data_of(player(Film()))
