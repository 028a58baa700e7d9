"""The book's recipes, each a few lines around the loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from .ascent import ascend
from .basics.numbers import one_or_more, several, whole
from .made_by import MadeBy
from .networks.ensemble import together
from .networks.load import load_network
from .networks.network import Network
from .objectives import Objective, class_logit, class_margin, per_image
from .parameterizations import Fourier, Pixels
from .restarts import Target, with_restarts
from .result import Result
from .running.stop import stoppable
from .styles import Style, find_style
from .transforms import blur, jitter, min_max, zoom


def develop(x: Tensor) -> Tensor:
    """The end of the original recipe: bilinear ×2, ``adjust_sharpness(0.0)``, min–max normalization (chapter 3).

    ``adjust_sharpness`` also clamps to [0, 1] before the normalization; chapter 3 shows what that does.

    Args:
        x: (B, 3, H, W), any values.

    Returns:
        (B, 3, 2H, 2W), RGB in [0, 1].
    """
    larger = torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return min_max(F.adjust_sharpness(larger, 0.0))


@stoppable
@torch.inference_mode(False)
def maximal_class_input(
    c: int | str,
    num_steps: int = 200,
    lr: float = 5.0,
    wd: float = 0.1,
    *,
    network: Network | None = None,
    size: int = 256,
    seed: int = 0,
    **options: Any,
) -> Result:
    """The original recipe, to the letter (chapter 3).

    x ~ U[0, 1] of shape (1, 3, 256, 256) is the parameter; it goes straight into the frozen network, without
    normalization; AdamW with a large learning rate and weight decay minimizes the class's logit, negated; ``develop``
    makes the picture.

    Args:
        c: a class index or name.
        num_steps: how many steps of AdamW.
        lr: its learning rate.
        wd: its weight decay. Every move first multiplies x by 1 − lr · wd, and ``|x|`` settles near 1 / wd
            (chapter 2 says how near).
        network: any network with classes; the best that can be had if ``None``.
        size: pixels a side of x; the picture has twice as many.
        seed: of x.
        options: passed on to ``ascend``: ``frames``, ``callbacks``, ``preview``, …

    Returns:
        A ``Result`` with one image (1, 3, 2·size, 2·size).

    Raises:
        LookupError: no such class; the nearest are named.
        NoClassifier: the network has no classes.
        ValueError: fewer than 1 step, or too few pixels.
    """
    network = network or load_network()
    made_by = MadeBy(maximal_class_input, locals())
    optimizer = partial(torch.optim.AdamW, lr=lr, weight_decay=wd)
    x = Pixels.uniform(size, seed=seed)
    bare, options = network.without_normalization(), {"finish": develop, **options}
    result = ascend(class_logit(c), bare, x, steps=num_steps, optimizer=optimizer, seed=seed, **options)
    return replace(result, made_by=made_by)


@stoppable
@torch.inference_mode(False)
def visualize(
    target: Target | Sequence[Target],
    network: Network | Sequence[Network] | None = None,
    *,
    style: str | Style = "clear",
    steps: int = 128,
    size: int = 224,
    lr: float | None = None,
    seed: int | Sequence[int] = 0,
    restarts: int | None = None,
    **options: Any,
) -> Result:
    """This book's recipe at its best, put together in chapter 7 and judged in chapter 8.

    The margin of a class over its rivals; a Fourier basis with decorrelated colors; a network that looks through
    random turns, scales and shifts; Adam, whose learning rate falls to 0. The network runs in bfloat16 where that is
    faster. A picture that its own network does not take for its class at the end is begun
    again from another start, alone; its neighbors stay as they are.

    Args:
        target: a class index or name, an objective, or a list of them: one image each, in one batch.
        network: a frozen network, or a list of them, asked ``together``; the best that can be had if ``None``.
        style: ``"clear"``, ``"natural"`` or ``"bold"``: see ``STYLES``; or a ``Style`` of your own. The second wants
            several networks (chapter 8), and each adds its own time to a step.
        steps: how many steps of Adam.
        size: pixels a side.
        lr: Adam's learning rate at the start; the style's own if ``None``.
        seed: of the start and of the views. Every image of a batch is the one that it would be alone; a list of
            seeds gives each its own start, and the views of the first.
        restarts: how often a picture that never took off is begun again, 1,000 seeds further; its caption says so. The
            style's own number if ``None``, 0 for never.
        options: passed on to ``ascend``: ``frames``, ``views``, ``callbacks``, ``preview``, ``precision``, …

    Returns:
        A ``Result`` with an image (3, size, size) for each target.

    Raises:
        LookupError: no such class, layer, channel or style; the nearest are named.
        NoClassifier: a class of a network without any.
        ValueError: no target, fewer than 1 step, too few pixels, or not as many seeds as targets.
    """
    network = network_of(network)
    made_by = MadeBy(visualize, locals())
    chosen, seed = find_style(style), one_or_more(seed, "seed")
    targets = [target] if isinstance(target, str | Objective) or not several(target) else list(target)
    if not targets:
        raise ValueError("no target: name a class, an objective, or a list of them")
    size, steps = whole(size, "size"), whole(steps, "steps")
    restarts = chosen.restarts if restarts is None else whole(restarts, "restarts", 0)
    seeds = [seed] * len(targets) if isinstance(seed, int) else seed
    if len(seeds) != len(targets):
        raise ValueError(f"{len(seeds)} seeds for {len(targets)} targets: give one for all, or one for each")
    draw = partial(_in_style, chosen, network, steps, size, lr, **options)
    result = with_restarts(draw, targets, seeds, network, restarts)
    one_seed = isinstance(seed, int) and not any(result.restarts)
    return replace(result, seed=seed if one_seed else result.seed, made_by=made_by)


def _in_style(
    style: Style,
    network: Network,
    steps: int,
    size: int,
    lr: float | None,
    targets: Sequence[Target],
    seeds: Sequence[int],
    seed: int,
    **options: Any,
) -> Result:
    """One ascent of ``visualize``: a seed for each image's start, and one for the views."""
    objectives = [t if isinstance(t, Objective) else class_margin(t, style.margin) for t in targets]
    image = Fourier(size, batch=len(targets), seed=seeds, **style.fourier)
    result = ascend(
        per_image(objectives) if len(objectives) > 1 else objectives[0],
        network,
        image,
        steps=steps,
        optimizer=partial(torch.optim.Adam, lr=style.lr if lr is None else lr, fused=True),
        seed=seed,
        **{
            "views": style.views(size, steps),
            "schedule": partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=steps),
            "precision": "auto",
            **options,
        },
    )
    return replace(result, seed=tuple(seeds))


def network_of(network: Network | Sequence[Network] | None) -> Network:
    """One network out of none (the best that can be had), one, or several."""
    if network is None:
        return load_network()
    return together(network) if several(network) else network


@stoppable
@torch.inference_mode(False)
def zoom_film(
    objective: Objective,
    network: Network,
    start: Tensor,
    *,
    frames: int = 60,
    steps_a_frame: int = 3,
    factor: float = 1.02,
    sigma: float = 0.7,
    lr: float = 0.03,
    seed: int = 0,
    **options: Any,
) -> Result:
    """A film that falls into its own picture: every frame is a few steps up, a small blur, a slight zoom (chapter 4).

    Source: Mordvintsev, Olah and Tyka, "Inceptionism" (2015), who zoomed in this way without end.

    Args:
        objective: what to maximize.
        network: a frozen network.
        start: (1, 3, H, W), RGB in [0, 1], the first frame: a photograph or noise.
        frames: how many frames.
        steps_a_frame: how many steps between two of them.
        factor: how much each frame enlarges the one before; 1.02 for two percent.
        sigma: the blur between two frames, in pixels.
        lr: Adam's learning rate. Its memory of past gradients is not zoomed along with the picture.
        seed: of the jitter.
        options: passed on to ``ascend``.

    Returns:
        A ``Result`` whose ``frames`` are the film.
    """
    made_by = MadeBy(zoom_film, locals())
    frames, steps_a_frame = whole(frames, "the number of frames", 2), whole(steps_a_frame, "steps_a_frame")
    result = ascend(
        objective,
        network,
        Pixels.photo(start),
        steps=(frames - 1) * steps_a_frame,
        optimizer=partial(torch.optim.Adam, lr=lr),
        edits=[blur(sigma, every=steps_a_frame), zoom(factor, every=steps_a_frame)],
        seed=seed,
        **{"views": [jitter(8)], "frames": [k * steps_a_frame for k in range(frames)], **options},
    )
    return replace(result, made_by=made_by)
