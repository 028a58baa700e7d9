"""Assignment a: what should have come out, and what each well-known mistake would have given."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..core import close, compare, partly
from ..probes.gradient_ascent import boxes, hill, linear, two_answers


def step(seed: int, answer: dict) -> str | None:
    """x + lr * gradient, each row up its own score, and nothing else touched."""
    given, got = hill(seed), answer["first"]
    x, lr = given.x, given.lr
    gradient = given.slope - given.bend * x
    right = x + lr * gradient
    only_one = x.clone()
    only_one[0] = right[0]
    mistakes = {
        "x went downhill: torch.autograd.grad of the score points uphill, so add it": x - lr * gradient,
        "this is the gradient alone: return where x is after the step, x + lr * gradient": gradient,
        "this is the change alone: add it to x": lr * gradient,
        "the step does not depend on lr: multiply the gradient by it": x + gradient,
        "the step is too small by the size of the batch: each row climbs its own score, so differentiate "
        "score(x).sum(), not the mean": x + lr * gradient / len(x),
        "only the first row moved: differentiate the sum of all scores, not score(x)[0]": only_one,
        "every value moved by the same amount: this is the sign of the gradient, which forgets how steep it is": x
        + lr * gradient.sign(),
        "every step has length lr: the gradient was divided by its norm": x + lr * gradient / gradient.norm(),
        "x did not move: was the gradient of something else taken, or the step thrown away?": x,
    }
    if problem := compare(got, right, "x after a step", mistakes):
        return problem
    if not any(answer["asked"]):
        return "the score that was given was never differentiated: a step goes along its gradient, and no other"
    if answer["tracked"]:
        said = (
            "the x that you return still drags the whole graph along (requires_grad is True), and a thousand steps "
            "would keep a thousand graphs: detach() it"
        )
        return partly(said, 1 / 2)
    if not close(answer["once_more"], right):
        said = (
            "asked twice for the same step from the same x, it answers differently: a gradient of the first call is "
            "still in x.grad and the second was added to it. Use torch.autograd.grad, or a fresh x.detach().clone()"
        )
        return partly(said, 1 / 2)
    return compare(answer["second"], right + lr * (given.slope - given.bend * right), "x after a second step")


def ideal(seed: int, answer: dict) -> str | None:
    """anchor + w / (2 price): there the gradient w - 2 price (x - anchor) is zero."""
    w, price, anchor = linear(seed)
    mistakes = {
        "twice as far from the anchor as it should be: the derivative of |x - a|² is 2 (x - a), so divide by "
        "2 * price": anchor + w / price,
        "the anchor is missing: the price is zero at a, not at the origin. Put z = x - a, solve for z, and go back": w
        / (2 * price),
        "on the wrong side of the anchor: w points to higher scores, so move along +w": anchor - w / (2 * price),
        "the anchor was subtracted: x - a = w / (2 price) means that x is a plus something": w / (2 * price) - anchor,
        "a higher price should keep x nearer to the anchor, and here it drives it away: divide by the price": anchor
        + 2 * price * w,
        "every coordinate is equally far from the anchor: this is a corner, as AdamW would give, and a price on |x|² "
        "keeps the proportions of w": anchor + w.sign() / (2 * price),
        "the length of w is lost: a steeper slope is worth more of the price": anchor + w / w.norm() / (2 * price),
        "the anchor was divided by the price too: only w is": (anchor + w) / (2 * price),
    }
    return compare(answer["x"], anchor + w / (2 * price), "the ideal input", mistakes)


def bound(seed: int, answer: dict) -> str | None:
    """(1 - lr decay)^t |x0| + (1 - (1 - lr decay)^t) / decay."""
    asked = boxes(seed)
    x0, lr, wd, t = (torch.tensor([one[name] for one in asked]) for name in ("start", "lr", "decay", "steps"))
    size = x0.abs()

    def reached(kept: Tensor) -> Tensor:
        return kept * size + (1 - kept) / wd

    kept = (1 - lr * wd) ** t
    left, added = kept * size, (1 - kept) / wd  # of the start, and by the steps
    mistakes = {
        "this is where the walls are in the end, 1 / decay: after few steps the start still counts and the walls are "
        "not reached": 1 / wd,
        "this is where a penalty in the loss would let a gradient of 1 come to rest, 1 / (2λ): decay is no penalty, "
        "and has not had its whole effect after few steps": 1 / (2 * wd),
        "what is left of the start is missing: (1 - lr * decay)**steps * |start|": added,
        "this is only what is left of the start: the steps themselves add up to something, a geometric sum": left,
        "a start below zero counts with its size, |start|": added + kept * x0,
        "the geometric sum has not been multiplied by lr: each step adds at most lr": left + added / lr,
        "the sum of the steps goes on for ever here, 1 / decay: after `steps` steps it is (1 - kept) / decay": left
        + 1 / wd,
        "each step keeps 1 - lr * decay of x, not 1 - decay": reached((1 - wd) ** t),
        "this is steps of size lr without any decay: the old ones shrink": size + lr * t,
        "one step too few is counted": reached((1 - lr * wd) ** (t - 1)),
        "one step too many is counted": reached((1 - lr * wd) ** (t + 1)),
        "this is half of the wall, as for the penalty w / 2λ: decay subtracts decay * x, without a 2": left + added / 2,
        "this is a smooth e^(-lr decay t): the decay happens in steps, each of which multiplies by 1 - lr * "
        "decay": reached((-lr * wd * t).exp()),
    }
    got = answer["reach"]
    for number in got:
        if not isinstance(number, (float, int, Tensor)) or isinstance(number, Tensor) and number.numel() != 1:
            return f"return one number; a {type(number).__name__} came back"
    got, right = torch.tensor([float(number) for number in got]), left + added
    problem = compare(got, right, "the bound", mistakes, rtol=1e-3)
    return partly(problem, 1 / 2 if close(got[x0 > 0], right[x0 > 0], rtol=1e-3) else 0.0)


def rise(seed: int, answer: dict) -> str | None:
    """What the class's own logit did, and what all logits together did, to its log-probability."""
    before, after, c = (value.double() if isinstance(value, Tensor) else value for value in two_answers(seed))
    if isinstance(answer["parts"], str):
        return f"return two numbers, own and others; a {answer['parts']} came back"
    if any(isinstance(part, Tensor) and part.numel() != 1 for part in answer["parts"]):
        return "own and others are one number each, of class c"
    got = torch.tensor([float(part) for part in answer["parts"]], dtype=torch.float64)
    own, rest = after[c] - before[c], before.logsumexp(0) - after.logsumexp(0)
    rivals = torch.arange(len(before)) != c
    without_c = before[rivals].logsumexp(0) - after[rivals].logsumexp(0)
    mean = -(after - before)[rivals].mean()
    p, log_p = after.softmax(0)[c] - before.softmax(0)[c], after.log_softmax(0)[c] - before.log_softmax(0)[c]
    pairs = {
        "others has the wrong sign: log N_c = f_c - log Σ exp f_j, so a rise of the sum costs "
        "probability": (own, -rest),
        "both parts are before minus after: a rise is positive": (-own, -rest),
        "own is the rise of the log-probability: own is what its logit alone did, f_c after minus f_c "
        "before": (log_p, rest),
        "the sum over all classes includes c itself, in log Σ_j exp f_j": (own, without_c),
        "others is the mean change of the other logits: the softmax counts them by their exponentials": (own, mean),
        "this is a rise of the probability: take the logarithm, in which the two parts simply add up": (own, p - own),
        "these are logarithms to base 10: use the natural one": (own, rest / math.log(10)),
        "own and others have changed places": (rest, own),
    }
    if not torch.isfinite(got).all():
        return (
            "the result is not finite: exp() of logits in the thousands overflows. torch.logsumexp subtracts the "
            "largest one first"
        )
    mistakes = {said: torch.stack(pair) for said, pair in pairs.items()}
    right = torch.stack([own, rest])
    problem = compare(got, right, "(own, others)", mistakes, rtol=1e-6, atol=2e-3)
    one_of_two = bool(torch.isclose(got, right, rtol=1e-6, atol=2e-3).any())
    return partly(problem, 1 / 2 if one_of_two else 0.0)
