"""Pictures to hang on a wall: drawn small, enlarged exactly, and gone over again at each size (chapter 6)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from ..ascent import ascend
from ..basics.bar import Bar
from ..made_by import MadeBy
from ..networks.load import load_network
from ..networks.network import Network
from ..objectives import Objective, class_margin
from ..parameterizations import Fourier
from ..recipes import visualize
from ..result import Result
from ..running.stop import stoppable, until_stopped
from ..styles import find_style
from ..transforms import MIDDLE, Named, Transform, rotate

LOOK = 288  # pixels a side of what a network for 224 and more is shown of a poster; a smaller one sees its own size


def enlarge(images: Tensor, size: int) -> Tensor:
    """Enlarge square images without inventing or losing anything: the same waves on a finer grid.

    The logits of the colors are padded with zeros in the Fourier domain. Where the new grid meets the old one the
    values are the old ones.

    Args:
        images: (B, 3, H, H), in [0, 1]; 0 and 1 become 0.001 and 0.999, since a logit is finite.
        size: pixels a side, at least H.

    Returns:
        (B, 3, size, size), RGB in (0, 1).
    """
    old = images.shape[-1]
    if images.shape[-2] != old or size < old:
        raise ValueError(f"expected square images of at most {size} pixels, got {tuple(images.shape[-2:])}")
    spectrum = torch.fft.fftshift(torch.fft.fft2(images.clamp(1e-3, 1 - 1e-3).logit()), dim=(2, 3))
    before = size // 2 - old // 2  # frequency 0 stands at old // 2, and is to stand at size // 2
    padding = (before, size - old - before) * 2
    wider = torch.fft.ifftshift(torch.nn.functional.pad(spectrum, padding), dim=(2, 3))
    return (torch.fft.ifft2(wider).real * (size / old) ** 2).sigmoid()


def windows(low: float, high: float, look: int = LOOK) -> Transform:
    """View: a random square window of the image, from ``low`` to ``high`` of its side, shown at ``look`` pixels.

    However large the image is, the network sees it at a size it knows, and a step costs the same. A window that
    reaches beyond the image is gray there.
    """

    return Named(f"windows({low:g}, {high:g}, {look})", partial(_window, low=low, high=high, look=look))


def _window(images: Tensor, low: float, high: float, look: int) -> Tensor:
    size = images.shape[-1]
    side = round(size * torch.empty((), device="cpu", dtype=torch.float32).uniform_(low, high).item())
    margin = max(0, side - size)
    top, left = torch.randint(0, abs(side - size) + 1, (2,), device="cpu").tolist()
    if margin:
        padded = torch.nn.functional.pad(images - MIDDLE, (left, margin - left, top, margin - top)) + MIDDLE
    else:
        padded = images[..., top : top + side, left : left + side]
    return F.resize(padded, [look, look], antialias=True)


def stage_sizes(size: int, first: int) -> list[int]:
    """The sizes a poster goes through: ``first``, doubled as long as there is room, and its own at the end."""
    if not 1 <= first <= size:
        raise ValueError(f"a poster of {size} pixels cannot begin with {first}")
    sizes = [first]
    while 2 * sizes[-1] < size:
        sizes.append(2 * sizes[-1])
    return sizes if sizes[-1] == size else [*sizes, size]


@stoppable
@torch.inference_mode(False)
def poster(
    target: int | str | Objective,
    network: Network | None = None,
    *,
    style: str = "clear",
    size: int = 1024,
    first: int = 256,
    steps: int = 128,
    touches: int = 80,
    lr: float = 0.02,
    seed: int = 0,
    frames: int = 0,
    restarts: int | None = None,
    **options,
) -> Result:
    """A large picture in a minute or so: ``visualize`` draws it small, then it is enlarged and gone over, and again.

    Args:
        target: a class index or name, or an objective.
        network: a frozen network; the best that can be had if ``None``.
        style: as for ``visualize``.
        size: pixels a side.
        first: pixels a side of the first drawing, which decides what is where.
        steps: how many steps it takes.
        touches: how many steps at each larger size. They see windows of the picture, two fifths of its side and more
            at 1024 pixels, so that the objects of the first drawing gain detail and few new ones appear.
        lr: Adam's learning rate at the larger sizes; it falls to 0 within each.
        seed: of the first start and of all views.
        frames: how many to keep of each size; all have the poster's own size.
        restarts: of the first drawing, as for ``visualize``.
        options: passed on to ``ascend``: ``progress``, ``preview``, ``callbacks``, …

    Returns:
        A ``Result`` with one image (1, 3, size, size).

    Raises:
        KeyboardInterrupt: Ctrl-C or the notebook's stop button; ``last_result()`` has the picture so far, enlarged.
        LookupError: no such class, layer, channel or style.
        NoClassifier: a class of a network without any.
        ValueError: fewer than 1 step, a first size beyond the poster's, or an option that a poster sets itself.
    """
    network = network or load_network()
    made_by = MadeBy(poster, locals())
    if "checkpoint" in options:
        raise ValueError("a poster keeps no checkpoint: its picture grows on the way")
    own = sorted({"views", "schedule", "optimizer", "finish"} & options.keys())
    if own:
        raise ValueError(f"a poster has {own[0]} of its own at each size; visualize takes yours")
    sizes, chosen = stage_sizes(size, first), find_style(style)
    look = LOOK if network.size >= 224 else network.size
    objective = target if isinstance(target, Objective) else class_margin(target, chosen.margin)
    options = {"precision": "auto", **options}
    shared = dict(seed=seed, frames=frames, finish=partial(enlarge, size=size), **options)
    with Bar(len(sizes), "poster", "sizes", shown=options.get("progress")) as bar:
        stages = [visualize(objective, network, style=style, steps=steps, size=first, restarts=restarts, **shared)]
        with until_stopped():
            for side in sizes[1:]:
                bar.to(len(stages))
                if stages[-1].interrupted:
                    break
                start = enlarge(stages[-1].raw.clamp(0, 1), side)
                stages.append(
                    ascend(
                        objective,
                        network,
                        Fourier.photo(start, **chosen.fourier),
                        steps=touches,
                        optimizer=partial(torch.optim.Adam, lr=lr),
                        schedule=partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=touches),
                        views=[windows(min(0.8, 0.6 * (512 / side) ** 0.6), 1.1, look), rotate(10)],
                        **shared,
                    )
                )
        bar.to(len(stages))
    early = stages[-1].interrupted or len(stages) < len(sizes)
    return replace(joined(stages), steps=steps + touches * (len(sizes) - 1), interrupted=early, made_by=made_by)


def joined(stages: list[Result]) -> Result:
    """Runs that each went on where the one before ended, as one. The last one's images; all scores and frames."""
    begun = [sum(len(stage.scores) for stage in stages[:k]) for k in range(len(stages))]
    return replace(
        stages[-1],
        scores=torch.cat([stage.scores for stage in stages]),
        frames=torch.cat([stage.frames for stage in stages]),
        frame_steps=[start + at for start, stage in zip(begun, stages, strict=True) for at in stage.frame_steps],
        settings={"stages": [stage.settings for stage in stages]},
    )
