"""The one loop: gradient ascent on an image."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from .basics.files import state_in_words
from .basics.settings import native_precision
from .networks.network import Network
from .objective import Objective
from .result import Log, Result
from .running.checkpoint import Checkpoint
from .running.progress import Watch
from .running.seeding import Seeded
from .transforms import Transform, clip, through

MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
MakeSchedule = Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]
Callback = Callable[[int, Tensor, Tensor], "bool | None"]


class NotFinite(ArithmeticError):
    """The score turned NaN or infinite; ``result`` holds the last good images."""

    def __init__(self, message: str, result: Result):
        super().__init__(message)
        self.result = result


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of ``ascend`` unless told otherwise: Adam with a learning rate of 0.05."""
    return torch.optim.Adam(parameters, lr=0.05, fused=True)


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
    frames: int | Sequence[int] = 0,
    finish: Transform | None = None,
    callbacks: Sequence[Callback] = (),
    preview: int | None = None,
    progress: bool | None = None,
    precision: torch.dtype | str | None = None,
    turbo: bool = False,
    checkpoint: str | Path | None = None,
) -> Result:
    """Change an image, step by step, so that the objective rises (derived in chapter 2).

    Args:
        objective: what to maximize; each image of the batch has its own score.
        network: a frozen network.
        image: a parameterization: called without arguments it gives (B, 3, H, W). It is changed in place.
        steps: how many, from 1 on.
        optimizer: from parameters to any optimizer of torch, which will minimize −score; for instance
            ``functools.partial(torch.optim.AdamW, lr=5.0, weight_decay=0.1)``.
        schedule: from that optimizer to a learning-rate scheduler of torch, stepped once a step.
        views: random transforms through which the network looks, first to last (chapter 4).
        edits: transforms done to the image after a step, first to last (chapter 4).
        seed: of the views, and of whatever else is random on the way.
        frames: how many frames to keep, evenly spaced from start to end, or at which steps and at the end.
        finish: from the final (B, 3, H, W), of any values, to pictures in [0, 1]; by default they are clipped.
        callbacks: called as ``callback(step, images, scores)`` at every step; ``False`` from one ends the run.
        preview: in a notebook, show the image every so many steps.
        progress: whether to show a bar with the score; by default unless ``POMERANIAN_QUIET`` is set.
        precision: ``torch.bfloat16`` runs the network in half the bits, ``"auto"`` does so where the processor has
            instructions for it; by default the network's own. Image, gradient and optimizer stay float32.
        turbo: ``"auto"``, and the network compiled; worth its minute of compiling for long runs on a GPU.
        checkpoint: a file that keeps the run every 25 steps, and from which it goes on if it was killed.

    Returns:
        A ``Result``; after Ctrl-C or the notebook's stop button too, with the image so far.

    Raises:
        NotFinite: the score turned NaN or infinite; the error's ``result`` holds the last good images.
        ValueError: fewer than 1 step, or too few pixels for the network.
        LookupError: no such class, layer or channel.
    """
    if not isinstance(objective, Objective):
        raise TypeError(f"expected an objective, such as class_logit('Pomeranian'), got {objective!r}")
    if not isinstance(image, nn.Module):
        raise TypeError(f"expected a parameterization, such as Pixels(start), got {type(image).__name__}")
    if precision not in (None, "auto", torch.bfloat16):
        raise ValueError(f'precision is None, "auto" or torch.bfloat16, got {precision!r}')
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps is a whole number from 1 on, got {steps!r}")
    network.refresh()
    bound = objective.bind(network)
    image = image.to(network.device)
    start = copy.deepcopy(image)
    climber = optimizer(image.parameters())
    scheduler = schedule(climber) if schedule else None
    finish = finish or clip()
    log = Log(steps, frames, finish)

    facts = dict(objective=bound.words, network_title=network.title, steps=steps, seed=seed)
    facts["settings"] = dict(optimizer=_describe(climber), views=[*map(repr, views)], edits=[*map(repr, edits)])
    options = dict(steps=steps, optimizer=optimizer, schedule=schedule, views=views, edits=edits, seed=seed)
    options |= dict(frames=frames, finish=finish, progress=progress, precision=precision, turbo=turbo)
    facts["repeat"] = lambda: ascend(objective, network, copy.deepcopy(start), **options)

    if turbo or precision == "auto":
        precision = native_precision(network.device)
    engine = dict(precision=precision, compiled=turbo)

    def score(images: Tensor, **engine) -> Tensor:
        found = network.activations(images, bound.layers, **engine)
        scores = bound.score({layer: activation.float() for layer, activation in found.items()})
        if scores.shape != (len(images),):
            raise ValueError(f"an objective gives each image one score, ({len(images)},); got {tuple(scores.shape)}")
        return scores

    def end(raw: Tensor, interrupted: bool = False) -> Result:
        with torch.no_grad():
            return log.result(raw, score(raw), interrupted=interrupted, **facts)

    def check(step: int, scores: Tensor) -> None:
        if not torch.isfinite(scores).all():
            last = start() if log.last_good is None else log.last_good
            message = _why_not_finite(step, bound.words, facts["settings"])
            raise NotFinite(message, end(last, interrupted=len(log.scores) < steps))

    interrupted = False
    shapes = [tuple(p.shape) for p in image.parameters()]
    way = [*map(repr, [*views, *edits]), type(scheduler).__name__, str(precision)]
    run = (bound.words, network.title, steps, seed, _describe(climber), sorted(log.wanted), shapes, way)
    if checkpoint:
        with Seeded(seed, network.device), torch.no_grad():  # what an objective does not say of itself, its scores tell
            run += (state_in_words(image), [f"{s:.4g}" for s in score(image()).tolist()])
    facts_of_run = re.sub(r" at 0x[0-9a-fA-F]+", "", str(run))  # a function's address is another in each process
    kept = Checkpoint(checkpoint, facts_of_run, image, climber, scheduler, log)
    chance = Seeded(seed, network.device)
    with Watch(steps, progress, preview, finish) as watch:
        try:
            with chance:
                begin = kept.resume()
            for step in range(begin, steps):
                with chance:
                    before, scores = _step(climber, image, lambda images: score(through(views, images), **engine))
                    check(step, scores)
                    log.add(step, before, scores)
                    if scheduler:
                        scheduler.step()
                    for edit in edits:
                        if (step + 1) % getattr(edit, "every", 1) == 0:
                            image.edit(edit)
                    kept.save(step + 1)
                    watch.show(step, before, scores)
                    interrupted = any([callback(step, before, scores) is False for callback in callbacks])
                if interrupted:
                    break
        except KeyboardInterrupt:
            interrupted = True
            print(f"Stopped after {len(log.scores)} of {steps} steps; the image so far is kept.")
    raw = image().detach().clone()
    try:
        with torch.no_grad():
            final = score(raw)
    except KeyboardInterrupt:
        if not log.taken:
            raise
        interrupted, final = True, log.scores[-1].to(raw.device)
    check(len(log.scores), final)
    log.keep_last(raw)
    if log.taken == steps:
        kept.remove()
    return log.result(raw, final, interrupted=interrupted, **facts)


def _step(climber: torch.optim.Optimizer, image: nn.Module, look: Transform) -> tuple[Tensor, Tensor]:
    """One step up. Returns the images (B, 3, H, W) before it and their scores (B,)."""
    seen: list[tuple[Tensor, Tensor]] = []

    def closure() -> Tensor:
        climber.zero_grad()
        images = image()
        scores = look(images)
        loss = -scores.sum()
        loss.backward()
        seen.append((images.detach().clone(), scores.detach()))
        return loss

    climber.step(closure)
    return seen[0]


def _describe(climber: torch.optim.Optimizer) -> str:
    """An optimizer in words, such as ``AdamW(lr=5, weight_decay=0.1)``."""
    group = climber.param_groups[0]
    decay = group.get("weight_decay") or 0
    return f"{type(climber).__name__}(lr={group['lr']:g}{f', weight_decay={decay:g}' if decay else ''})"


def _why_not_finite(step: int, words: str | tuple[str, ...], settings: dict) -> str:
    return (
        f"the score ({words}) is no longer a finite number at step {step}. The usual cause is a step that is too "
        f"large (here {settings['optimizer']}): try a tenth of the learning rate, or an edit such as clip(). "
        "The last good images are in this error's .result."
    )
