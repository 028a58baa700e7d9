"""Pictures as tensors: what counts as an image here, and the photographs the chapters use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from .names import UnknownName, nearest
from .numbers import whole

if TYPE_CHECKING:
    from PIL import Image

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")  # color pictures that scikit-image's package carries


def check_images(images: Tensor, what: str = "images") -> Tensor:
    """Return the images as float32 (B, 3, H, W) without their history, or say what is wrong with them.

    Args:
        images: float RGB in [0, 1], (3, H, W) or (B, 3, H, W), of any floating-point type.
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
        hint = "; the channels come first, so try .permute(2, 0, 1)" if images.shape[-1:] == (3,) else ""
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
    return images.detach().float()


def load_photo(name: str | Path, size: int = 224, crop: bool = True) -> Tensor:
    """A photograph, scaled and cropped at its center to a square, or scaled alone.

    Args:
        name: ``"chelsea"`` (a cat), ``"coffee"``, ``"astronaut"``, ``"rocket"`` from scikit-image, or a file's path.
        size: pixels a side; of the shorter one if it is not cropped.
        crop: whether to keep the square in the middle alone.

    Returns:
        (1, 3, size, size) RGB in [0, 1]; without the crop (1, 3, H, W).

    Raises:
        LookupError: neither a photograph's name nor a file.
        ValueError: a file that is no picture.
    """
    from PIL import Image

    if str(name) in PHOTOGRAPHS:
        from skimage import data

        picture = Image.fromarray(getattr(data, str(name))())
    elif (path := Path(name).expanduser()).is_file():
        picture = _open(path)
    else:
        near = nearest(str(name), PHOTOGRAPHS)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(PHOTOGRAPHS)}"
        raise UnknownName(f"no photograph and no file {str(name)!r}; {hint}")
    with torch.device("cpu"):  # whatever torch's default is
        pixels = F.to_dtype(F.pil_to_tensor(picture), torch.float32, scale=True)
    size = whole(size, "size")
    pixels = F.resize(pixels, [size], antialias=True)
    return (F.center_crop(pixels, [size, size]) if crop else pixels).clamp(0, 1)[None]


def _open(path: Path) -> Image.Image:
    """A picture file as RGB, the way up that its camera was held, on white where it is transparent."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = ImageOps.exif_transpose(Image.open(path))
    except UnidentifiedImageError:
        raise ValueError(f"{path} is not a picture in a format that is known here, such as JPEG, PNG or WebP") from None
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} is damaged, or only part of a picture: {error}") from error
    except Image.DecompressionBombError as error:
        why = str(error).rstrip(".")
        raise ValueError(f"{path} has too many pixels to be opened here: {why}. Make it smaller first") from error
    if picture.mode == "F" or picture.mode.startswith("I"):
        picture = Image.fromarray(_as_bytes(np.asarray(picture), picture.mode))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _as_bytes(gray: np.ndarray, mode: str) -> np.ndarray:
    """Gray values of 16 bits, or floats in [0, 1], as bytes: Pillow's own conversion cuts off what is above 255."""
    white = 65535.0 if mode.startswith("I;16") or gray.max() > 255 else 255.0
    white = 1.0 if mode == "F" and gray.max() <= 1 else white
    return (gray.astype(np.float64) / white * 255).round().clip(0, 255).astype(np.uint8)
