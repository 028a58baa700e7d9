"""Pictures, grids, plots and spectra: what is stored, what it says, and what is refused."""

from __future__ import annotations

import base64
import io
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.show import figures as display
from helpers.show import pictures, plots
from tests.tags import Tags


class FakeResult:
    """Only what display may ask of a Result."""

    def __init__(self, count: int = 2, title: str = "Fake"):
        self.images = torch.rand(count, 3, 24, 24)
        self.raw = self.images * 4 - 2
        self.scores = torch.arange(10.0)[:, None].repeat(1, count)
        self.title = title

    def __len__(self):
        return len(self.images)

    def caption(self, i=0):
        return f"{self.title} {i}"


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def stored(attrs: dict) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(attrs["src"].split(",")[1])))


def show(images, **more):
    return display.show_images(images, **{"caption": "whole", "alt": "a dog", **more})


def test_a_grid_has_one_picture_one_alt_and_one_caption_for_each_image():
    page = Tags(show(noise(3, 3, 32, 32), captions=["one", "two", "three"]).html)
    assert [img["alt"] for img in page.all("img")] == [
        f"a dog ({k} of 3): {word}" for k, word in ((1, "one"), (2, "two"), (3, "three"))
    ]
    assert len(page.all("figcaption")) == 4
    assert page.all("figure")[0]["class"] == "pom-figure"
    assert all(img["src"].startswith("data:image/webp;base64,") for img in page.all("img"))


def test_colors_and_orientation_survive():
    image = torch.zeros(1, 3, 40, 40)
    image[:, 0, :20] = 1.0
    image[:, 2, 20:] = 1.0
    (img,) = Tags(show(image).html).all("img")
    pixels = np.asarray(stored(img).convert("RGB"))
    assert tuple(pixels[5, 5]) == (255, 0, 0), "the upper half is red"
    assert tuple(pixels[35, 35]) == (0, 0, 255), "the lower half is blue"


def test_words_are_escaped_everywhere():
    nasty = "<script>\"&'"
    shown = display.show_images(noise(2, 3, 16, 16), [nasty, "b"], caption=nasty, alt=nasty)
    page = Tags(shown.html)
    assert not page.all("script")
    assert page.all("img")[0]["alt"] == f"{nasty} (1 of 2): {nasty}"
    assert page.text.count(nasty) == 2
    assert shown._repr_mimebundle_()["text/plain"].startswith(nasty)


@pytest.mark.parametrize("form", ["batch", "one", "list", "list of batches of one", "result", "results"])
def test_every_form_of_images_is_taken(form):
    forms = {
        "batch": (noise(2, 3, 16, 16), 2),
        "one": (noise(3, 16, 16), 1),
        "list": ([noise(3, 16, 16), noise(3, 24, 20)], 2),
        "list of batches of one": ([noise(1, 3, 16, 16)] * 3, 3),
        "result": (FakeResult(2), 2),
        "results": ([FakeResult(2, "a"), FakeResult(1, "b")], 3),
    }
    images, count = forms[form]
    assert len(Tags(show(images).html).all("img")) == count


def test_results_bring_their_captions():
    page = Tags(show([FakeResult(2, "a"), FakeResult(1, "b")]).html)
    assert [img["alt"][-3:] for img in page.all("img")] == ["a 0", "a 1", "b 0"]


def test_nothing_is_wider_than_the_page_and_pictures_fit_their_place():
    page = Tags(show(noise(8, 3, 400, 400), width=5000).html)
    (outer,) = [figure for figure in page.all("figure") if figure["class"] == "pom-figure"]
    assert "max-width:760px" in outer["style"]
    assert all(stored(img).width <= 300 for img in page.all("img"))


@pytest.mark.parametrize("keep", [False, True])
def test_a_grid_keeps_its_columns_on_a_phone_only_if_they_mean_something(keep):
    images = noise(10, 3, 32, 32)
    style = Tags(show(images, columns=5, keep_columns=keep).html).all("div")[0]["style"]
    assert ("repeat(5,minmax(0,1fr))" in style) == keep, "five columns, however narrow"
    assert ("repeat(auto-fill,minmax(max(min(100%,140px),calc((100% - 48px)/5 - .1px)),1fr))" in style) != keep
    if not keep:
        assert show(images, columns=5).html == show(images, columns=5, keep_columns=False).html
    few = Tags(show(images[:3], columns=5, keep_columns=True).html).all("div")[0]["style"]
    assert "repeat(3," in few, "no empty column"
    three = Tags(show(images[:3], columns=3).html).all("div")[0]["style"]
    assert "repeat(3,minmax(0,1fr))" in three, "two and an orphan would be a comparison torn apart"


def test_noise_is_kept_small():
    assert len(show(noise(1, 3, 512, 512)).html) < 150_000


def test_the_same_images_give_the_same_page():
    assert show(noise(2, 3, 64, 64)).html == show(noise(2, 3, 64, 64)).html


@pytest.mark.parametrize(
    ("images", "kind", "words"),
    [
        (FakeResult().raw, ValueError, "pass result.images rather than result.raw"),
        (noise(2, 16, 16, 3), ValueError, "permute"),
        (noise(1, 16, 16), ValueError, "expand"),
        (noise(2, 1, 16, 16), ValueError, "expand"),
        (noise(3, 16, 16).byte(), TypeError, "255"),
        (noise(3, 16, 16).numpy(), TypeError, "from_numpy"),
        (noise(3, 16, 16) * math.nan, ValueError, "NaN.*smaller step"),
        ("dog.png", TypeError, "str"),
        ([], ValueError, "no image"),
        (noise(0, 3, 8, 8), ValueError, "no image"),
        ([noise(2, 3, 8, 8)], ValueError, r"images\[0\]"),
    ],
)
def test_what_is_no_image_is_refused_with_the_nearest_right_answer(images, kind, words):
    with pytest.raises(kind, match=words):
        show(images)


def test_captions_must_match_images():
    with pytest.raises(ValueError, match="each of 2 images, got 3"):
        show(noise(2, 3, 8, 8), captions=["a", "b", "c"])


def test_a_plot_has_no_background_and_is_closed():
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    ax.plot([0, 1])
    (img,) = Tags(plots.show_plot(fig, caption="c", alt="a rising line").html).all("img")
    assert img["alt"] == "a rising line"
    assert stored(img).convert("RGBA").getpixel((0, 0))[3] == 0, "the corner is transparent"
    assert not plt.fignum_exists(fig.number)


def test_plots_are_the_same_bytes_twice():
    def draw():
        fig, ax = plots.new_figure()
        ax.plot(range(9), label="a")
        return plots.show_plot(fig, caption="c", alt="a").html

    assert draw() == draw()


def test_a_figure_of_many_colors_stays_small():
    fig, axes = plots.new_figure(3)
    for ax in axes:
        ax.imshow(noise(200, 200).numpy())
    assert len(plots.show_plot(fig, caption="c", alt="a").html) < 500_000


def test_new_figure_gives_the_axes_asked_for():
    assert plots.new_figure()[1].get_xlabel() == ""
    fig, axes = plots.new_figure(columns=2, rows=3)
    assert axes.shape == (3, 2)
    assert fig.get_size_inches()[0] * 100 <= 760


def test_white_noise_has_a_flat_spectrum_of_its_variance():
    freqs, power = plots.power_spectrum(noise(16, 3, 64, 64))
    assert freqs[0] == pytest.approx(1 / 64) and freqs[-1] == pytest.approx(0.5)
    assert power.mean() == pytest.approx(1 / 12, rel=0.05)
    assert (power[4:] - 1 / 12).abs().max() < 0.02


@pytest.mark.parametrize("cycles", [4, 10, 25])
def test_a_wave_shows_at_its_own_frequency(cycles):
    wave = 0.5 + 0.4 * torch.sin(2 * math.pi * cycles * torch.arange(64) / 64)
    freqs, power = plots.power_spectrum(wave.expand(1, 3, 64, 64))
    assert freqs[power.argmax()] == pytest.approx(cycles / 64)


def test_the_window_keeps_the_borders_out_of_the_tail():
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    _, power = plots.power_spectrum(ramp)
    assert power[16:].max() < 1e-6 * power[0], "a ramp jumps only at the border"


def test_spectra_need_one_size_and_some_pixels():
    with pytest.raises(ValueError, match="one size"):
        plots.power_spectrum([noise(3, 16, 16), noise(3, 16, 20)])
    with pytest.raises(ValueError, match="8 by 8"):
        plots.power_spectrum(noise(1, 3, 4, 4))
    assert "<img" in plots.show_spectrum({"noise": noise(1, 3, 16, 20)}, caption="c", alt="a").html


def test_colors_of_the_style_can_be_seen_on_both_pages():
    colors = re.search(r'cycler\("color", \[(.*)\]\)', plots.STYLE.read_text()).group(1)

    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for color in [*re.findall(r"[0-9a-f]{6}", colors), "777c85"]:
        y = luminance(color)
        assert 1.05 / (y + 0.05) > 2.8, f"{color} is too pale for paper"
        assert (y + 0.05) / (luminance("121212") + 0.05) > 2.8, f"{color} is too dark for a dark page"


def test_show_text_is_markdown():
    assert display.show_text("**259**").data == "**259**"


def test_save_png_makes_folders_and_leaves_nothing_else(tmp_path):
    image = noise(1, 3, 9, 7)
    path = pictures.save_png(image, tmp_path / "new" / "dog.png")
    pixels = np.asarray(Image.open(path))
    assert np.array_equal(pixels, (image[0] * 255).round().byte().permute(1, 2, 0).numpy())
    assert [file.name for file in path.parent.iterdir()] == ["dog.png"]


def test_save_png_says_what_is_wrong_and_keeps_the_old_file(tmp_path):
    old = tmp_path / "dog.png"
    old.write_bytes(b"old")
    with pytest.raises(ValueError, match="result.raw"):
        pictures.save_png(noise(3, 8, 8) * 9, old)
    with pytest.raises(ValueError, match=r"ends in \.png"):
        pictures.save_png(noise(3, 8, 8), tmp_path / "dog.jpg")
    with pytest.raises(ValueError, match="one image"):
        pictures.save_png(noise(2, 3, 8, 8), old)
    assert old.read_bytes() == b"old"
