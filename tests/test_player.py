"""The player's page, frame by frame, and films as GIF files."""

from __future__ import annotations

import base64
import io
import json
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.show.films import save_gif
from helpers.show.player import player
from helpers.show.widgets import ROOM, STILL
from tests.tags import Tags


class Film:
    """Only what the player may ask of a Result: an image that brightens as its score rises, and its negative."""

    def __init__(self, frames: int = 5, steps: int = 40, count: int = 2, size: int = 24):
        self.frame_steps = [round(k * steps / max(frames - 1, 1)) for k in range(frames)]
        gray = torch.tensor(self.frame_steps).float() * 200 / steps
        self.frames = gray[:, None, None, None, None].expand(-1, count, 3, size, size).round().byte()
        self.frames[:, 1:] = 255 - self.frames[:, 1:]
        self.images = self.frames[-1].float() / 255 if frames else torch.zeros(count, 3, size, size)
        self.scores = torch.arange(float(steps))[:, None] * torch.tensor([1.0, -1.0])[:count]
        self.final = torch.tensor([99.0, -99.0])[:count]

    def __len__(self):
        return len(self.images)

    def caption(self, i=0):
        return f"film {i}"


def data_of(shown) -> dict:
    """The frames, dots, labels and plots that the page hands to its script."""
    code = shown.html.split("<script>", 1)[1]
    return json.JSONDecoder().raw_decode(code, code.index('{"frames":'))[0]


def brightness(data: str) -> float:
    image = Image.open(io.BytesIO(base64.b64decode(data.split(",")[-1]))).convert("L")
    return float(np.asarray(image).mean())


def test_without_a_script_the_last_frame_stands_with_its_score_and_caption_and_nothing_else():
    page = Tags(player(Film()).html.split("<script>")[0])
    assert {tag for tag, _ in page.tags} == {"div", "figure", "img", "p", "figcaption"}, "no control that is dead"
    (img,) = page.all("img")
    assert img["alt"] == "film 0" and brightness(img["src"]) == pytest.approx(200, abs=2)
    assert page.text == f"step 40 of 40, score 99.0film 0{STILL}"


def test_frames_come_in_order_with_their_steps_and_scores():
    film = data_of(player(Film()))
    levels = [brightness(frame) for frame in film["frames"]]
    assert levels == pytest.approx([0, 50, 100, 150], abs=2), "the last frame is the still itself"
    assert film["labels"][0] == "step 0 of 40, score 0.0"
    assert film["labels"][1] == "step 10 of 40, score 10.0"
    assert film["labels"][-1] == "step 40 of 40, score 99.0"
    xs, ys = zip(*film["dots"], strict=True)
    assert list(xs) == sorted(xs) and list(ys) == sorted(ys, reverse=True), "the dot moves right and up"


def test_i_chooses_the_image_and_its_score():
    shown = player(Film(), 1)
    assert data_of(shown)["labels"][1] == "step 10 of 40, score \N{MINUS SIGN}10.0"
    assert brightness(data_of(shown)["frames"][0]) == pytest.approx(255, abs=2)
    assert shown._repr_mimebundle_()["text/plain"] == "film 1"


def test_the_last_score_says_that_it_was_seen_without_views():
    film = Film()
    film.settings = {"views": ["jitter(8)"]}
    labels = data_of(player(film))["labels"]
    assert labels[-1] == "step 40 of 40, score 99.0, without views" and "views" not in labels[-2]


def test_the_curve_passes_through_the_dots():
    page = Tags(data_of(player(Film()))["plots"])
    points = page.all("polyline")[0]["points"].split()
    assert [f"{x},{y}" for x, y in data_of(player(Film()))["dots"]] == [points[k] for k in (0, 10, 20, 30, 40)]


def test_a_second_quantity_is_followed_under_the_score_in_place_of_the_spectrum():
    belief = [0.001, 0.25, 0.5, 0.25, 1.0]
    shown = player(Film(), also={"the judge's <belief>": belief}, score="margin")
    assert data_of(shown)["labels"][2] == "step 20 of 40, margin 20.0; the judge’s <belief> 0.500"
    assert "spectra" not in data_of(shown) and 'class="pom-spectrum"' not in data_of(shown)["plots"]
    plots = data_of(shown)["plots"]
    page = Tags(plots)
    (plot,) = [attrs for attrs in page.all("svg") if attrs.get("role") == "img"]
    assert plot["aria-label"].startswith("Margin: 0.0 at the start, 99.0 at the end; the judge’s <belief>: 0.0")
    first, second = [[tuple(map(float, p.split(","))) for p in line["points"].split()] for line in page.all("polyline")]
    assert [x for x, _ in second] == [x for x, _ in data_of(shown)["dots"]], "on the steps of the score"
    ys = [y for _, y in second]
    assert ys[4] < ys[2] < ys[1] == ys[3] < ys[0], "the more, the higher"
    assert min(ys) > max(y for _, y in first), "the curves cross"
    (now,) = [line for line in page.all("line") if line.get("class") == "pom-now"]
    assert float(now["y2"]) == max(ys) and float(now["y1"]) == min(y for _, y in first), "one line through both"
    assert float(plot["viewbox"].split()[3]) > max(ys)
    assert "<belief>" not in plots, "its name is words, not markup"
    assert player(Film(), also={"</script>": belief}).html.count("</script>") == 1


@pytest.mark.parametrize("also", [{}, {"a": [1.0]}, {"a": [1.0] * 5, "b": [1.0] * 5}, {"a": [1, 2, 3, 4, math.nan]}])
def test_a_second_quantity_has_a_value_for_each_frame(also):
    with pytest.raises(ValueError, match="a name and 5 finite values"):
        player(Film(), also=also)


def test_frames_may_be_stored_wider():
    film = Film(frames=3, size=400)
    film.frames = torch.randint(0, 256, (3, 1, 3, 50, 50), generator=torch.Generator().manual_seed(0)).byte()
    film.frames = film.frames.repeat_interleave(8, dim=3).repeat_interleave(8, dim=4)
    film.scores, film.final, film.images = film.scores[:, :1], film.final[:1], film.images[:1]

    def stored(**options):
        return Image.open(io.BytesIO(base64.b64decode(data_of(player(film, **options))["frames"][0]))).width

    assert (stored(), stored(width=380)) == (256, 380)
    assert 'width="380" height="380"' in player(film, width=380).html


def test_keys_depend_on_the_content_and_on_nothing_else():
    assert player(Film()).html == player(Film()).html
    others = ((Film(),), (Film(), 1), (Film(6),))
    assert len({re.search('data-pom="([0-9a-f]{12})"', player(*film).html).group(1) for film in others}) == 3


def test_thirty_frames_of_noise_stay_small():
    film = Film(frames=30, count=1, size=8)
    film.frames = torch.randint(0, 256, (30, 1, 3, 300, 300), generator=torch.Generator().manual_seed(0)).byte()
    shown = player(film)
    assert len(shown.html) < 600_000
    first = Image.open(io.BytesIO(base64.b64decode(data_of(shown)["frames"][0])))
    assert 150 < first.width <= 256


def test_words_cannot_break_out_of_the_page():
    nasty = '</script><script>alert("&")</script>'
    shown = player(Film(), caption=nasty, alt=nasty)
    page = Tags(shown.html)
    assert len(page.all("script")) == 1
    assert page.all("img")[0]["alt"] == nasty
    assert nasty in page.text


def test_motion_and_paper_are_respected():
    look, movement = ((ROOM / f"player.{ending}").read_text() for ending in ("css", "js"))
    assert re.search(r"prefers-reduced-motion:reduce\)\{\.pom-player \.pom-play\{display:none", look)
    assert re.search(r"@media print\{\.pom-player \.pom-controls\{display:none", look)
    assert "autoplay" not in movement


def test_nothing_is_fetched():
    assert not re.search(r"https?://|import\(|require|fetch", player(Film()).html)


def test_what_cannot_be_played_is_refused():
    with pytest.raises(ValueError, match="frames=30"):
        player(Film(frames=0))
    with pytest.raises(IndexError, match="no image 2: this Result holds 2"):
        player(Film(), 2)
    film = Film()
    film.scores, film.final = film.scores * math.nan, film.final * math.nan
    with pytest.raises(ValueError, match="no finite score"):
        player(film)


def test_a_score_that_turned_nan_ends_the_curve_and_not_the_player():
    film = Film()
    film.scores[20:] = math.nan
    labels = data_of(player(film))["labels"]
    assert labels[-1] == "step 40 of 40, score 19.0"
    assert "nan" not in player(film).html.split("<script>")[0].lower()
    assert "nan" not in data_of(player(film))["plots"].lower()


@pytest.mark.parametrize("form", ["result", "bytes", "floats", "list"])
def test_a_gif_holds_every_frame_and_rests_on_the_last(form, tmp_path):
    film = Film()
    frames = {"result": film, "bytes": film.frames[:, 0], "floats": film.frames[:, 0] / 255}
    frames["list"] = list(frames["floats"])
    path = save_gif(frames[form], tmp_path / "new" / "film.gif", fps=10)
    with Image.open(path) as gif:
        assert gif.n_frames == 5
        assert gif.info["loop"] == 0 and gif.info["duration"] == 100
        gif.seek(4)
        assert gif.info["duration"] >= 1500
        assert gif.convert("L").getpixel((3, 3)) == pytest.approx(200, abs=3)
    assert [file.name for file in path.parent.iterdir()] == ["film.gif"]


def test_gifs_say_what_is_wrong(tmp_path):
    frames = Film().frames[:, 0]
    for bad, words in ((0, "fps"), (120, "fps")):
        with pytest.raises(ValueError, match=words):
            save_gif(frames, tmp_path / "a.gif", fps=bad)
    with pytest.raises(ValueError, match=r"ends in \.gif"):
        save_gif(frames, tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="no frames"):
        save_gif([], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="frames=30"):
        save_gif(Film(frames=0), tmp_path / "a.gif")
    with pytest.raises(ValueError, match="frame 1"):
        save_gif([torch.zeros(3, 8, 8), torch.ones(3, 8, 8) * 7], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="one size"):
        save_gif([torch.zeros(3, 8, 8), torch.zeros(3, 8, 9)], tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())
