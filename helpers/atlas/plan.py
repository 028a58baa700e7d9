"""What there is to draw, as names and numbers that can travel, and how a worker draws it.

*What larger worlds cost* derives it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import operator
import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import torch
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from ..basics.files import state_in_words
from ..basics.numbers import whole
from ..networks.ensemble import together
from ..networks.load import load_network
from ..networks.network import Network
from ..objectives import channel
from ..recipes import visualize
from ..show.pictures import picture, saved
from ..styles import find_style

Target = int | str | tuple[str, int]
Outcome = bytes | str  # a PNG file, or why there is none
RESTARTS, TOOK_OFF = "Restarts", "Took off"  # what a picture's file says of its run
TURN = threading.Lock()  # a worker may have several threads, and the network and its memory are there once


@dataclass(frozen=True)
class Recipe:
    """How ``visualize`` is to draw, as data.

    Attributes:
        network: the name of a network, or several joined by ``" + "``.
        style, steps, size: as in ``visualize``.
        weights: a fingerprint of the network's numbers, so that no worker draws with others.
        precision: ``"bfloat16"`` or ``"float32"``: what the network runs in, on every worker alike.
    """

    network: str
    style: str = "clear"
    steps: int = 128
    size: int = 224
    weights: str = ""
    precision: str = "float32"


@dataclass(frozen=True)
class Piece:
    """One picture of an atlas: a class index or (layer, channel), its seed, and the name of its file."""

    target: int | tuple[str, int]
    seed: int
    name: str


@dataclass(frozen=True)
class Batch:
    """What travels to a worker: some pieces of one seed, and how to draw them. Pickled, about a kilobyte."""

    pieces: tuple[Piece, ...]
    recipe: Recipe


def plan(
    targets: Iterable[Target] | None = None,
    network: str | None = None,
    *,
    seeds: Sequence[int] = (0,),
    device: str | None = None,
    **recipe,
) -> tuple[list[Piece], Recipe]:
    """Name every picture that is wanted, before any is drawn (*What larger worlds cost*).

    A name is made of the target, the seed, and a hash of everything that the picture depends on; so the same picture
    has the same name in every run, and another recipe or other weights never pass for it. What the name does not
    know is the machine: another processor rounds otherwise.

    Args:
        targets: classes by index or name, channels as (layer, index); all classes if ``None``.
        network: as for ``load_network``, or several names joined by ``" + "``.
        seeds: each target is drawn once with each.
        device: where it will be drawn, which settles the precision; by default the GPU if there is one.
        recipe: ``style``, ``steps`` and ``size`` of ``visualize``.

    Returns:
        The pieces, and the recipe that they share.

    Raises:
        LookupError: no such network, class, layer, channel or style.
        TypeError: a network and not its name.
        ValueError: the same picture is asked for twice, no picture at all, no step, too few pixels, or no such seed.
    """
    if not isinstance(network, str | None):
        raise TypeError(
            f"plan takes the name of a network, since workers load it themselves; got a {type(network).__name__}"
        )
    loaded, weights = _network(network or load_network().name, device)
    recipe |= {name: whole(recipe[name], name) for name in ("steps", "size") if name in recipe}
    precision = "bfloat16" if loaded.fastest_precision() == torch.bfloat16 else "float32"
    made = Recipe(loaded.name, weights=weights, precision=precision, **recipe)
    style = asdict(find_style(made.style))
    found = [_find(target, loaded) for target in (range(len(loaded.classes)) if targets is None else targets)]
    _check_size(made, loaded, [target for target, _ in found])
    pieces, settings = [], asdict(made)
    for seed in [whole(seed, "a seed", 0) for seed in seeds]:
        for target, label in found:
            everything = repr((target, seed, settings, style))
            digest = hashlib.sha256(everything.encode()).hexdigest()[:12]
            pieces.append(Piece(target, seed, f"{label}-seed{seed}-{digest}"))
    if not pieces:
        raise ValueError("nothing to draw: name a class, a channel, or a list of them, and a seed")
    often, times = Counter(piece.name for piece in pieces).most_common(1)[0]
    if times > 1:
        raise ValueError(f"{often} is asked for {times} times: name each target and each seed once")
    return pieces, made


def draw_batch(batch: Batch, device: str | None = None) -> list[Outcome]:
    """Draw a batch in one ascent: a PNG file for each piece, or why there is none (*What larger worlds cost*).

    If the batch fails, because one of its scores is not finite or memory runs out, each piece is drawn alone. Where a
    process has several threads, they take turns.

    Raises:
        KeyboardInterrupt: Ctrl-C, after which there is no picture: half of one is none.
        WeightsUnavailable: the network cannot be had here.
        RuntimeError: the network here has other weights than those that were planned with.
    """
    with TURN:
        network, weights = _network(batch.recipe.network, device)
        if weights != batch.recipe.weights:
            planned = batch.recipe.weights
            raise RuntimeError(f"{network.title} has other weights here ({weights}) than in the plan ({planned})")
        drawn = _draw(batch, network)
        if isinstance(drawn, list):
            return drawn
        if len(batch.pieces) == 1:
            return [drawn]
        alone = [_draw(replace(batch, pieces=(piece,)), network) for piece in batch.pieces]
        return [one if isinstance(one, str) else one[0] for one in alone]


def _draw(batch: Batch, network: Network) -> list[Outcome] | str:
    """A PNG file for each piece, or why the batch failed: as words, since an error would hold on to its memory."""
    recipe = batch.recipe
    wanted = [channel(*piece.target) if isinstance(piece.target, tuple) else piece.target for piece in batch.pieces]
    settings = dict(style=recipe.style, steps=recipe.steps, size=recipe.size, seed=batch.pieces[0].seed)
    settings["precision"] = torch.bfloat16 if recipe.precision == "bfloat16" else None
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # what it says of its precision, for every batch
            result = visualize(wanted, network, progress=False, **settings)
    except Exception as error:  # whatever the score of one piece may do to its neighbors
        return f"{type(error).__name__}: {error}"
    facts = zip(result.images, result.restarts, result.grounded, strict=True)
    return [_png(image, result.caption(i), *happened) for i, (image, *happened) in enumerate(facts)]


def fingerprint(network: Network) -> str:
    """A hash of a network's numbers, 12 hexadecimal digits."""
    return state_in_words(network)


def load_all(names: str, device: str | None = None) -> Network:
    """A network by its name, or several by theirs, joined by ``" + "``, as one."""
    return together([load_network(name, device=device) for name in names.split(" + ")])


@lru_cache(maxsize=2)
def _network(names: str, device: str | None) -> tuple[Network, str]:
    """A network, or several as one, loaded once in each process, and its fingerprint."""
    with contextlib.redirect_stdout(io.StringIO()):
        network = load_all(names, device)
    return network, fingerprint(network)


def _find(target: Target, network: Network) -> tuple[int | tuple[str, int], str]:
    """A target in numbers, and in words that may stand in a file's name."""
    if isinstance(target, tuple):
        channel(*target).bind(network)
        layer, k = target[0], operator.index(target[1])
        return (layer, k), f"{_plain(layer)}-{k:04d}"
    index = network.find_class(target)
    return index, f"{index:04d}-{_plain(network.class_name(index))}"


def _check_size(recipe: Recipe, network: Network, targets: Sequence[int | tuple[str, int]]) -> None:
    """Raise ``ValueError`` for what would fail with every picture: too few pixels for these targets."""
    layers = {target[0] if isinstance(target, tuple) else "logits" for target in targets}
    with torch.no_grad():
        network.activations(torch.zeros(1, 3, recipe.size, recipe.size, device=network.device), sorted(layers))


def _plain(words: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", words.lower()).strip("-")


def _png(image: Tensor, caption: str, restarts: int, grounded: bool) -> bytes:
    """A (3, H, W) image as a PNG file that says what it is, how often it was begun again, and whether it took off."""
    words = PngInfo()
    for key, value in {"Description": caption, RESTARTS: str(restarts), TOOK_OFF: "no" if grounded else "yes"}.items():
        words.add_text(key, value)
    return saved(picture(image), format="PNG", pnginfo=words)
