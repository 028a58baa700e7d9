"""The one loop: gradient ascent on an image."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from .basics.names import nearest
from .basics.numbers import whole
from .basics.seeding import TURNS
from .made_by import MadeBy
from .networks.network import Network
from .objectives import Bound, Objective
from .result import Result
from .running.stop import stoppable
from .running.watch import Watch
from .transforms import Transform, through

MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
MakeSchedule = Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of ``ascend`` unless told otherwise: Adam with a learning rate of 0.05."""
    return torch.optim.Adam(parameters, lr=0.05, fused=True)


@stoppable
@torch.inference_mode(False)
@torch.enable_grad()
def ascend(
    objective: Objective,
    network: Network,
    image: nn.Module,
    *,
    steps: int = 128,
    optimizer: MakeOptimizer = adam,
    schedule: MakeSchedule | None = None,
    views: Sequence[Transform] = (),
    edits: Sequence[Transform] = (),
    seed: int = 0,
    precision: torch.dtype | str | None = None,
    **watching: Any,
) -> Result:
    """Change an image, step by step, so that the objective rises (derived in chapter 2).

    Args:
        objective: what to maximize; each image of the batch has its own score.
        network: a network, which is left as it was. Several ``together`` take turns: a step asks each of them, and the
            image moves after each answer (chapter 8).
        image: a parameterization: called without arguments it gives (B, 3, H, W). It is changed in place.
        steps: how many, from 1 on.
        optimizer: from parameters to any optimizer of torch, which will minimize −score; for instance
            ``functools.partial(torch.optim.AdamW, lr=5.0, weight_decay=0.1)``. It moves once a turn. One that learns
            from how the gradient changes, such as LBFGS, takes a single network.
        schedule: from that optimizer to a learning-rate scheduler of torch, stepped once a step, after all turns.
        views: random transforms through which the network looks, first to last (chapter 4).
        edits: transforms done to the image after a step, first to last (chapter 4).
        seed: of the views, and of whatever else draws from torch's generators.
        precision: ``torch.bfloat16`` runs the network in half the bits, ``"auto"`` does so where that is faster
            (``fastest_precision``); by default the network's own. Image, gradient and optimizer stay float32.
        watching: what ``Watch`` shall keep, show and call: ``frames``, ``finish``, ``callbacks``, ``preview``,
            ``progress``, ``checkpoint``.

    Returns:
        A ``Result``.

    Raises:
        KeyboardInterrupt: Ctrl-C or the notebook's stop button; ``last_result()`` has the image so far.
        NotFinite: the score turned NaN or infinite; the error's ``result`` holds the last good images.
        ValueError: fewer than 1 step, a size that the network does not take, an image of which nothing can move, or
            LBFGS for several networks.
        LookupError: no such class, layer or channel.
        TypeError: not an objective, a parameterization, or an option.
    """
    made_by = MadeBy(ascend, locals())
    steps, seed = whole(steps, "steps"), whole(seed, "seed", 0)
    check_ingredients(objective, image, precision, watching)
    # The objective meets the network, the image goes where the network is, and its numbers are what is optimized.
    network.refresh()
    bound, image = bind(objective, network), image.to(network.device)
    optimizer = optimizer(what_moves(image))
    schedule = schedule(optimizer) if schedule else None
    turns = in_turn(objective, bound, network, optimizer, precision)  # one, unless several networks draw together

    # Frames, progress, checkpoints, callbacks and Ctrl-C are the watch's.
    watch = Watch(bound.words, network, steps, seed, in_words(optimizer, views, edits), made_by, **watching)
    begin = watch.resume(image, optimizer, schedule, partial(mean_score, turns))

    def look(turn: Turn) -> Tensor:  # one look at the image, for the optimizer, which may want several a turn
        optimizer.zero_grad()
        images = image()
        scores = turn.bound.of(turn.network, through(views, images, step), turn.precision)  # in evaluation mode
        loss = -scores.sum()  # optimizers go down, we go up
        turn.network.backward(loss, what_moves(image))  # its own weights get no gradient
        watch.look(turn, images, scores)
        return loss

    with watch:
        for step in range(begin, steps):
            with watch.chance:
                for turn in turns:
                    optimizer.step(partial(look, turn))
                if schedule:
                    schedule.step()
                for edit in edits:
                    if (step + 1) % getattr(edit, "every", 1) == 0:
                        image.edit(edit)
                if not watch.goes_on(step):
                    break

    # The score at the end is of the image itself, not of a view of it.
    with watch, watch.chance, torch.no_grad():
        watch.final = mean_score(turns, image())
    return watch.result(image())


def what_moves(image: nn.Module) -> list[nn.Parameter]:
    """The parameters of an image that require a gradient."""
    return [parameter for parameter in image.parameters() if parameter.requires_grad]


@dataclass(frozen=True, eq=False)
class Turn:
    """Who is asked in a step, the objective bound to it, and in which precision it runs."""

    network: Network
    bound: Bound
    precision: torch.dtype | None


def bind(objective: Objective, network: Network) -> Bound:
    """The objective, bound to a network, which is tried out for that: no other run draws random numbers meanwhile."""
    with TURNS:
        return objective.bind(network)


def in_turn(
    objective: Objective, bound: Bound, network: Network, optimizer: torch.optim.Optimizer, precision: Any
) -> list[Turn]:
    """The turns of a step. Raises ``ValueError`` for an optimizer that would compare the answers of different networks.

    Args:
        bound: the objective, bound to ``network``.
    """
    if len(network.turns) > 1 and isinstance(optimizer, torch.optim.LBFGS | torch.optim.Rprop):
        raise ValueError(
            f"{type(optimizer).__name__} learns from how the gradient changes, and networks that take turns have each "
            "their own: take another optimizer, such as Adam, or a single network"
        )
    bounds = [bound if one is network else bind(objective, one) for one in network.turns]
    with TURNS:
        precisions = [one.fastest_precision() if precision == "auto" else precision for one in network.turns]
    return [*map(Turn, network.turns, bounds, precisions)]


def mean_score(turns: Sequence[Turn], images: Tensor) -> Tensor:
    """The mean (B,) of what all who take turns say of images (B, 3, H, W)."""
    return torch.stack([turn.bound.of(turn.network, images) for turn in turns]).mean(dim=0)


def check_ingredients(objective: Objective, image: nn.Module, precision: Any, watching: Collection[str]) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless these are what ``ascend`` takes."""
    if not isinstance(objective, Objective):
        raise TypeError(f"expected an objective, such as class_logit('Pomeranian'), got {objective!r}")
    if not isinstance(image, nn.Module):
        raise TypeError(f"expected a parameterization, such as Pixels(start), got {type(image).__name__}")
    if precision not in (None, "auto", torch.bfloat16, torch.float16):
        raise ValueError(f'precision is None, "auto" or torch.bfloat16, got {precision!r}')
    known = [*signature(ascend).parameters, *signature(Watch).parameters]
    for name in watching:
        if name not in known:
            near = " or ".join(nearest(name, known))
            raise TypeError(f"there is no option {name!r}" + (f": did you mean {near}?" if near else ""))
    if any(parameter.is_inference() for parameter in image.parameters()):
        raise ValueError("this image was made under torch.inference_mode(), which allows no gradient: make it outside")
    if not what_moves(image):
        raise ValueError(f"nothing can move: no parameter of {type(image).__name__} requires a gradient")


def in_words(
    optimizer: torch.optim.Optimizer, views: Sequence[Transform], edits: Sequence[Transform]
) -> dict[str, Any]:
    """What was chosen besides: the optimizer, such as ``AdamW(lr=5, weight_decay=0.1)``, the views, the edits."""
    group = optimizer.param_groups[0]
    rate = [f"lr={group['lr']:g}"] if "lr" in group else []
    decay = [f"weight_decay={group['weight_decay']:g}"] if group.get("weight_decay") else []
    words = f"{type(optimizer).__name__}({', '.join(rate + decay)})"
    return dict(optimizer=words, views=[*map(repr, views)], edits=[*map(repr, edits)])
