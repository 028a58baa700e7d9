"""Two peers that the package index does not have, written anew from their published defaults. Not their code.

- captum's ``optim`` module lives on the branch ``optim-wip`` of github.com/pytorch/captum; none of its releases
  from 0.4.1 to 0.9.0 has it (they were opened and searched). Defaults as of ``InputOptimization``, ``NaturalImage``,
  ``FFTImage`` and ``TransformationRobustness`` there. Its tensor subclass and named dimensions, which cost time
  and change no picture, are left out: a point in its favor.
- "Regularized class-specific image generation" of github.com/utkuozbulak/pytorch-cnn-visualizations is a collection of
  scripts. Defaults as of the signature of ``generate`` in ``generate_regularized_class_specific_samples.py``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor, nn
from torch.nn import functional as F

IMAGENET_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
IMAGENET_STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
KLT = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
View = Callable[[Tensor], Tensor]


class NaturalImage(nn.Module):
    """captum.optim's default image: a Fourier spectrum over 1/f, decorrelated colors, a sigmoid."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size
        frequency = (torch.fft.fftfreq(size)[:, None] ** 2 + torch.fft.rfftfreq(size)[None] ** 2).sqrt()
        self.register_buffer("scale", size / frequency.clamp_min(1 / size))
        self.register_buffer("colors", KLT / KLT.norm(dim=0).max())
        self.coefficients = nn.Parameter(torch.randn(1, 3, size, size // 2 + 1, 2) / 50)

    def forward(self) -> Tensor:
        """The image (1, 3, size, size) in (0, 1)."""
        waves = torch.fft.irfftn(torch.view_as_complex(self.coefficients) * self.scale, s=(self.size, self.size))
        return (self.colors @ waves.flatten(2)).view_as(waves).sigmoid()


def shift(most: int) -> View:
    """``RandomSpatialJitter``: mirrored at the border, moved by −most to most − 1 pixels each way."""

    def view(x: Tensor) -> Tensor:
        down, right = torch.randint(2 * most, (2,)).tolist()
        return F.pad(x, (most,) * 4, mode="reflect")[..., down : down + x.shape[2], right : right + x.shape[3]]

    return view


def resize(factors: list[float]) -> View:
    """``RandomScale``: bilinear, by one of the factors; the size changes."""
    return lambda x: F.interpolate(x, scale_factor=random.choice(factors), mode="bilinear", align_corners=False)


def turn(degrees: list[float]) -> View:
    """``RandomRotation``: about the middle, by one of the angles; black comes in at the corners."""

    def view(x: Tensor) -> Tensor:
        angle = math.radians(random.choice(degrees))
        matrix = [[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0]]
        grid = F.affine_grid(x.new_tensor(matrix)[None], list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)

    return view


def plain_views() -> list[View]:
    """What ``InputOptimization`` looks through unless told otherwise."""
    return [resize([1, 0.975, 1.025, 0.95, 1.05]), shift(16)]


def robust_views() -> list[View]:
    """``TransformationRobustness``, which captum.optim's README and tutorials hand to ``InputOptimization``."""
    factors = [0.995**n for n in range(-5, 80)] + [0.998**n for n in 2 * list(range(20, 40))]
    degrees = [*range(-20, 20), *range(-10, 10), *range(-5, 5), *5 * [0]]
    edge = nn.ConstantPad2d(2, value=0.5)
    return [edge, *(shift(4) for _ in range(10)), resize(factors), turn(degrees), shift(2)]


def captum_optim(model: nn.Module, class_index: int, steps: int, views: list[View], size: int = 224) -> Tensor:
    """captum.optim's loop: Adam at 0.025 on the mean of −f_c, the model normalizing its input by itself.

    ``model`` is from (1, 3, H, W) in [0, 1] to (1, classes); the image is (1, 3, size, size) in (0, 1).
    """
    image = NaturalImage(size)
    optimizer = torch.optim.Adam(image.parameters(), lr=0.025)
    for _ in range(steps):
        optimizer.zero_grad()
        seen = image()
        for view in views:
            seen = view(seen)
        loss = -model(seen)[:, class_index].mean()
        loss.backward()
        optimizer.step()
    return image().detach()


def regularized_class_specific(
    core: nn.Module, class_index: int, steps: int, blur_every: int = 4, blur_radius: float = 1, decay: float = 0.0001
) -> Tensor:
    """pytorch-cnn-visualizations' regularized ascent: bytes, a blur at every fourth step, SGD at 6 with weight decay.

    The image is 224×224 bytes drawn at random. At every step they become normalized floats, are moved once, and become
    bytes again. (It clips the gradients of the network's weights, too, after they have been computed; that changes no
    picture, and the frozen network has none.)

    ``core`` is from normalized (1, 3, H, W) to (1, classes); the image is (1, 3, 224, 224) in [0, 1].
    """
    picture = np.uint8(np.random.uniform(0, 255, (224, 224, 3)))
    for step in range(1, steps + 1):
        image = Image.fromarray(picture)
        if step % blur_every == 0:
            image = image.filter(ImageFilter.GaussianBlur(blur_radius))
        bytes_in = torch.from_numpy(np.asarray(image, dtype=np.float32)).permute(2, 0, 1)[None]
        x = ((bytes_in / 255 - IMAGENET_MEAN) / IMAGENET_STD).requires_grad_()
        optimizer = torch.optim.SGD([x], lr=6, weight_decay=decay)
        loss = -core(x)[0, class_index]
        loss.backward()
        optimizer.step()
        rgb = (x.detach() * IMAGENET_STD + IMAGENET_MEAN).clamp(0, 1)
        picture = (rgb[0] * 255).round().byte().permute(1, 2, 0).numpy()
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
