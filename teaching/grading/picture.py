"""The open question: the recipe that a student handed in, drawn by the grader and looked at by another network.

What comes from the student is a dict, a class and a number. They are validated as any recipe file is; no code is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch

from helpers import Network, save_png, second_opinion
from helpers.networks.load import load_quietly
from helpers.recipe_files.recipe import Recipe, check
from helpers.recipe_files.specification import make_image
from teaching.checks.probing import TookTooLong, Wrong, time_limit
from teaching.checks.verdicts.pictures import WORDS

from . import tables

LEAST = 0.01  # by which a logit or a log-probability rises, if it does
FLAT = 0.004  # standard deviation, about one step of 255
LONGEST = 20_000  # characters


def checked(recipe: Any, seed: Any) -> Recipe:
    """A recipe as ``helpers.recipe_files.recipe`` reads it, with the student's seed.

    Raises ``RecipeError`` if it is none, and ``Wrong`` if it is not plain data of a reasonable size.
    """
    try:
        text = json.dumps({**WORDS, **recipe, "seed": seed})
        raw = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise Wrong("the recipe should be a dict of words, numbers, lists and dicts") from None
    if len(text) > LONGEST:
        raise Wrong(f"the recipe has {len(text)} characters; some 500 are usual")
    return check(raw)


@torch.no_grad()
def _scores(network: Network, x: torch.Tensor, index: int) -> tuple[float, float]:
    """The logit and the log-probability of a class."""
    logits = network(x.detach().to(network.device))[0].float().cpu()
    return logits[index].item(), logits.log_softmax(dim=0)[index].item()


def draw(recipe: Any, target: Any, seed: Any, folder: Path, limit: float) -> dict:
    """Draw a picture within ``limit`` seconds, have it judged, and save it as a PNG in a folder.

    The recipe has been found to be valid, ``target`` is a class, ``seed`` a whole number. A PNG that is there for the
    same recipe is taken. Returns ``file``, ``caption``, ``said``, ``rises``, ``opinion``, ``rank``, ``probability``,
    ``recipe``, ``network``.

    Raises:
        Wrong: it took too long, or came out flat or not finite.
        RecipeError, LookupError: no such recipe or class.
    """
    valid = checked(recipe, seed)
    network = load_quietly(device="cpu")
    index = network.find_class(target)
    mark = hashlib.sha256(f"{valid.what_it_draws()}\0{index}\0{network.title}".encode()).hexdigest()[:20]
    told = folder / f"{mark}.json"
    if told.exists():
        return json.loads(told.read_text(encoding="utf-8"))
    try:
        with time_limit(limit), contextlib.redirect_stdout(io.StringIO()):
            image = valid.draw(network, [index], valid.steps, seed)
            opinion = second_opinion(image, index)
            start = make_image(valid.values["parameterization"], valid.values["size"], 1, valid.values["seed"])()
            before, after = (_scores(network, x, index) for x in (start, image))
    except TookTooLong:
        raise Wrong(f"the picture was not done after {limit:g} s: fewer steps, or a smaller size") from None
    if not torch.isfinite(image).all() or image.std() < FLAT:
        raise Wrong("the picture is flat: one color everywhere, or not numbers at all")
    folder.mkdir(parents=True, exist_ok=True)
    save_png(image, folder / f"{mark}.png")
    rises = any(later > earlier + LEAST for earlier, later in zip(before, after, strict=True))
    how = "rises" if rises else "does not rise"
    change = f"the logit of {network.class_name(index)} went from {before[0]:.1f} to {after[0]:.1f}"
    facts = {
        "file": f"{mark}.png",
        "rises": rises,
        "said": f"it runs and {how}: {change}. {opinion.caption(0)}",
        "network": network.title,
        "caption": f"{network.class_name(index)}, drawn with {network.title}, {valid.steps} steps, seed {seed}",
        "opinion": opinion.caption(0),
        "rank": int(opinion.rank[0]),
        "probability": float(opinion.probability[0]),
        "recipe": valid.in_words(),
    }
    tables.write(told, json.dumps(facts))
    return facts
