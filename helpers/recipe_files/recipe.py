"""A recipe as a small YAML file: data, not code. Whoever can write one can enter the scoreboard.

Every key is known, every number has a range, and a mistake is answered with the nearest right name. ``specification``
lists what there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from ..ascent import ascend
from ..networks.network import Network
from ..objectives import class_logit, class_margin, class_probability, per_image
from . import specification as spec
from .reading import RecipeError, read_all

OBJECTIVES = {"class_logit": class_logit, "class_margin": class_margin, "class_probability": class_probability}
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "auto": "auto"}
LARGEST_FILE = 20_000  # bytes; a recipe has some 500
LARGEST_VIEW = 768  # pixels a side that the network is shown: its memory grows with their square


@dataclass(frozen=True)
class Recipe:
    """A checked recipe."""

    title: str
    author: str
    note: str
    values: Mapping[str, Any]  # every key with its checked value, defaults filled in

    @property
    def steps(self) -> int:
        """How many steps it takes."""
        return self.values["steps"]

    @property
    def batch(self) -> int:
        """How many classes it draws at once."""
        return self.values["batch"]

    def what_it_draws(self) -> str:
        """All that its pictures depend on, the same for recipes that say the same in other words."""
        return json.dumps(self.values, sort_keys=True)

    def in_words(self) -> str:
        """One line for the scoreboard."""
        v = self.values
        image = spec.call(v["parameterization"])
        views = ", ".join(map(spec.call, v["views"])) or "no views"
        edits = "".join(f", {spec.call(edit)}" for edit in v["edits"])
        schedule = f", {spec.call(v['schedule'])}" if v["schedule"] else ""
        how = f"{v['objective']}, {image}, {spec.call(v['optimizer'])}{schedule}"
        return f"{v['size']}×{v['size']}; {how}; {views}{edits}"

    def draw(self, network: Network, classes: Sequence[int], steps: int, seed: int) -> Tensor:
        """Pictures (B, 3, size, size) in [0, 1] of the classes, by ``ascend``; the recipe's own seed counts."""
        v = self.values
        objective = per_image([OBJECTIVES[v["objective"]](c) for c in classes])
        schedule = v["schedule"] and partial(spec.make_schedule, v["schedule"], steps)
        return ascend(
            objective,
            network,
            spec.make_image(v["parameterization"], v["size"], len(classes), v["seed"]),
            steps=steps,
            optimizer=partial(spec.make_optimizer, v["optimizer"]),
            schedule=schedule or None,
            views=[spec.make_transform(view) for view in v["views"]],
            edits=[spec.make_transform(edit) for edit in v["edits"]],
            precision=PRECISIONS[v["precision"]],
            seed=v["seed"],
            progress=False,
        ).images


def load(path: str | Path) -> Recipe:
    """Read and check a recipe file.

    Raises:
        RecipeError: no such file, no YAML, an unknown key, or a value out of its range; it says which and where.
    """
    path = Path(path)
    if not path.is_file():
        raise RecipeError(f"no recipe file {path}")
    if path.stat().st_size > LARGEST_FILE:
        raise RecipeError(f"{path.name} has {path.stat().st_size:,} bytes: a recipe has some 500")
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path.name} is not a text in UTF-8: {error.reason}") from None


def parse(text: str, where: str = "recipe") -> Recipe:
    """A checked recipe from the text of a YAML file. Raises ``RecipeError``."""
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise RecipeError(f"{where} is not YAML that can be read: {error}") from None
    return check(raw, where)


def check(raw: Any, where: str = "recipe") -> Recipe:
    """A checked recipe from plain data. Raises ``RecipeError``."""
    if not isinstance(raw, Mapping):
        raise RecipeError(f"{where}: expected keys and values such as `steps: 128`, got {type(raw).__name__}")
    values = read_all(spec.RECIPE, raw, where)
    for transform in [*values["views"], *values["edits"]]:
        spec.make_transform(transform)  # `helpers` refuses some more, such as a scale from large to small
    side = values["size"] + 2 * sum(view["pixels"] for view in values["views"] if view["name"] == "pad")
    if side > LARGEST_VIEW:
        raise RecipeError(f"{where}: the pads make {side} pixels a side of {values['size']}; {LARGEST_VIEW} at most")
    words = {key: values.pop(key) for key in ("title", "author", "note")}
    return Recipe(**words, values=values)
