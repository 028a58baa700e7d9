"""Pixels and Fourier give the images they should, and can be edited."""

from __future__ import annotations

import pytest
import torch

from helpers import Fourier, Pixels, load_photo


def test_the_original_start_is_uniform_and_seeded():
    x = Pixels.uniform(64, batch=2, seed=3)()
    assert x.shape == (2, 3, 64, 64) and x.min() >= 0 and x.max() <= 1
    assert abs(x.mean() - 0.5) < 0.01 and abs(x.var() - 1 / 12) < 0.002
    assert torch.equal(x, Pixels.uniform(64, batch=2, seed=3)()) and not torch.equal(x[0], x[1])
    assert not torch.equal(x, Pixels.uniform(64, batch=2, seed=4)())


def test_pixels_do_not_touch_what_they_start_from():
    photo = load_photo("coffee", 32)
    kept = photo.clone()
    image = Pixels.photo(photo)
    image.edit(lambda x: x * 0)
    assert torch.equal(photo, kept) and image().abs().max() == 0


def test_fourier_keeps_a_photograph():
    photo = load_photo("chelsea", 48).clamp(0.01, 0.99)
    assert torch.allclose(Fourier.photo(photo)(), photo, atol=1e-3)


@pytest.mark.parametrize("make", [Pixels.photo, Fourier.photo])
def test_a_photograph_may_be_of_any_floating_type_and_require_a_gradient(make):
    photo = load_photo("chelsea", 48).clamp(0.01, 0.99)
    for given in (photo.double(), photo.half(), photo.clone().requires_grad_(True)):
        image = make(given)()
        assert image.dtype == torch.float32 and torch.allclose(image, photo, atol=1e-2)
        image.sum().backward()
        assert given.grad is None, "the gradient ends at the image's own numbers"


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_images_are_of_float32_where_half_of_the_bits_are_about(kind):
    """In half, Adam's second moment and its epsilon are 0."""
    photo = load_photo("chelsea", 16).clamp(0.01, 0.99)
    assert Pixels(photo.to(kind))().dtype == torch.float32
    with torch.autocast("cpu", kind):
        image = Fourier.photo(photo)
        assert torch.equal(image(), Fourier.photo(photo)()) and image().dtype == torch.float32
        assert torch.allclose(image(), photo, atol=1e-3)


@pytest.mark.parametrize("size", [31, 32])
def test_fourier_starts_gray_and_in_range(size):
    images = Fourier(size, batch=2)()
    assert images.shape == (2, 3, size, size) and images.min() > 0 and images.max() < 1
    assert abs(images.mean() - 0.5) < 0.05 and not torch.equal(images[0], images[1])


def test_the_start_has_a_natural_spectrum():
    """Amplitudes fall as 1/f: white coefficients, scaled."""
    waves = Fourier(64, batch=64, decorrelate=False)().logit().detach()
    amplitude = torch.fft.rfft2(waves).abs().mean(dim=(0, 1))
    assert amplitude[0, 4] / amplitude[0, 16] == pytest.approx(4, rel=0.15)


def test_without_chroma_it_is_gray_along_the_light_dark_axis():
    waves = Fourier(16, chroma=0.0)().logit()
    assert waves.std() > 0.001 and torch.allclose(waves[0, 0] * 0.27, waves[0, 1] * 0.26, atol=1e-5)


def test_every_pixel_can_be_reached_by_the_gradient():
    for image in (Pixels.gray(16), Fourier(16)):
        image()[0, :, 3, 5].sum().backward()
        assert all(parameter.grad.abs().sum() > 0 for parameter in image.parameters())


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Pixels.uniform(0), "size is a whole number from 1 on, got 0"),
        (lambda: Fourier(2.5), "size is a whole number"),
        (lambda: Fourier(8, batch=0), "batch is a whole number"),
        (lambda: Pixels(torch.zeros(3, 8, 8)), r"float tensor \(B, 3, H, W\), got \(3, 8, 8\)"),
        (lambda: Pixels.photo(torch.rand(1, 8, 8, 3)), r"try .permute\(2, 0, 1\)"),
        (lambda: Pixels.photo(torch.full((1, 3, 8, 8), 200.0)), r"expected values in \[0, 1\]"),
        (lambda: Fourier.photo(torch.rand(1, 3, 8, 9)), "square photo, got 8×9"),
    ],
)
def test_mistakes_are_told(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
