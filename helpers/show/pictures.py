"""From tensors to the bytes of a picture: checked, sized for their place, and written whole or not at all."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..basics.files import save_whole
from ..basics.images import check_images
from ..basics.names import UnknownIndex

QUALITIES = (86, 78, 68, 56, 44, 30)  # that WebP is tried at


def check_image(image: Any, what: str = "the image") -> Tensor:
    """Return one RGB image as (3, H, W) float32 on the CPU, or say what is wrong and what would be right.

    Like ``check_images``, for (3, H, W) or (1, 3, H, W).
    """
    try:
        batch = check_images(image, what)
        if len(batch) != 1:
            raise ValueError(f"{what}: expected one image (3, H, W), got {tuple(image.shape)}")
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error}. {_nearest_right(image)}".strip()) from None
    return batch[0].cpu().clamp(0, 1)


def _nearest_right(image: Any) -> str:
    """What to write instead of an image that was refused."""
    if not isinstance(image, Tensor):
        return "For bytes in an array (H, W, 3): torch.from_numpy(array).permute(2, 0, 1) / 255."
    if not image.numel():
        return ""
    if image.dim() == 2 or (image.dim() in (3, 4) and image.shape[-3] == 1):
        return f"Gray becomes RGB with image.expand({'-1, ' if image.dim() == 4 else ''}3, -1, -1)."
    if image.dim() == 4 and image.shape[1] == 3 and len(image) != 1:
        return "Of a batch, take one: images[0]."
    if not image.isfinite().all():
        return "A smaller step size is the usual cure."
    if image.is_floating_point() and image.abs().max() > 1 or (image < 0).any():
        return "Of a Result, pass result.images rather than result.raw; normalize() squeezes any image."
    return ""


def as_images(images: Any) -> list[Tensor]:
    """Return the images of a batch (B, 3, H, W), a Result, or a list of such, as a list of (3, H, W)."""
    if hasattr(images, "images") and not isinstance(images, Tensor):
        images = images.images
    if isinstance(images, Tensor):
        images = list(images) if images.ndim == 4 else [images]
    elif not isinstance(images, Sequence) or isinstance(images, str):
        images = [images]
    several = len(images) > 1
    found = []
    for index, image in enumerate(images):
        what = f"image {index}" if several else "the image"
        found += as_images(image) if hasattr(image, "images") else [check_image(image, what)]
    if not found:
        raise ValueError("there is no image to show: expected (B, 3, H, W) with B of 1 or more")
    return found


def picture(image: Tensor, width: int | None = None) -> Image.Image:
    """Return a (3, H, W) image in [0, 1], or of bytes, as a Pillow image no wider than ``width`` pixels."""
    if image.is_floating_point():
        image = (image * 255).round().to(torch.uint8)
    made = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy()))
    if width is not None and made.width > width:
        made = made.resize((width, max(1, round(made.height * width / made.width))), Image.Resampling.LANCZOS)
    return made


def webp(
    image: Image.Image, budget: int = 108_000, dense: float = math.inf, qualities: Sequence[int] = QUALITIES
) -> bytes:
    """Return the image as WebP that fits in ``budget`` bytes: noise is stored less exactly, then smaller.

    What wants more than ``dense`` bytes a pixel is noise, and stored less exactly, but not smaller.
    """
    if image.width <= 64:
        return saved(image, format="WEBP", lossless=True)
    for quality in qualities:
        data = saved(image, format="WEBP", quality=quality)
        if len(data) <= min(budget, dense * image.width * image.height):
            return data
    if len(data) <= budget:
        return data
    smaller = round(image.width * 0.85), round(image.height * 0.85)
    return webp(image.resize(smaller, Image.Resampling.LANCZOS), budget, dense, qualities)


def data_uri(data: bytes) -> str:
    """Return WebP bytes as an address that an <img> can hold."""
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def saved(image: Image.Image, **options: Any) -> bytes:
    memory = io.BytesIO()
    image.save(memory, **options)
    return memory.getvalue()


def save_png(image: Tensor, path: str | os.PathLike[str]) -> Path:
    """Save one image as a PNG file, whole or not at all.

    Args:
        image: (3, H, W) or (1, 3, H, W), RGB in [0, 1].
        path: where to; ends in ".png". Missing folders are made.

    Returns:
        The path.

    Raises:
        ValueError: if the path does not end in ".png" or the image is not RGB in [0, 1].
    """
    data = saved(picture(check_image(image)), format="PNG", optimize=True)
    return save_whole(path, ".png", data)


def frames_of(result: Any, i: int = 0) -> Tensor:
    """Return the frames of image ``i`` of a Result, uint8 (F, 3, H, W), or say why there are none."""
    count = len(result)
    if not -count <= i < count:
        raise UnknownIndex(f"no image {i}: this Result holds {count}, numbered from 0")
    if result.frames is None or len(result.frames) == 0:
        raise ValueError("this Result kept no frames: run it again with frames=30, as in ascend(..., frames=30)")
    return torch.as_tensor(result.frames)[:, i].cpu()


def as_frame(frame: Any, k: int) -> Tensor:
    """A frame (3, H, W), of bytes as Results keep them, or of floats in [0, 1]."""
    if isinstance(frame, Tensor) and frame.dtype == torch.uint8:
        frame = frame.float() / 255
    return check_image(frame, f"frame {k}")
