"""Assignment b: what is asked of the student's functions, and what was seen."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core import call, raised, random_tensor
from .toys import Log, Watched, dice, explained, left, moody_network


def frame(seed: int) -> tuple[int, int]:
    """A size in pixels, and a seed for the student's function."""
    roll = dice(seed)
    return roll.randint(16, 40), roll.randint(1, 10_000)


def start(function: Callable, seed: int) -> dict:
    """Two starts from one seed, one from another, and what became of torch's global generator."""
    size, number = frame(seed)
    generator = torch.random.get_rng_state()
    x = call(function, size, number)
    stirred = not torch.equal(generator, torch.random.get_rng_state())
    a_tensor = isinstance(x, Tensor)
    return {
        "x": x if a_tensor else type(x).__name__,
        "again": call(function, size, number),
        "other": call(function, size, number + 1),
        "stirred": stirred,
        "leaf": a_tensor and x.is_leaf,
        "wants_gradient": a_tensor and x.requires_grad,
    }


ADJECTIVES = ("Arctic", "brown", "giant", "Irish", "miniature", "Persian", "spotted", "standard", "toy", "water")
NOUNS = ("cat", "fox", "crane", "poodle", "Setter", "terrier", "owl", "hen", "bee", "spaniel")


def zoo(seed: int) -> tuple[list[str], list[str | int]]:
    """The names of some classes, and queries: whole names, parts of names, indices, and what must not be found."""
    roll = dice(seed)
    nouns = roll.sample(NOUNS, 6)
    lonely, crowded, nested, doubled = nouns[:4]
    some = roll.sample(ADJECTIVES, 4)
    classes = [f"{some[0]} {lonely}", f"{some[1]} {crowded}", f"{some[2]} {crowded}", f"{some[3]} {nested}", nested]
    classes += [doubled, doubled, *nouns[4:]]
    roll.shuffle(classes)
    if classes.index(nested) < classes.index(f"{some[3]} {nested}"):  # a first hit by part of the name must be wrong
        i, j = classes.index(nested), classes.index(f"{some[3]} {nested}")
        classes[i], classes[j] = classes[j], classes[i]
    index = roll.randrange(1, len(classes))
    found = [f"{some[1]} {crowded}", f"{some[0]} {lonely}".upper(), lonely.swapcase(), nested, index, 0]
    lost = [crowded, doubled, "unicorn", len(classes), -1]
    return classes, [*found, *lost]


def lookup(function: Callable, seed: int) -> dict:
    """The answer to every query: what was returned, or the kind of error that was raised."""
    classes, queries = zoo(seed)
    answers = []
    for query in queries:
        try:
            found = call(function, list(classes), query, nothing=True)
            with contextlib.suppress(TypeError):  # an index may be NumPy's or a tensor
                found = operator.index(found)
            answers.append(
                ["found", found if isinstance(found, (int, float, str, type(None))) else type(found).__name__]
            )
        except LookupError:
            answers.append(["LookupError", ""])
        except NotImplementedError:
            raise
        except Exception as error:
            answers.append([type(error).__name__, str(error)[:200]])
    return {"answers": answers}


@dataclass(frozen=True)
class Recipe:
    """The settings of a run of the recipe on a small network."""

    network: nn.Module
    start: Tensor
    c: int
    steps: int
    lr: float
    wd: float


def small_recipe(seed: int) -> Recipe:
    """A network in ``eval()`` whose weights are not frozen, and settings that are not the recipe's own."""
    roll = dice(seed)
    classes, size = roll.randint(4, 7), roll.randint(6, 9)
    network = moody_network(seed, classes).eval()
    start = random_tensor(seed, 1, 3, size, size, low=0.0)
    with torch.no_grad():
        ahead = int(network(start).argmax())
    c = roll.choice([c for c in range(1, classes) if c != ahead and c - 1 != ahead])
    return Recipe(network, start, c, roll.randint(4, 7), roll.uniform(2, 6), roll.uniform(0.04, 0.12))


def recipe(function: Callable, seed: int) -> dict:
    """The recipe on a small network."""
    given, log = small_recipe(seed), Log()
    network = Watched(given.network, log)
    network.train(seed % 2 == 0)
    x = nn.Parameter(given.start.clone())
    with explained():
        returned = call(function, network, given.c, x, given.steps, given.lr, given.wd, changes=(2,))
    pair = isinstance(returned, (tuple, list)) and len(returned) == 2
    end = returned[0] if pair and isinstance(returned[0], Tensor) else None
    return {
        "result": list(returned) if pair else type(returned).__name__,
        "tracked": end is not None and end.requires_grad,
        "inputs": log.inputs[:1],
        "in_training": log.training,
        **left(network),
    }


def negatives(seed: int) -> Tensor:
    """A batch of x to develop: one far too bright, one well within the screen, one with a bright and a dark channel."""
    roll = dice(seed)
    side = roll.randint(5, 9), roll.randint(5, 9)
    wild = 0.15 + roll.uniform(1, 4) * random_tensor(seed, 3, *side).abs()
    tame = 0.35 + 0.3 * random_tensor(seed + 1, 3, *side, low=0.0)
    torn = 0.3 * random_tensor(seed + 2, 3, *side, low=0.0) + torch.tensor([0.1, 0.35, 0.55]).view(3, 1, 1)
    return torch.stack([wild, tame, torn])[torch.tensor(roll.sample(range(3), 3))]


def develop(function: Callable, seed: int) -> dict:
    """A batch, one of its images alone, and a picture that is the same everywhere."""
    x = negatives(seed)
    flat = torch.full((1, 3, 6, 6), 0.4)
    return {"batch": call(function, x), "alone": call(function, x[:1].clone()), "flat": call(function, flat)}


def bench(seed: int) -> tuple[dict, dict]:
    """A recipe, and what to try in place of some of its choices."""
    roll = dice(seed)
    recipe = {"lr": round(roll.uniform(1, 9), 2), "wd": 0.1, "objective": "logit", "steps": roll.randint(50, 200)}
    changes = {
        "lr": [round(roll.uniform(0.01, 0.9), 3) for _ in range(roll.randint(2, 3))],
        "objective": ["probability"],
    }
    if seed % 2:
        changes["wd"] = [0.0, 0.05]
    return recipe, changes


def autopsy(function: Callable, seed: int) -> dict:
    """The plan of an autopsy, twice; and of one in which a choice is misspelled."""
    recipe, changes = bench(seed)
    given, tried = dict(recipe), {key: list(values) for key, values in changes.items()}
    plan = call(function, given, tried)
    a_plan = isinstance(plan, dict) and all(isinstance(value, dict) for value in plan.values())
    shared = a_plan and len({id(value) for value in [given, *plan.values()]}) < len(plan) + 1
    return {
        "plan": [[str(name), dict(value)] for name, value in plan.items()] if a_plan else type(plan).__name__,
        "shared": shared,
        "harmed": given != recipe or tried != changes,
        "misspelled": raised(LookupError, call, function, dict(recipe), {"weight_decay": [0.0]}),
    }


def speakers(seed: int) -> tuple[Callable, Tensor, float]:
    """A score, three pictures, each with a mean and a contrast of its own, and how wide their values should spread."""
    roll = dice(seed)
    shape = (3, 3, roll.randint(6, 9), roll.randint(6, 9))
    gains = torch.tensor([roll.uniform(0.2, 0.6), roll.uniform(2, 4), roll.uniform(5, 9)]).view(3, 1, 1, 1)
    x = gains * (random_tensor(seed, *shape) + torch.tensor([0.3, -0.6, 0.9]).view(3, 1, 1, 1))
    weight = random_tensor(seed + 1, *shape[1:])

    def score(x: Tensor) -> Tensor:
        """Nearly homogeneous, as a network with biases is: (B, 3, H, W) -> (B,)."""
        heard = (weight * x).flatten(1)
        return (heard + 0.05).relu().sum(dim=1) - 0.02 * heard.square().sum(dim=1) + 0.7

    return score, x, roll.uniform(0.7, 1.8)


def volume(function: Callable, seed: int) -> dict:
    """The scores of three pictures at one volume."""
    return {"scores": call(function, *speakers(seed))}
