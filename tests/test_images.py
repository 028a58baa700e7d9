"""Pictures from files, and what counts as one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import check_images, load_photo


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
