"""Deep Dream: a photograph in which a layer finds more and more of what it looks for (chapter 6).

After Mordvintsev, Olah and Tyka, "Inceptionism" (2015), and the notebook that they published with it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from .. import transforms
from ..ascent import ascend
from ..basics.bar import Bar
from ..basics.images import check_images
from ..basics.numbers import whole
from ..made_by import MadeBy
from ..networks.network import Network
from ..objectives import Activations, Bound, Objective, layer
from ..result import Result
from ..running.history import as_bytes
from ..running.stop import stoppable, until_stopped
from .octaves import Dream, MeanStep, octave_sizes
from .tiles import Tiles

GOOD_LAYERS = {"vgg16": "relu4_3", "squeezenet1_1": "fire7", "googlenet": "inception4c", "resnet50": "layer3"}


def guided(name: str, guide: Tensor) -> Objective:
    """What a layer sees should be like what it sees somewhere in another picture (chapter 6).

    Each place of the layer picks the place of the guide whose activation has the largest product with its own; the
    score is the mean of these products. Source: the notebook of "Inceptionism" (2015).

    Args:
        name: a layer name.
        guide: (1, 3, H, W) or (3, H, W), RGB in [0, 1], of any size that the network takes.
    """
    guide = check_images(guide, "guide")
    if len(guide) != 1:
        raise ValueError(f"one picture guides, got {len(guide)}")

    return Objective(partial(_bind_guided, name=name, guide=guide))


def _bind_guided(network: Network, name: str, guide: Tensor) -> Bound:
    with torch.no_grad():
        wanted = network.activations(guide.to(network.device), [name])[name].float()
    if wanted.dim() != 4:
        raise ValueError(f"{name} has no places to match; name a convolution's layer")

    def score(acts: Activations) -> Tensor:
        matches = acts[name].flatten(2).transpose(1, 2) @ wanted[0].flatten(1)  # (B, places, the guide's places)
        return matches.amax(dim=2).mean(dim=1)

    return Bound(f"{name} guided by a picture", (name,), score)


@stoppable
@torch.inference_mode(False)
def deep_dream(
    photo: Tensor,
    network: Network,
    objective: Objective | str | None = None,
    *,
    guide: Tensor | None = None,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 10,
    lr: float = 0.01,
    jitter: int = 32,
    tile: int = 512,
    halo: int | None = None,
    seed: int = 0,
    **options,
) -> Result:
    """Dream into a photograph what a layer sees in it (chapter 6).

    Args:
        photo: (B, 3, H, W) or (3, H, W), RGB in [0, 1], of any shape: more than a tile is looked at tile by tile.
        network: a frozen network.
        objective: what to maximize, or a layer's name for all of that layer; by default a layer in the middle.
        guide: a second picture; what is dreamt is then what the layer sees in that one.
        octaves: at how many sizes, the photograph's own being the last.
        octave_scale: by which factor each is larger than the one before.
        steps: how many at each.
        lr: how far a step moves a pixel on average; 0.01 is a hundredth of the way from black to white.
        jitter: up to how many pixels the network's view is shifted at each step, either way.
        tile: pixels a side of the largest piece that the network is shown, its halo not counted.
        halo: pixels of context around a tile; by default as many as the layer sees, which leaves no seam.
        seed: of the jitter.
        options: passed on to ``ascend``: ``frames``, ``callbacks``, ``preview``, ``progress``, …

    Returns:
        A ``Result`` with images of the photograph's size.

    Raises:
        KeyboardInterrupt: Ctrl-C or the notebook's stop button; ``last_result()`` has the dream so far.
        ValueError: not RGB in [0, 1], too many octaves, or an objective that tiles cannot share.
        LookupError: no such layer.
    """
    made_by = MadeBy(deep_dream, locals())
    if "checkpoint" in options:
        raise ValueError("a dream keeps no checkpoint: its picture grows on the way")
    photo = check_images(photo, "photo").to(network.device)
    octaves, steps = whole(octaves, "the number of octaves", 0), whole(steps, "steps")
    wanted = _objective(network, objective, guide)
    tiles = Tiles(wanted, network, tile, halo)
    image = Dream(photo, octave_sizes(*photo.shape[2:], octaves, octave_scale))
    fixed = dict(octaves=octaves, octave_scale=octave_scale, steps=steps, lr=lr, jitter=jitter, tile=tile, halo=halo)
    fixed = {name: value.item() if hasattr(value, "item") else value for name, value in fixed.items()}

    def next_octave(step: int, images: Tensor, scores: Tensor) -> None:
        if (step + 1) % steps == 0 and step + 1 < steps * octaves:
            image.grow()

    result = ascend(
        tiles.objective,
        tiles,
        image,
        steps=steps * octaves,
        optimizer=partial(MeanStep, lr=lr),
        views=[transforms.jitter(jitter)] if jitter else [],
        edits=[transforms.clip()],
        seed=seed,
        finish=image.develop,
        callbacks=[next_octave, *options.pop("callbacks", ())],
        **options,
    )
    return replace(result, settings={**result.settings, **fixed}, made_by=made_by)


@stoppable
@torch.inference_mode(False)
def dream_film(
    photo: Tensor,
    network: Network,
    objective: Objective | str | None = None,
    *,
    frames: int = 60,
    zoom: float = 1.04,
    seed: int = 0,
    **options,
) -> Result:
    """A fall into a dream: each frame is the one before, enlarged a little about its middle and dreamt into again.

    Args:
        photo: (1, 3, H, W) or (3, H, W), RGB in [0, 1]: the first frame.
        network: a frozen network.
        objective: as for ``deep_dream``.
        frames: how many frames.
        zoom: by how much each enlarges the one before; 1.04 for four percent.
        seed: of the first dream's jitter; the next ones count on from it.
        options: passed on to ``deep_dream``; by default 2 octaves of 2 steps each.

    Returns:
        A ``Result`` whose ``frames`` are the film, for ``player`` or ``save_film``; each counts as one step, and its
        score is that of the whole frame.

    Raises:
        KeyboardInterrupt: Ctrl-C or the notebook's stop button; ``last_result()`` has the film so far.
    """
    made_by = MadeBy(dream_film, locals())
    frames, seed = whole(frames, "the number of frames", 2), whole(seed, "seed", 0)
    guide, larger = options.pop("guide", None), transforms.zoom(zoom)
    wanted = _objective(network, objective, guide)
    shown = options.get("progress")
    options = {"octaves": 2, "steps": 2, "progress": False, **options}
    picture = check_images(photo, "photo").to(network.device)
    with torch.no_grad():
        tiles = Tiles(wanted, network, options.get("tile", 512), options.get("halo"))
        film, result = [(as_bytes(picture), tiles.activations(picture)["score"].cpu())], None
    with until_stopped(), Bar(frames - 1, "film", "frames", shown=shown) as bar:
        for k in range(frames - 1):
            result = deep_dream(larger(picture).clamp(0, 1), network, wanted, seed=seed + k, **options)
            if result.interrupted:
                break
            picture = result.images.to(network.device)
            film.append((as_bytes(picture), result.final))
            bar.to(k + 1)
    if result is None:
        raise KeyboardInterrupt
    shots, scores = zip(*film, strict=True)
    return replace(
        result,
        images=picture.cpu(),
        raw=picture.cpu(),
        scores=torch.stack(scores[:-1]) if len(scores) > 1 else torch.empty(0, len(picture)),
        final=scores[-1],
        frames=torch.stack(shots),
        frame_steps=list(range(len(film))),
        steps=frames - 1,
        seed=seed,
        interrupted=len(film) < frames,
        made_by=made_by,
    )


def _objective(network: Network, objective: Objective | str | None, guide: Tensor | None) -> Objective:
    """What to dream of, from an objective, a layer's name, or nothing at all."""
    if isinstance(objective, Objective):
        if guide is not None:
            raise ValueError("a guide goes with a layer's name, as in objective='relu4_3'; or pass guided(name, guide)")
        return objective
    name = objective or GOOD_LAYERS.get(network.name)
    if name is None:
        raise LookupError(f"name a layer of {network.title} to dream of: objective='...', from network.layers")
    return layer(name) if guide is None else guided(name, guide)
