"""A picture that grows: the sizes a dream goes through, what is kept between them, and steps that suit them all.

Derived in chapter 6, after the notebook of Mordvintsev, Olah and Tyka's "Inceptionism" (2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F


def octave_sizes(height: int, width: int, octaves: int, factor: float) -> list[tuple[int, int]]:
    """The sizes (H, W) in pixels at which a dream is dreamt, smallest first: each ``factor`` times the one before."""
    if octaves < 1 or not factor > 1:
        raise ValueError(f"a dream has 1 octave or more, each larger by a factor above 1; got {octaves} and {factor}")
    sizes = [(round(height / factor**k), round(width / factor**k)) for k in reversed(range(octaves))]
    if min(sizes[0]) < 32:
        raise ValueError(
            f"the first of {octaves} octaves would have {sizes[0][0]}×{sizes[0][1]} pixels, too few to see anything "
            f"in: take fewer octaves, or a larger photo than {height}×{width}"
        )
    return sizes


class Dream(nn.Module):
    """A photograph plus what has been dreamt into it, at one of several sizes (chapter 6).

    Between two octaves only the dreamt part is enlarged. The photograph is scaled down anew from the original, so
    that each octave brings back the detail that the one before was too small to hold.

    Args:
        photo: (B, 3, H, W), RGB in [0, 1].
        sizes: the sizes (H, W) to go through, from ``octave_sizes``.
    """

    def __init__(self, photo: Tensor, sizes: list[tuple[int, int]]):
        super().__init__()
        self.sizes, self.octave = list(sizes), 0
        self.register_buffer("photo", photo.detach().clone())
        self.register_buffer("base", _resize(photo, sizes[0]))
        self.detail = nn.Parameter(torch.zeros_like(self.base))

    def forward(self) -> Tensor:
        """The images (B, 3, h, w) at the present size."""
        return self.base + self.detail

    @torch.no_grad()
    def edit(self, change: Callable[[Tensor], Tensor]) -> None:
        """Replace the images by ``change(images)``, of the same shape."""
        self.detail.copy_(change(self()) - self.base)

    def grow(self) -> None:
        """Go on to the next octave."""
        size = self.sizes[self.octave + 1]
        base, detail = _resize(self.photo, size), _resize(self.detail.detach(), size)
        self.base, self.detail.data, self.detail.grad = base, detail, None  # both or, stopped before here, neither
        self.octave += 1

    def develop(self, images: Tensor) -> Tensor:
        """From images of any octave to the photograph's own size: what was dreamt, enlarged and added."""
        photo = self.photo.to(images)
        dreamt = images - _resize(photo, images.shape[2:])
        return (photo + _resize(dreamt, photo.shape[2:])).clamp(0, 1)


class MeanStep(torch.optim.Optimizer):
    """Gradient steps of one size: the gradient is divided by the mean of its absolute values (chapter 6).

    Args:
        parameters: each of shape (B, …); every image of the batch has its own mean.
        lr: how far a step moves a pixel, on average.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float = 0.01):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """One step along −gradient of what ``closure`` computes."""
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                size = parameter.grad.abs().mean(dim=tuple(range(1, parameter.dim())), keepdim=True)
                parameter.sub_(group["lr"] * parameter.grad / size.clamp_min(torch.finfo(size.dtype).tiny))
        return loss


def _resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Images at another size (H, W), smoothly and without aliasing."""
    return F.resize(images, list(size), antialias=True)
