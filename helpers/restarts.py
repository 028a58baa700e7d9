"""Runs that never took off: noticed, and begun again from another start (chapter 8)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from .networks.network import Network
from .objectives import Objective
from .result import Result
from .running.stop import until_stopped
from .running.watch import NotFinite

Target = int | str | Objective
Draw = Callable[..., Result]
APART = 1000  # from one start's seed to the next, so that a restart is not what a neighbor begins with
TOO_SHORT = 32  # steps; in fewer, a class that will take off may not have done so yet


def with_restarts(
    draw: Draw, targets: Sequence[Target], seeds: Sequence[int], network: Network, restarts: int
) -> Result:
    """Draw a batch; what never took off is drawn again, and whatever did is left as it is (chapter 8).

    Args:
        draw: from targets, the seed of each image's start and the seed of the views to a ``Result``; a restart is told
            to leave the checkpoint alone.
        targets: one an image.
        seeds: one an image; a restart adds 1,000 to them.
        network: who draws.
        restarts: how often a picture may be begun again.

    Returns:
        The ``Result``; its ``restarts`` and ``grounded`` say what happened to each image. Of several that all stayed
        on the ground, the one with the highest score.
    """
    result = draw(targets, seeds, seeds[0])
    result = replace(result, restarts=(0,) * len(targets), grounded=never_took_off(result, targets, network))
    for attempt in range(1, restarts + 1):
        low = [i for i, grounded in enumerate(result.grounded) if grounded]
        if not low or result.interrupted:
            break
        wanted, later, again = [targets[i] for i in low], [seeds[i] + APART * attempt for i in low], None
        with until_stopped(), contextlib.suppress(NotFinite):
            again = draw(wanted, later, seeds[0] + APART * attempt, checkpoint=None)
        if again is None or again.interrupted:  # what the first run drew is whole
            break
        grounded = never_took_off(again, wanted, network)
        again = replace(again, restarts=(attempt,) * len(low), grounded=grounded)
        better = [k for k, i in enumerate(low) if not again.grounded[k] or again.final[k] > result.final[i]]
        result = result.with_images([low[k] for k in better], again, better)
    return result


@torch.no_grad()
def never_took_off(result: Result, targets: Sequence[Target], network: Network) -> tuple[bool, ...]:
    """Which images of a run stayed on the ground.

    A class took off if every network that drew sees it first at the end: short of that, the picture shows something
    else even to one who drew it. Anything else took off if its score rose. A run that was stopped, or of fewer than 32
    steps, had no time to, and is not judged.
    """
    if result.interrupted or result.steps < TOO_SHORT:
        return (False,) * len(targets)
    grounded = (result.final <= result.scores[0]).tolist()
    if len(network.classes) > 1 and not all(isinstance(target, Objective) for target in targets):
        images = result.raw.to(network.device)
        seen = torch.stack([member(images).argmax(dim=1) for member in network.members], dim=1).tolist()
        for i, target in enumerate(targets):
            if not isinstance(target, Objective):
                grounded[i] = set(seen[i]) != {network.find_class(target)}
    return tuple(grounded)
