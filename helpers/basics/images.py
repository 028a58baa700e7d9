"""Pictures as tensors: what counts as an image here, and the photographs the chapters use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from .names import nearest

if TYPE_CHECKING:
    from PIL import Image

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")  # color pictures that scikit-image's package carries


def check_images(images: Tensor, what: str = "images") -> Tensor:
    """Return the images as (B, 3, H, W), or say what is wrong with them.

    Args:
        images: float RGB in [0, 1], (3, H, W) or (B, 3, H, W).
        what: the word for them in an error.

    Raises:
        TypeError: not a tensor, or not of a floating-point type.
        ValueError: not three color channels, no pixels, not finite, or out of [0, 1].
    """
    if not isinstance(images, Tensor):
        raise TypeError(f"{what}: expected a float tensor (B, 3, H, W), got {type(images).__name__}")
    if not images.is_floating_point():
        raise TypeError(f"{what}: expected float values in [0, 1], got {images.dtype}; divide bytes by 255 first")
    if images.dim() == 3:
        images = images[None]
    if images.dim() != 4 or images.shape[1] != 3:
        hint = "; the channels come first, so try .permute(2, 0, 1)" if images.shape[-1] == 3 else ""
        raise ValueError(f"{what}: expected RGB of shape (B, 3, H, W), got {tuple(images.shape)}{hint}")
    if not images.numel():
        raise ValueError(f"{what}: there is nothing in a tensor of shape {tuple(images.shape)}")
    if not torch.isfinite(images).all():
        raise ValueError(f"{what}: some values are NaN or infinite")
    low, high = images.min().item(), images.max().item()
    if low < -1e-4 or high > 1 + 1e-4:
        raise ValueError(
            f"{what}: expected values in [0, 1], got {low:.3g} to {high:.3g}; "
            "min–max normalize them, or clamp(0, 1), and say which in the caption"
        )
    return images


def load_photo(name: str | Path, size: int = 224) -> Tensor:
    """A photograph, scaled and cropped at its center to a square.

    Args:
        name: ``"chelsea"`` (a cat), ``"coffee"``, ``"astronaut"``, ``"rocket"`` from scikit-image, or a file's path.
        size: pixels a side.

    Returns:
        (1, 3, size, size) RGB in [0, 1].

    Raises:
        LookupError: neither a photograph's name nor a file.
        ValueError: a file that is no picture.
    """
    from PIL import Image

    if str(name) in PHOTOGRAPHS:
        from skimage import data

        picture = Image.fromarray(getattr(data, str(name))())
    elif Path(name).is_file():
        picture = _open(Path(name))
    else:
        near = nearest(str(name), PHOTOGRAPHS)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(PHOTOGRAPHS)}"
        raise LookupError(f"no photograph and no file {str(name)!r}; {hint}")
    pixels = F.to_dtype(F.pil_to_tensor(picture), torch.float32, scale=True)
    pixels = F.resize(pixels, [size], antialias=True)
    return F.center_crop(pixels, [size, size]).clamp(0, 1)[None]


def _open(path: Path) -> Image.Image:
    """A picture file as RGB, the way up that its camera was held."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = ImageOps.exif_transpose(Image.open(path))
    except UnidentifiedImageError:
        raise ValueError(f"{path} is not a picture in a format that is known here, such as JPEG, PNG or WebP") from None
    if picture.mode.startswith("I"):  # 16 bits, of which Pillow's own conversion would keep all that is above 255 white
        picture = Image.fromarray((np.asarray(picture, dtype=np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    return picture.convert("RGB")
