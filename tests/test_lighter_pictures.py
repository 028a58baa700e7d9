"""Heavy stills are stored anew when the site is built, and nothing else is."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tools.site import pictures as lifted_pictures
from tools.site.pictures import lift, lighter


def noise(size: int = 96) -> Image.Image:
    """Noise as an ascent makes it: fine, but not as fine as the pixels, and of strong contrast."""
    values = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(values).filter(ImageFilter.GaussianBlur(0.7)), dtype=float)
    return Image.fromarray((128 + 2 * (soft - 128)).clip(0, 255).astype(np.uint8))


def translucent() -> Image.Image:
    picture = noise()
    picture.putalpha(128)
    return picture


def drawing() -> Image.Image:
    """As heavy as the noise, but with something in it that the eye knows: a dark disk on a bright ground."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    ground = np.where(x**2 + y**2 < 0.5, 60.0, 180.0)[..., None]
    return Image.fromarray((ground + 0.6 * (np.asarray(noise(), dtype=float) - 128)).clip(0, 255).astype(np.uint8))


def stored(picture: Image.Image, kind: str = "WEBP", **settings) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)


@pytest.fixture(scope="module")
def heavy():
    return stored(noise(), quality=92)


def test_a_heavy_still_becomes_lighter_and_looks_the_same(heavy, tmp_path):
    light = lighter(heavy, tmp_path)
    assert len(light) < 0.75 * len(heavy)
    before, after = pixels(heavy), pixels(light)
    assert after.shape == before.shape
    assert after.std() == pytest.approx(before.std(), rel=0.03), "the contrast is no longer that of the noise"
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.95
    plain = pixels(stored(Image.open(io.BytesIO(heavy)), **lifted_pictures.STORED))
    assert np.square(after - before).mean() < np.square(plain - before).mean(), "nothing was given in advance"


def test_the_second_build_remembers(heavy, tmp_path, monkeypatch):
    known = tmp_path / "new" / "folder"
    first = lighter(heavy, known)
    assert first == lighter(heavy, tmp_path / "other"), "not the same twice"
    (place,) = known.iterdir()
    assert place.read_bytes() == first
    monkeypatch.setattr(lifted_pictures, "_stored_anew", None)
    assert lighter(heavy, known) == first
    monkeypatch.undo()
    monkeypatch.setattr(lifted_pictures, "STORED", {"quality": 30, "method": 6})
    assert len(lighter(heavy, known)) < len(first), "other settings, other pictures"


def test_noise_is_told_from_a_drawing_by_its_blocks():
    blocks = np.zeros((64, 50, 3))
    blocks[:32] = 200
    assert lifted_pictures.coarse_share(blocks) == pytest.approx(1)
    checks = np.indices((64, 48)).sum(axis=0)[..., None] % 2 * np.ones(3)
    assert lifted_pictures.coarse_share(checks) == pytest.approx(0)
    assert lifted_pictures.coarse_share(np.ones((32, 32, 3))) == 1, "no variance, no noise"
    data = stored(drawing(), quality=92)
    assert len(data) > lifted_pictures.HEAVY * 96 * 96, "the drawing is not heavy, so nothing was tried"


@pytest.mark.parametrize(
    "data",
    [
        stored(noise(), lossless=True),
        stored(noise(), "PNG"),
        stored(noise(), "JPEG"),
        stored(translucent(), quality=92),
        stored(noise().filter(ImageFilter.GaussianBlur(6)), quality=92),
        stored(noise(), quality=40),
        stored(drawing(), quality=92),
        stored(noise(15), quality=92),
        b"no picture",
    ],
    ids=["lossless", "png", "jpeg", "translucent", "smooth", "nothing to gain", "a drawing", "tiny", "no picture"],
)
def test_other_pictures_stay_as_they_are(data, tmp_path):
    assert lighter(data, tmp_path) == data
    assert lighter(data, tmp_path) == data, "not even the second time"


def test_a_picture_in_a_script_stays_as_it_is(heavy, tmp_path):
    address = f"data:image/webp;base64,{base64.b64encode(heavy).decode()}"
    seen = []

    def still(data: bytes) -> bytes:
        seen.append(data)
        return b"light"

    body, _ = lift(f'<img src="{address}" alt="n"><script>show("{address}")</script>', tmp_path, ".", still)
    assert seen == [heavy]
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == sorted([b"light", heavy])
    assert "base64" not in body
