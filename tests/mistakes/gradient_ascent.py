"""Planted mistakes of assignment a."""

import sys

import torch

from . import Mistake, Solutions

SOLUTIONS = Solutions("a_gradient_ascent.ipynb")
NAMES = {
    "check_step": "ascent_step",
    "check_ideal": "ideal_input",
    "check_climb": "climb",
    "check_adamw": "adamw_step",
    "check_bound": "farthest",
    "check_rise": "explain_rise",
}
REFERENCES = {check: SOLUTIONS.right(name) for check, name in NAMES.items()}

FRESH = "x = x.detach().clone().requires_grad_(True)"
MOVED = "return x.detach() + lr * gradient"
SCORED = "score = network(x)[:, c]\n"
LAST = "    with torch.no_grad():\n        scores.append(network(x)[:, c])\n"

# check, what is wrong, what its message says, and the edits that make it so
PLANTED = [
    ("check_step", "sign error", "downhill", [(MOVED, "return x.detach() - lr * gradient")]),
    (
        "check_step",
        "in-place edit of the input",
        "changed the tensor it was given",
        [
            (MOVED, "given += lr * gradient\n    return given"),
            (FRESH, "given = x\n    " + FRESH),
        ],
    ),
    ("check_step", "mean over the batch", "size of the batch", [("score(x).sum()", "score(x).mean()")]),
    ("check_step", "only the first row", "only the first row", [("score(x).sum()", "score(x)[0]")]),
    (
        "check_step",
        "sign of the gradient",
        "sign of the gradient",
        [(MOVED, "return x.detach() + lr * gradient.sign()")],
    ),
    ("check_step", "step size forgotten", "does not depend on lr", [(MOVED, "return x.detach() + gradient")]),
    (
        "check_step",
        "gradient normalized",
        "divided by its norm",
        [
            (MOVED, "return x.detach() + lr * gradient / gradient.norm()"),
        ],
    ),
    ("check_step", "returns the gradient", "gradient alone", [(MOVED, "return gradient")]),
    ("check_step", "returns the change", "change alone", [(MOVED, "return lr * gradient")]),
    ("check_step", "result still in the graph", "drags the whole graph", [(MOVED, "return x + lr * gradient")]),
    (
        "check_step",
        "gradients of two calls add up",
        "still in x.grad",
        [
            (FRESH, "x.requires_grad_(True)"),
            ("gradient = torch.autograd.grad(total, x)[0]", "total.backward()"),
            (MOVED, "return x.detach() + lr * x.grad"),
        ],
    ),
    (
        "check_step",
        "image detached",
        "no gradient reaches the image",
        [
            ("score(x).sum()", "score(x.detach()).sum().requires_grad_(False)"),
            ("torch.autograd.grad(total, x)[0]", "torch.autograd.grad(total, x)[0]"),
        ],
    ),
    ("check_ideal", "factor of 2 lost", "twice as far", [("(2 * price)", "price")]),
    ("check_ideal", "anchor forgotten", "anchor is missing", [("anchor + w", "w")]),
    ("check_ideal", "sign error", "wrong side of the anchor", [("anchor + w", "anchor - w")]),
    (
        "check_ideal",
        "anchor subtracted",
        "anchor was subtracted",
        [("anchor + w / (2 * price)", "w / (2 * price) - anchor")],
    ),
    ("check_ideal", "multiplied by the price", "drives it away", [("w / (2 * price)", "w * 2 * price")]),
    ("check_ideal", "a corner, as under AdamW", "this is a corner", [("w / (2", "w.sign() / (2")]),
    ("check_ideal", "w normalized", "length of w is lost", [("w / (2", "w / w.norm() / (2")]),
    ("check_ideal", "anchor divided, too", "divided by the price too", [("anchor + w", "(anchor + w)")]),
    ("check_climb", "network left in training mode", "asked in training mode", [("network.eval()", "pass")]),
    ("check_climb", "mode not put back", "left in eval()", [("network.train(was_training)", "pass")]),
    ("check_climb", "sign error", "falls where it should rise", [("-score.sum()", "score.sum()")]),
    ("check_climb", "gradient not zeroed", "not zeroed", [("optimizer.zero_grad()", "pass")]),
    (
        "check_climb",
        "detached image, weights not frozen",
        "does not change",
        [
            ("network.requires_grad_(False)", "network.requires_grad_(True)"),
            (SCORED, "score = network(x.detach())[:, c]\n"),
        ],
    ),
    (
        "check_climb",
        "detached image",
        "no gradient reaches the image",
        [(SCORED, "score = network(x.detach())[:, c]\n")],
    ),
    (
        "check_climb",
        "optimizer holds a copy",
        "does not change",
        [("make_optimizer([x])", "make_optimizer([x.detach().clone()])")],
    ),
    (
        "check_climb",
        "weights among the parameters",
        "only x is to change",
        [
            ("make_optimizer([x])", "make_optimizer([x, *network.parameters()])"),
        ],
    ),
    (
        "check_climb",
        "weights not frozen",
        "piled up",
        [("network.requires_grad_(False)", "network.requires_grad_(True)")],
    ),
    (
        "check_climb",
        "probability for logit",
        "climbed the probability",
        [(SCORED, "score = network(x).softmax(dim=1)[:, c]\n")],
    ),
    (
        "check_climb",
        "log-probability for logit",
        "climbed the log-probability",
        [
            (SCORED, "score = network(x).log_softmax(dim=1)[:, c]\n"),
        ],
    ),
    ("check_climb", "mean over the batch", "climbed the mean", [("-score.sum()", "-score.mean()")]),
    (
        "check_climb",
        "clamp that kills the gradient",
        "stopped at 0 and 1",
        [(SCORED, "score = network(x.clamp(0, 1))[:, c]\n")],
    ),
    (
        "check_climb",
        "clamp after each step",
        "cut off at 0 and 1",
        [
            ("optimizer.step()", "optimizer.step()\n        x.data.clamp_(0, 1)"),
        ],
    ),
    ("check_climb", "the class that is ahead", "whichever class", [(SCORED, "score = network(x).amax(dim=1)\n")]),
    ("check_climb", "all classes", "sum of all classes", [(SCORED, "score = network(x).sum(dim=1)\n")]),
    ("check_climb", "one step too few", "one step too few", [("range(steps)", "range(steps - 1)")]),
    ("check_climb", "one step too many", "one step too many", [("range(steps)", "range(steps + 1)")]),
    ("check_climb", "seed ignored", "another seed gave the same", [("manual_seed(seed)", "manual_seed(0)")]),
    (
        "check_climb",
        "no seed at all",
        "same seed gave two different",
        [
            ("torch.randn(shape, generator=torch.Generator().manual_seed(seed))", "torch.randn(shape)"),
        ],
    ),
    (
        "check_climb",
        "the world reseeded",
        "global generator was touched",
        [
            (
                "noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))",
                "torch.manual_seed(seed)\n    noise = torch.randn(shape)",
            ),
        ],
    ),
    ("check_climb", "another start", "should start from", [("0.5 + 0.05 * noise", "noise")]),
    (
        "check_climb",
        "optimizer made anew at each step",
        "forgot its momentum",
        [
            ("optimizer.zero_grad()", "optimizer = make_optimizer([x])\n        optimizer.zero_grad()"),
            ("    optimizer = make_optimizer([x])\n", ""),
        ],
    ),
    (
        "check_climb",
        "an optimizer of its own",
        "never called",
        [("make_optimizer([x])", "torch.optim.Adam([x], lr=0.05)")],
    ),
    ("check_climb", "x still requires a gradient", "still requires a gradient", [("return x.detach(),", "return x,")]),
    ("check_climb", "last score missing", "the x you return is missing", [(LAST, "")]),
    (
        "check_climb",
        "scores before the last step",
        "before the last step, not of the x",
        [
            (LAST, ""),
            ("torch.stack(scores)", "torch.stack(scores[:1] + scores)"),
        ],
    ),
    ("check_climb", "the loss for a score", "holds the loss", [("torch.stack(scores)", "-torch.stack(scores)")]),
    (
        "check_adamw",
        "decay as L2",
        "an L2 penalty",
        [
            ("m = beta1 * m", "g = g - decay * x\n    m = beta1 * m"),
            ("x = (1 - lr * decay) * x", "x = x"),
        ],
    ),
    ("check_adamw", "no decay", "does not decay", [("x = (1 - lr * decay) * x", "x = x")]),
    ("check_adamw", "decay without the learning rate", "by 1 - decay", [("(1 - lr * decay)", "(1 - decay)")]),
    (
        "check_adamw",
        "decay after the step",
        "new step decayed too",
        [("(1 - lr * decay) * x + lr * u", "(1 - lr * decay) * (x + lr * u)")],
    ),
    ("check_adamw", "sign error", "x goes down", [("* x + lr * u", "* x - lr * u")]),
    (
        "check_adamw",
        "no bias correction",
        "bias correction is missing",
        [("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v")],
    ),
    ("check_adamw", "correction carried over", "carried over", [("return x, m, v", "return x, m_hat, v_hat")]),
    (
        "check_adamw",
        "counting from the second step",
        "one step late",
        [("m_hat, v_hat =", "t = t + 1\n    m_hat, v_hat =")],
    ),
    ("check_adamw", "eps inside the root", "inside the root", [("(v_hat.sqrt() + eps)", "(v_hat + eps).sqrt()")]),
    ("check_adamw", "no root", "root is missing", [("v_hat.sqrt()", "v_hat")]),
    ("check_adamw", "absolute values averaged", "averages |g|", [("g**2", "g.abs()")]),
    ("check_adamw", "betas written in", "written in as", [("m = beta1", "beta1, beta2 = 0.9, 0.999\n    m = beta1")]),
    ("check_adamw", "step without the learning rate", "step does not depend on lr", [("+ lr * u", "+ u")]),
    (
        "check_adamw",
        "in-place edit of m",
        "changed the tensor it was given",
        [
            ("m = beta1 * m + (1 - beta1) * g", "m.mul_(beta1).add_((1 - beta1) * g)"),
        ],
    ),
    (
        "check_bound",
        "only the walls",
        "where the walls are in the end",
        [("return kept * abs(start) + (1 - kept) / decay", "return 1 / decay")],
    ),
    ("check_bound", "start forgotten", "what is left of the start is missing", [("kept * abs(start) + ", "")]),
    ("check_bound", "only the start", "only what is left of the start", [(" + (1 - kept) / decay", "")]),
    ("check_bound", "a start below zero", "counts with its size", [("abs(start)", "start")]),
    ("check_bound", "sum not multiplied by lr", "not been multiplied by lr", [("/ decay", "/ (lr * decay)")]),
    ("check_bound", "infinite sum", "goes on for ever", [("(1 - kept) / decay", "1 / decay")]),
    ("check_bound", "decay without the learning rate", "not 1 - decay", [("1 - lr * decay", "1 - decay")]),
    (
        "check_bound",
        "no decay",
        "without any decay",
        [("return kept * abs(start) + (1 - kept) / decay", "return abs(start) + lr * steps")],
    ),
    ("check_bound", "one step too few", "one step too few", [("** steps", "** (steps - 1)")]),
    ("check_bound", "one step too many", "one step too many", [("** steps", "** (steps + 1)")]),
    ("check_bound", "wall of a penalty", "half of the wall", [("/ decay", "/ (2 * decay)")]),
    ("check_bound", "exponential", "smooth e^", [("(1 - lr * decay) ** steps", "math.exp(-lr * decay * steps)")]),
    (
        "check_rise",
        "sign of others",
        "others has the wrong sign",
        [
            ("before.logsumexp(dim=0) - after.logsumexp(dim=0)", "after.logsumexp(dim=0) - before.logsumexp(dim=0)"),
        ],
    ),
    (
        "check_rise",
        "before minus after",
        "both parts are before minus after",
        [
            ("before.logsumexp(dim=0) - after.logsumexp(dim=0)", "after.logsumexp(dim=0) - before.logsumexp(dim=0)"),
            ("after[c] - before[c]", "before[c] - after[c]"),
        ],
    ),
    (
        "check_rise",
        "own is the whole rise",
        "own is the rise",
        [
            ("own = after[c] - before[c]", "own = after.log_softmax(0)[c] - before.log_softmax(0)[c]"),
        ],
    ),
    (
        "check_rise",
        "class left out of the sum",
        "includes c itself",
        [
            ("own = after", "rest = torch.arange(len(before)) != c\n    own = after"),
            (
                "before.logsumexp(dim=0) - after.logsumexp(dim=0)",
                "before[rest].logsumexp(dim=0) - after[rest].logsumexp(dim=0)",
            ),
        ],
    ),
    (
        "check_rise",
        "mean of the others",
        "mean change of the other logits",
        [
            ("own = after", "rest = torch.arange(len(before)) != c\n    own = after"),
            ("before.logsumexp(dim=0) - after.logsumexp(dim=0)", "before[rest].mean() - after[rest].mean()"),
        ],
    ),
    (
        "check_rise",
        "overflow",
        "overflows",
        [
            ("before.logsumexp(dim=0) - after.logsumexp(dim=0)", "before.exp().sum().log() - after.exp().sum().log()"),
        ],
    ),
    (
        "check_rise",
        "probabilities",
        "rise of the probability",
        [
            ("before.logsumexp(dim=0) - after.logsumexp(dim=0)", "after.softmax(0)[c] - before.softmax(0)[c] - own"),
        ],
    ),
    (
        "check_rise",
        "base 10",
        "to base 10",
        [("return own.item(), others.item()", "return own.item(), others.item() / math.log(10)")],
    ),
    (
        "check_rise",
        "changed places",
        "changed places",
        [("return own.item(), others.item()", "return others.item(), own.item()")],
    ),
    (
        "check_bound",
        "rest under a penalty",
        "would let a gradient of 1 come to rest",
        [("return kept * abs(start) + (1 - kept) / decay", "return 1 / (2 * decay)")],
    ),
    (
        "check_climb",
        "one number for the batch",
        "one score for each image of the",
        [("scores.append(score.detach())", "scores.append(score.item())")],
    ),
]


def adamw_of_torch(x, g, m, v, t, lr, decay, beta1=0.9, beta2=0.999, eps=1e-8):
    """PyTorch's own step, its state put in by hand."""
    p = torch.nn.Parameter(x.clone())
    optimizer = torch.optim.AdamW([p], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=decay)
    state = {"step": torch.tensor(t - 1.0), "exp_avg": -m.clone(), "exp_avg_sq": v.clone()}
    optimizer.state[p], p.grad = state, -g.clone()
    optimizer.step()
    return p.detach(), -state["exp_avg"], state["exp_avg_sq"]


def step_without_its_score(score, x, lr):
    """What somebody would hand in who has read the coefficients of the score somewhere."""
    frame = sys._getframe()
    while "given" not in frame.f_locals:
        frame = frame.f_back
    given = frame.f_locals["given"]
    return x + lr * (given.slope - given.bend * x)


MISTAKES = [Mistake(check, name, SOLUTIONS.wrong(NAMES[check], *edits), says) for check, name, says, edits in PLANTED]
MISTAKES += [
    Mistake("check_adamw", "PyTorch's", adamw_of_torch, "PyTorch's own optimizer"),
    Mistake("check_step", "no gradient taken", step_without_its_score, "was never differentiated"),
]
