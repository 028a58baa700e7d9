"""Assignment a, the loop and the optimizer: where they should have led, and where well-known wrong turns lead."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..core import check_tensor, close, compare, each_costs, partly
from ..probes.gradient_ascent import Ascent, ascent, descent
from ..probes.pomeranian import Recipe
from ..probes.toys import Log, Watched, left


def way(given: Ascent | Recipe, start: Tensor, make_optimizer: Callable, **turn) -> tuple[Tensor, Tensor]:
    """The climb from ``start``, or, with a turn, a wrong one: x (B, ...) and the scores (steps + 1, B)."""
    network = given.network.eval().requires_grad_(False)
    read = READ[turn.get("read", "logit")]
    look = turn.get("look", lambda x: x)
    x = start.clone().requires_grad_(True)
    optimizer = make_optimizer([x])
    scores = []
    for _ in range(given.steps + turn.get("more", 0)):
        if not turn.get("piles"):
            optimizer.zero_grad()
        score = read(network(look(x)), given.c)
        (turn.get("sign", -1) * (score.mean() if turn.get("mean") else score.sum())).backward()
        optimizer.step()
        if turn.get("cut"):
            x.data.clamp_(0, 1)
        scores.append(network(x)[:, given.c].detach())
    return x.detach(), torch.stack([network(start)[:, given.c], *scores])


WRONG_TURNS = {
    "the score falls where it should rise: optimizers go down, so the loss is minus the score": {"sign": 1},
    "each step repeats all steps before it: the gradient was not zeroed, so call optimizer.zero_grad() before "
    "backward()": {"piles": True},
    "this is one step too few: `steps` of them, range(steps)": {"more": -1},
    "this is one step too many: the last score is that of the final x, and needs no further step": {"more": 1},
    "this climbed the probability, whose gradient shrinks where the network is sure: read the logit, before the "
    "softmax": {"read": "softmax"},
    "this climbed the log-probability, which also rises when the other classes fall: read the logit, before the "
    "softmax": {"read": "log_softmax"},
    "this climbed the mean over the batch: with a sum each row climbs as if it were alone": {"mean": True},
    "x stopped at 0 and 1: a clamp inside the score has no gradient beyond its ends, so a pixel that has left never "
    "comes back": {"look": lambda x: x.clamp(0, 1)},
    "x was cut off at 0 and 1 after each step: nobody asked for that here": {"cut": True},
    "this climbed whichever class was ahead: take column c": {"read": "largest"},
    "this climbed the sum of all classes: take column c": {"read": "all"},
}
READ = {
    "logit": lambda logits, c: logits[:, c],
    "softmax": lambda logits, c: logits.softmax(dim=1)[:, c],
    "log_softmax": lambda logits, c: logits.log_softmax(dim=1)[:, c],
    "next": lambda logits, c: logits[:, c - 1],
    "largest": lambda logits, c: logits.amax(dim=1),
    "all": lambda logits, c: logits.sum(dim=1),
}


PILED = (
    "gradients have piled up in the network's weights, where nobody reads them: freeze it with requires_grad_(False) "
    "before the loop"
)


def climb(seed: int, answer: dict) -> str | None:
    """x and scores of the climb from the start that the network was first shown; network and world unharmed."""
    given = ascent(seed)
    before = left(Watched(given.network, Log()))
    if problem := misuse(given, answer, before):
        return problem
    if isinstance(answer["result"], str):
        return f"return two things, x and scores; a {answer['result']} came back"
    x, scores = answer["result"]
    if problem := check_tensor(x, given.shape, "x") or seeding(given, answer, x):
        return problem
    start = answer["inputs"][0]
    make_optimizer = partial(torch.optim.SGD, lr=given.lr, momentum=given.momentum)
    right, heights = way(given, start, make_optimizer)
    wrong = {message: way(given, start, make_optimizer, **turn)[0] for message, turn in WRONG_TURNS.items()}
    still = "the image does not change: is it detached from the graph, or does the optimizer hold a copy of it?"
    if problem := compare(x, right, "x after the last step", {still: start, **wrong}, rtol=1e-3, atol=1e-4):
        return problem
    return each_costs(1 / 4, leftovers(answer, before), heights_of(scores, heights))


def misuse(given: Ascent, answer: dict, before: dict) -> str | None:
    """What was done with the optimizer or with the network that should not have been."""
    made, size = answer["optimizers"], math.prod(given.shape)
    if not made:
        return "make_optimizer was never called: make the optimizer with make_optimizer([x])"
    if [math.prod(shape) for shape in made[0]] != [size]:
        return (
            f"the optimizer was handed {len(made[0])} tensors: only x is to change, so make_optimizer([x]). If the "
            "weights are among them, the network learns to like everything"
        )
    if len(made) > 1:
        return f"the optimizer was made {len(made)} times, and forgot its momentum each time: once, before the loop"
    if not answer["inputs"]:
        return "the network was never asked: call network(x)"
    if any(answer["in_training"]):
        return (
            "the network was asked in training mode: dropout makes it another network at each step, and moving "
            "averages move. Call network.eval() before the first question"
        )
    if moved := changed(answer, before):
        return f"the network has changed ({moved[0]}, for one): only x may"
    return None


def changed(answer: dict, before: dict) -> list[str]:
    """The names of the weights and moving averages that are no longer what they were."""
    now = answer["state"]
    return [name for name, value in before["state"].items() if not torch.equal(now[name], value)]


def leftovers(answer: dict, before: dict) -> str | None:
    """What was left behind that should not have been."""
    if answer["stirred"]:
        return (
            "torch's global generator was touched, so that whatever the caller draws next depends on your climb: use a "
            "generator of your own, torch.Generator().manual_seed(seed)"
        )
    if answer["tracked"]:
        return "x still requires a gradient, as if the climb were to go on: return x.detach()"
    if answer["piles"]:
        return PILED
    if answer["training"] != before["training"]:
        return (
            "the network came in training mode and was left in eval(): note network.training at the beginning and "
            "give it back with network.train(was) at the end"
        )
    return None


def seeding(given: Ascent, answer: dict, x: Tensor) -> str | None:
    """What is wrong with the start or with its randomness."""
    start = answer["inputs"][0]
    if not close(answer["again"], x, rtol=1e-3):
        return "the same seed gave two different pictures: draw the noise with torch.Generator().manual_seed(seed)"
    if close(answer["other"], x, rtol=1e-3):
        return "another seed gave the same picture: is `seed` used, or a number in its place?"
    problem = check_tensor(start, given.shape, "what the network saw first")
    if problem is None and (abs(start.mean() - 0.5) > 0.05 or not 0.03 < start.std() < 0.07):
        problem = (
            f"the climb should start from 0.5 + 0.05 * noise; what the network saw first has mean {start.mean():.2f} "
            f"and standard deviation {start.std():.2f}"
        )
    return problem


def heights_of(scores: Tensor, right: Tensor) -> str | None:
    """What is wrong with the list of scores (steps + 1, B)."""
    if isinstance(scores, Tensor) and scores.shape == right[1:].shape:
        first = "the score of the start" if close(scores, right[1:], 1e-3, 1e-3) else "the score of the x you return"
        return f"scores has one row a step, {len(scores)}; {first} is missing, so ask once more: {len(right)} rows"
    early = torch.cat([right[:1], right[:-1]])
    mistakes = {
        "scores holds the loss, minus the score": -right,
        "the last row is the score before the last step, not of the x that you return": early,
    }
    return compare(scores, right, "the table of scores", mistakes, rtol=1e-3, atol=1e-3)


def updates(seed: int, **turn) -> list[tuple[Tensor, Tensor, Tensor]]:
    """AdamW's x, m and v after each gradient, going up; with a turn, a wrong one."""
    x, gradients, settings = descent(seed)
    lr, decay, beta1, beta2, eps = (settings[key] for key in ("lr", "decay", "beta1", "beta2", "eps"))
    if turn.get("usual"):
        beta1, beta2 = 0.9, 0.999
    m, v, path = torch.zeros_like(x), torch.zeros_like(x), []
    for t, g in enumerate(gradients, start=1 + turn.get("late", 0)):
        g = turn.get("sign", 1) * g - (decay * x if turn.get("priced") else 0)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * (g.abs() if turn.get("rough") else g * g)
        m_hat, v_hat = (m, v) if turn.get("biased") else (m / (1 - beta1**t), v / (1 - beta2**t))
        below = (v_hat + eps).sqrt() if turn.get("inside") else v_hat.sqrt() + eps
        below = v_hat + eps if turn.get("rootless") else below
        kept = 1 - {"priced": 0, "none": 0, "bare": decay}.get(turn.get("decay"), lr * decay)
        moved = (1 if turn.get("loud") else lr) * m_hat / below
        x = kept * (x + moved) if turn.get("after") else kept * x + moved
        m, v = (m_hat, v_hat) if turn.get("carried") else (m, v)
        path.append((x, m, v))
    return path


WRONG_UPDATES = {
    "the decay went into the gradient, where Adam divides it away again: that is an L2 penalty. Under AdamW x itself "
    "is multiplied by 1 - lr * decay": {"priced": True, "decay": "priced"},
    "x does not decay: multiply it by 1 - lr * decay": {"decay": "none"},
    "x decays by 1 - decay: it is 1 - lr * decay": {"decay": "bare"},
    "the new step decayed too: only the old x is multiplied by 1 - lr * decay": {"after": True},
    "x goes down: g is the gradient of the score, so add": {"sign": -1},
    "the bias correction is missing: divide m by 1 - beta1**t and v by 1 - beta2**t": {"biased": True},
    "the bias-corrected m and v were carried over: correct copies of them, and return m and v as they "
    "were": {"carried": True},
    "the first step should be t = 1: here the correction is one step late": {"late": 1},
    "eps stands inside the root: it is added after it": {"inside": True},
    "the root is missing: divide by the root of v, a size, not by v, a square": {"rootless": True},
    "v averages |g|: it should average g squared": {"rough": True},
    "beta1 and beta2 are written in as 0.9 and 0.999: use the arguments": {"usual": True},
    "the step does not depend on lr": {"loud": True},
}


def adamw(seed: int, answer: dict) -> str | None:
    """Five steps of AdamW, up."""
    if answer["path"] is None:
        return f"return three things, the new x, m and v; a {answer['returned']} came back"
    got, right = [state[0] for state in answer["path"]], updates(seed)
    for what, x in zip(("x", "m", "v"), answer["path"][0], strict=True):
        if problem := check_tensor(x, tuple(right[0][0].shape), f"the new {what}"):
            return problem
    wrong = {said: torch.stack([s[0] for s in updates(seed, **turn)]) for said, turn in WRONG_UPDATES.items()}
    ways = torch.stack([x for x, _, _ in right])
    if problem := compare(torch.stack(got), ways, "x after five steps", wrong, rtol=1e-3, atol=1e-4):
        return problem
    for which, name in ((1, "m"), (2, "v")):
        if problem := compare(answer["path"][-1][which], right[-1][which], f"{name} after five steps", rtol=1e-3):
            return partly(problem, 2 / 3)
    return None
