"""Assignment b, the recipe itself: the picture that AdamW should have reached, and those that wrong turns lead to."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from ..core import check_tensor, compare, each_costs
from ..probes.pomeranian import Recipe, small_recipe
from ..probes.toys import Log, Watched, left
from .gradient_ascent_climb import PILED, changed, way

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def end(given: Recipe, kind: type = torch.optim.AdamW, **turn) -> Tensor:
    """The recipe's x after the last step, or, with another optimizer or a turn, a wrong one."""
    make_optimizer = partial(kind, lr=turn.get("lr", given.lr), weight_decay=turn.get("wd", given.wd))
    return way(given, given.start, make_optimizer, **turn)[0]


WRONG_TURNS = {
    "the score falls where it should rise: AdamW minimizes, so the loss is minus the score": {"sign": 1},
    "each step repeats all steps before it: the gradient was not zeroed, so call optimizer.zero_grad() before "
    "backward()": {"piles": True},
    "the decay went into the gradient, as an L2 penalty, where Adam divides it away again: use AdamW, not Adam with "
    "weight_decay": {"kind": torch.optim.Adam},
    "the weight decay is missing, and nothing pulls x back to zero: AdamW(..., weight_decay=wd)": {"wd": 0.0},
    "the weight decay is torch's own 0.01: pass weight_decay=wd": {"wd": 0.01},
    "the numbers 5.0 and 0.1 are written in: use lr and wd": {"lr": 5.0, "wd": 0.1},
    "this is SGD: the recipe's optimizer is AdamW": {"kind": torch.optim.SGD},
    "this climbed the probability: the recipe's objective is the logit, before the softmax": {"read": "softmax"},
    "this climbed the log-probability: the recipe's objective is the logit, before the "
    "softmax": {"read": "log_softmax"},
    "this climbed class c - 1: classes are numbered from 0": {"read": "next"},
    "this climbed whichever class was ahead: take column c": {"read": "largest"},
    "x was normalized before the network saw it: the recipe feeds it straight in (the autopsy will tell what that "
    "does)": {"look": lambda x: (x - MEAN) / STD},
    "x was clamped on its way into the network: beyond 0 and 1 a clamp has no gradient, and the recipe's x is mostly "
    "beyond": {"look": lambda x: x.clamp(0, 1)},
    "x was cut off at 0 and 1 after each step: the recipe lets it go where it wants, and develops it "
    "afterward": {"cut": True},
    "this is one step too few: `steps` of them, range(steps)": {"more": -1},
    "this is one step too many": {"more": 1},
}


def recipe(seed: int, answer: dict) -> str | None:
    """x after the last step of the recipe, and its own score."""
    given = small_recipe(seed)
    if isinstance(answer["result"], str):
        return f"return two things, x and its score; a {answer['result']} came back"
    if not answer["in_training"]:
        return "the network was never asked: call network(x)"
    if any(answer["in_training"]):
        return (
            "the network was asked in training mode: dropout silences other units at each step, and moving averages "
            "move. Call network.eval() before the loop"
        )
    if moved := changed(answer, left(Watched(given.network, Log()))):
        return f"the network has changed ({moved[0]}, for one): the optimizer is to hold x alone, AdamW([x], ...)"
    x, score = answer["result"]
    if problem := check_tensor(x, tuple(given.start.shape), "x"):
        return problem
    wrong = {message: end(given, **turn) for message, turn in WRONG_TURNS.items()}
    still = "x does not change: is it detached from the graph, or does the optimizer hold a copy of it?"
    right = end(given)
    if problem := compare(x, right, "x after the last step", {still: given.start, **wrong}, rtol=1e-3, atol=1e-3):
        return problem
    kept = "x still requires a gradient: return x.detach()" if answer["tracked"] else None
    kept = PILED if answer["piles"] and not kept else kept
    return each_costs(1 / 5, kept, _honest(score, given, right))


def _honest(score, given: Recipe, x: Tensor) -> str | None:
    """Whether the score is that of the x that was returned."""
    before = end(given, more=-1)
    network = given.network.eval()
    logits, earlier = network(x)[0], network(before)[0, given.c]
    mistakes = {
        "this is the score before the last step, not of the x that you return: ask the network once more": earlier,
        "this is the loss, minus the score": -logits[given.c],
        "this is a probability: return the logit that was climbed": logits.softmax(dim=0)[given.c],
    }
    return compare(score, logits[given.c], "the score", mistakes, rtol=1e-3, atol=1e-3)
