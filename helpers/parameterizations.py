"""What is optimized: modules without inputs whose output is a batch of images.

``Pixels`` is chapter 2's; ``Fourier`` is the basis of Olah et al. (2017) and Mordvintsev et al. (2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .basics.images import check_images
from .basics.numbers import one_or_more, whole

# How the colors of natural images vary together: the square root of the covariance of ImageNet's RGB, one column an
# axis (light–dark, blue–yellow, green–magenta), scaled so that the longest has length 1. Source: Lucid.
COLOR_AXES = torch.tensor(
    [[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], dtype=torch.float32, device="cpu"
)
COLOR_AXES = COLOR_AXES / COLOR_AXES.norm(dim=0).max()
ON_CPU = dict(device="cpu", dtype=torch.float32)  # whatever torch's defaults are


class Pixels(nn.Module):
    """The image's own pixels (chapter 2).

    Args:
        start: (B, 3, H, W) of a floating type; any values, [0, 1] if it is to be seen as it is. Half precision becomes
            float32: its steps would be lost in rounding.
    """

    def __init__(self, start: Tensor):
        super().__init__()
        if not isinstance(start, Tensor) or start.dim() != 4 or start.shape[1] != 3 or not start.is_floating_point():
            got = f"{tuple(start.shape)} of {start.dtype}" if isinstance(start, Tensor) else type(start).__name__
            raise ValueError(f"Pixels start from a float tensor (B, 3, H, W), got {got}")
        dtype = torch.float64 if start.dtype == torch.float64 else torch.float32
        self.pixels = nn.Parameter(start.detach().to(dtype, copy=True))

    @classmethod
    def uniform(cls, size: int = 256, batch: int = 1, seed: int = 0) -> Pixels:
        """Independent values from U[0, 1]: the start of the original recipe (chapter 3)."""
        size, batch = whole(size, "size"), whole(batch, "batch")
        return cls(torch.rand(batch, 3, size, size, generator=_dice(seed), **ON_CPU))

    @classmethod
    def gray(cls, size: int = 256, batch: int = 1, seed: int = 0, noise: float = 0.01) -> Pixels:
        """Middle gray with a little normal noise of standard deviation ``noise``."""
        return cls(0.5 + noise * _noise(batch, (3, whole(size, "size"), size), seed))

    @classmethod
    def photo(cls, photo: Tensor) -> Pixels:
        """A photograph, RGB in [0, 1], (3, H, W) or (B, 3, H, W)."""
        return cls(check_images(photo, "photo"))

    def forward(self) -> Tensor:
        """The images (B, 3, H, W)."""
        return self.pixels

    @torch.no_grad()
    def edit(self, change: Callable[[Tensor], Tensor]) -> None:
        """Replace the images by ``change(images)``, of the same shape."""
        self.pixels.copy_(change(self.pixels))


class Fourier(nn.Module):
    """The image's spectrum, scaled like a natural image's, in decorrelated colors.

    A step of an optimizer then changes coarse structure as readily as fine (derived in chapter 7, sections 7.3 to 7.5).

    Args:
        size: pixels a side.
        batch: how many images.
        seed: of the random start; a list gives each image its own.
        std: the standard deviation of the random start's coefficients.
        decay: the power of the frequency by which amplitudes fall off; 1 for natural images.
        decorrelate: whether to optimize along the color axes of natural images rather than R, G, B.
        chroma: how strongly the two color axes count beside the light–dark axis; 0 draws in gray.
        gain: how far one unit of a coefficient moves the image.
    """

    def __init__(
        self,
        size: int = 224,
        batch: int = 1,
        seed: int | Sequence[int] = 0,
        std: float = 0.01,
        decay: float = 1.0,
        decorrelate: bool = True,
        chroma: float = 1.0,
        gain: float = 0.25,
    ):
        super().__init__()
        self.size = size = whole(size, "size")
        across, down = torch.fft.rfftfreq(size, **ON_CPU), torch.fft.fftfreq(size, **ON_CPU)
        frequency = (across[None, :].square() + down[:, None].square()).sqrt()
        self.register_buffer("scale", gain * size * (size * frequency).clamp_min(1).pow(-decay))
        axes = COLOR_AXES if decorrelate else torch.eye(3, **ON_CPU)
        strength = torch.tensor([1.0, chroma, chroma] if decorrelate else [1.0] * 3, **ON_CPU)
        self.register_buffer("axes", axes * strength)
        self.spectrum = nn.Parameter(std * _noise(batch, (3, size, size // 2 + 1, 2), seed))

    @classmethod
    def photo(cls, photo: Tensor, **options) -> Fourier:
        """Start from a square photograph, RGB in [0, 1], (3, H, H) or (B, 3, H, H)."""
        photo = check_images(photo, "photo")
        if photo.shape[2] != photo.shape[3]:
            raise ValueError(f"Fourier starts from a square photo, got {photo.shape[2]}×{photo.shape[3]} pixels")
        image = cls(size=photo.shape[2], batch=len(photo), **options).to(photo.device)
        image.edit(lambda _: photo)
        return image

    def forward(self) -> Tensor:
        """The images (B, 3, size, size), RGB in (0, 1); of float32, whatever autocast says."""
        coefficients = torch.view_as_complex(self.spectrum) * self.scale
        waves = torch.fft.irfft2(coefficients, s=(self.size, self.size), norm="ortho")
        with torch.autocast(waves.device.type, enabled=False):
            return torch.einsum("rc,bchw->brhw", self.axes, waves).sigmoid()

    @torch.no_grad()
    def edit(self, change: Callable[[Tensor], Tensor]) -> None:
        """Replace the images by ``change(images)``, cut off at 0.001 and 0.999, which the sigmoid cannot reach."""
        images = change(self()).clamp(1e-3, 1 - 1e-3)
        with torch.autocast(images.device.type, enabled=False):
            waves = torch.einsum("cr,brhw->bchw", torch.linalg.pinv(self.axes), images.logit())
        coefficients = torch.fft.rfft2(waves, norm="ortho") / self.scale
        self.spectrum.copy_(torch.view_as_real(coefficients))


def _noise(batch: int, shape: tuple[int, ...], seed: int | Sequence[int]) -> Tensor:
    """Normal noise (batch, *shape) from one seed for the whole batch, or from one for each image."""
    batch, seed = whole(batch, "batch"), one_or_more(seed, "a seed")
    if isinstance(seed, int):
        return torch.randn(batch, *shape, generator=_dice(seed), **ON_CPU)
    if len(seed) != batch:
        raise ValueError(f"{len(seed)} seeds for a batch of {batch}: give one for all, or one for each")
    return torch.cat([_noise(1, shape, one) for one in seed])


def _dice(seed: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(whole(seed, "a seed", 0))
