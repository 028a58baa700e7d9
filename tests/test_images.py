"""Pictures from files, and what counts as one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import check_images, load_photo, save_png


def test_a_telephone_s_picture_stands_the_way_it_was_held(tmp_path):
    """Such a camera stores the sensor's rows as they are, and beside them how to turn them."""
    picture = Image.new("RGB", (64, 64))
    picture.paste((255, 255, 255), (0, 0, 64, 32))  # white above in the file
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: white on the right
    picture.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    seen = load_photo(tmp_path / "photo.jpg", 64)[0, 0]
    assert seen[:, :28].max() < 0.05 and seen[:, 36:].min() > 0.95


def test_sixteen_bits_are_not_white(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(64, 0)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    seen = load_photo(tmp_path / "ramp.png", 64)[0]
    torch.testing.assert_close(seen[1, 32], torch.linspace(0, 1, 64), atol=0.02, rtol=0)
    assert torch.equal(seen[0], seen[2])


def test_what_is_no_picture_is_told(tmp_path):
    (tmp_path / "notes.jpg").write_text("not a picture")
    with pytest.raises(ValueError, match="notes.jpg is not a picture.*JPEG"):
        load_photo(tmp_path / "notes.jpg")
    with pytest.raises(LookupError, match="did you mean 'coffee'"):
        load_photo("cofee")


@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (1, 3, 0, 5)])
def test_nothing_is_no_picture(shape):
    with pytest.raises(ValueError, match="nothing in a tensor of shape"):
        check_images(torch.empty(shape))


def test_what_is_transparent_stands_on_white(tmp_path):
    """Whatever color hides under it, in RGBA and in a palette."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 0] = pixels[..., 2] = 255  # magenta, of no opacity
    pixels[20:40, 20:40] = (0, 200, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "cutout.png")
    Image.fromarray(pixels).quantize().save(tmp_path / "cutout.gif", transparency=0)
    for name in ("cutout.png", "cutout.gif"):
        seen = load_photo(tmp_path / name, 64)[0]
        assert torch.equal(seen[:, 0, 0], torch.ones(3)) and seen[0, 30, 30] < 0.05, name


@pytest.mark.parametrize("scale, mode", [(1, np.float32), (255, np.float32), (65535, np.int32)])
def test_a_ramp_of_any_type_is_gray_in_the_middle(tmp_path, scale, mode):
    ramp = np.linspace(0, scale, 64 * 64).reshape(64, 64).astype(mode)
    Image.fromarray(ramp).save(tmp_path / "ramp.tif")
    assert load_photo(tmp_path / "ramp.tif", 64).mean().item() == pytest.approx(0.5, abs=0.01)


def test_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    Image.new("RGB", (64, 64), "red").save(tmp_path / "dog.png")
    assert load_photo("~/dog.png", 32).shape == (1, 3, 32, 32)
    assert save_png(torch.rand(3, 8, 8), "~/out.png") == tmp_path / "out.png"


def test_half_a_file_and_a_huge_one_are_told(tmp_path, monkeypatch):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "dog.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "dog.png").read_bytes()[:80])
    with pytest.raises(ValueError, match="cut.png is damaged, or only part of a picture"):
        load_photo(tmp_path / "cut.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"dog.png has too many pixels.*attack\. Make it smaller first"):
        load_photo(tmp_path / "dog.png")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (torch.tensor(0.5), "expected RGB of shape"),
        (torch.rand(3, 0, 8), "nothing in a tensor"),
        (torch.rand(1, 1, 8, 8), r"image.expand\(-1, 3, -1, -1\)"),
        (torch.rand(1, 8, 8), r"image.expand\(3, -1, -1\)"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_would_be_one(image, words):
    with pytest.raises(ValueError, match=words):
        save_png(image, "never.png")
