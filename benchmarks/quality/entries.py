"""Everything that is measured, ours and the peers', as rows that draw classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.quality import fingerprint, reimplemented
from benchmarks.quality.peers import NOT_INSTALLED, PEERS, Peer
from helpers import STYLES, Network, maximal_class_input, visualize
from helpers.networks.load import load_quietly as loaded
from helpers.recipe_files import recipe

MAIN = "visualize"  # the row that is compared with every peer
SECOND, SECOND_NAME = "EfficientNet-Lite2", "efficientnet_lite2"
Pictures = Callable[[Network, Sequence[int], int, int], Tensor]


@dataclass(frozen=True)
class Entry:
    """One row of the tables."""

    name: str  # for file names
    title: str  # for tables
    kind: str  # `"ours"`, `"peer"` or `"recipe"`
    settings: str  # what is drawn and how, in words
    mark: str  # the fingerprint of that; when it changes, stored results do not count any more
    pictures: Pictures = field(repr=False)  # from (network, classes, steps, seed) to (B, 3, H, W) in [0, 1]
    batch: int = 1  # how many classes it draws at once
    own_steps: int | None = None  # its number of steps, if it is not the run's
    whole: bool = False  # whether it is drawn on all classes, whatever the budget
    author: str = ""  # of a recipe
    source: str = ""  # the path of a recipe

    def draw(self, network: Network, classes: Sequence[int], steps: int, seed: int) -> Tensor:
        """The pictures of the classes (B, 3, H, W) in [0, 1], as many at once as the entry allows, on the CPU.

        Each batch gets the seed; ``steps`` holds unless the entry has its own number.
        """
        groups = [classes[i : i + self.batch] for i in range(0, len(classes), self.batch)]
        return torch.cat([self.pictures(network, group, self.own_steps or steps, seed).cpu() for group in groups])

    def about(self, network: Network, steps: int, seed: int) -> dict:
        """What is stored with the results."""
        facts = {"name": self.name, "title": self.title, "kind": self.kind, "author": self.author}
        facts |= {"settings": self.settings, "fingerprint": self.mark, "batch": self.batch, "network": network.title}
        return {**facts, "steps": self.own_steps or steps, "own_steps": bool(self.own_steps), "seed": seed}


def with_visualize(options: Mapping, network: Network, classes: Sequence[int], steps: int, seed: int) -> Tensor:
    """Pictures by ``visualize``: a batch if there are several classes. Nothing is begun again, as no peer does."""
    options = {"restarts": 0, **options}
    if options.pop("second", False):
        network = [network, second()]
    target = list(classes) if len(classes) > 1 else classes[0]
    return visualize(target, network, steps=steps, seed=seed, progress=False, **options).images


def with_original(network: Network, classes: Sequence[int], steps: int, seed: int) -> Tensor:
    """Pictures by chapter 3's original recipe."""
    drawn = [maximal_class_input(c, steps, network=network, seed=seed, progress=False).images for c in classes]
    return torch.cat(drawn)


def second() -> Network:
    """A network that draws along. It is kin to the judges, and the pages say so."""
    return loaded(SECOND_NAME)


def ours(
    name: str, title: str, settings: str, *, options: Mapping | None = None, second: bool = False, **more
) -> Entry:
    """A row drawn by ``visualize`` with these options beyond its defaults, and perhaps a second network."""
    options = dict(options or {}) | ({"second": True} if second else {})
    mark = fingerprint.digest(fingerprint.of_helpers(), sorted(options.items()), more.get("batch", 1))
    return Entry(name, title, "ours", settings, mark, partial(with_visualize, options), **more)


def styles() -> list[Entry]:
    """A row for each named style of ``visualize`` beside its default."""
    about = "visualize(…, style={!r}), eight at a time"
    others = [style for style in STYLES if style != "clear"]
    return [ours(f"style-{s}", f"visualize, {s}", about.format(s), options={"style": s}, batch=8) for s in others]


def peer(one: Peer) -> Entry:
    """A peer's row."""
    source = fingerprint.of_function(one.make)
    code = "" if one.package else fingerprint.of_source(Path(reimplemented.__file__).read_text(encoding="utf-8"))
    mark = fingerprint.digest(one.name, one.version, one.size, one.settings, source, code)

    def pictures(network: Network, classes: Sequence[int], steps: int, seed: int) -> Tensor:
        return torch.cat([one.draw(network, c, steps, seed) for c in classes])

    return Entry(one.name, one.in_words, "peer", f"{one.size}×{one.size}; {one.settings}", mark, pictures)


def from_recipe(path: str | Path) -> Entry:
    """The row of a recipe file. Raises ``recipe.RecipeError``."""
    read = recipe.load(path)
    mark = fingerprint.digest(fingerprint.of_helpers(), read.what_it_draws())
    return Entry(
        name=f"recipe-{Path(path).stem}",
        title=read.title,
        kind="recipe",
        settings=read.in_words(),
        mark=mark,
        pictures=read.draw,
        batch=read.batch,
        own_steps=read.steps,
        whole=True,
        author=read.author,
        source=str(path),
    )


def every_entry() -> list[Entry]:
    """Ours and the peers', in the order of the tables."""
    mark = fingerprint.digest(fingerprint.of_helpers(), "maximal_class_input")
    eye = "the style for the eye, two networks in turn, eight at a time; begun again, twice at most, if need be"
    natural = dict(options={"style": "natural", "restarts": 2}, second=True, batch=8)
    original = "256×256 pixels from U[0, 1], not normalized, AdamW at 5 with weight decay 0.1 (chapter 3)"
    return [
        ours(MAIN, "visualize", "its defaults, eight pictures at a time", batch=8, whole=True),
        ours("visualize-alone", "visualize, alone", "its defaults, one picture at a time"),
        ours("visualize-quick", "visualize, quick", "64 steps, eight at a time", batch=8, own_steps=64),
        ours(
            "visualize-two", f"visualize, with {SECOND}", "two networks in turn, eight at a time", second=True, batch=8
        ),
        ours("natural-two", f"visualize, natural, with {SECOND}", eye, **natural),
        ours(
            "natural-two-quick",
            f"visualize, natural, quick, with {SECOND}",
            "the same in 64 steps",
            **natural,
            own_steps=64,
        ),
        *styles(),
        Entry("original", "the original recipe", "ours", original, mark, with_original),
        *(peer(one) for one in PEERS),
    ]


def find(name: str) -> Entry:
    """The entry of that name, or of the recipe file of that path.

    Raises:
        LookupError: no such entry.
    """
    if name.endswith((".yml", ".yaml")):
        return from_recipe(name)
    known = {entry.name: entry for entry in every_entry()}
    if name not in known:
        raise LookupError(f"no entry {name!r}; there are {', '.join(known)}, and recipe files (*.yml)")
    return known[name]


def in_order(stored: Sequence[dict]) -> list[dict]:
    """Stored entries in the order of the tables, recipes last; those drawn by another recipe than today's say so."""
    today = {entry.name: entry for entry in every_entry()}
    places = {name: place for place, name in enumerate(today)}
    found = []
    for one in sorted(stored, key=lambda one: (places.get(one["name"], len(places)), one["name"])):
        now = today.get(one["name"])
        stale = now is not None and NOT_INSTALLED not in now.title and now.mark != one["fingerprint"]
        found.append({**one, "title": f"{one['title']} (out of date)"} if stale else one)
    return found
