"""What should come out in assignment c: a step through jitter."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import check_tensor, compare, partly
from ..probes import basis as asked


def jitter(seed: int, answer: dict) -> str | None:
    pictures, weights, reach, rate = asked.pictures_and_weights(seed)
    shifts, heap = [], torch.zeros_like(weights)
    for look, after in zip(answer["seen"], answer["after"], strict=True):
        if look is None:
            return "the score is never asked for: call score(...) on the shifted pictures"
        if look.shape != pictures.shape:
            return f"the score is shown {tuple(look.shape)} where the pictures are {tuple(pictures.shape)}"
        if problem := check_tensor(after, tuple(pictures.shape), "the new picture"):
            return problem
        found = _shift(pictures, look)
        if found is None:
            return (
                "what the network sees is no rolled picture. What leaves on one side enters on the other "
                "(torch.roll), and all pictures of the batch move together"
            )
        shifts.append(found)
        heap = heap + torch.roll(weights, (-found[0], -found[1]), dims=(1, 2))
        if problem := _stepped(after, pictures, weights, rate, found, heap):
            return problem
    many = [_shift(pictures[:1, :1], look) for look in answer["many"] if look is not None]
    problem = _random(shifts, reach) or _swapped(shifts, reach, seed) or _biased(shifts + [s for s in many if s], reach)
    return partly(problem or _repeats(answer), 2 / 3)


def _shift(pictures: Tensor, look: Tensor) -> tuple[int, int] | None:
    """By how much the pictures were rolled, rows and columns; None if they were not."""
    if look.shape != pictures.shape:
        return None
    for place in (look[0, 0] == pictures[0, 0, 0, 0]).nonzero().tolist():
        found = tuple(n if n <= size // 2 else n - size for n, size in zip(place, look.shape[2:], strict=True))
        if torch.equal(torch.roll(pictures, found, dims=(2, 3)), look):
            return found
    return None


def _swapped(shifts: list[tuple[int, int]], reach: int, seed: int) -> str | None:
    """Whether the two numbers of a step have changed places."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [tuple(torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()) for _ in shifts]
    if shifts != drawn and shifts == [(down, right) for right, down in drawn]:
        return "down and right have changed places: the first number that is drawn rolls the rows, dims=(2, 3)"
    return None


MOST = {4: 38.0, 6: 44.0}  # of chi-square, by its degrees of freedom: chance goes beyond it once in ten million times


def _biased(shifts: list[tuple[int, int]], reach: int) -> str | None:
    """Whether some shifts come more often than others."""
    count = torch.bincount(torch.tensor(shifts).flatten() + reach, minlength=2 * reach + 1).double()
    usual = count.mean()
    if ((count - usual).square() / usual).sum() <= MOST[2 * reach]:
        return None
    times = ", ".join(f"{n:.0f}" for n in count)
    said = f"the shifts from −{reach} to {reach} came {times} times, and should all be as likely"
    if count[[0, -1]].max() < 0.75 * count[1:-1].mean():
        return f"{said}: rounding leaves half of the room to both ends. torch.randint draws whole numbers"
    if count[reach] > 1.5 * count.mean():
        return f"{said}: cutting off the decimals goes to 0 from both sides. torch.randint draws whole numbers"
    return f"{said}: torch.randint draws whole numbers"


def _stepped(
    after: Tensor, x: Tensor, weights: Tensor, rate: float, shift: tuple[int, int], heap: Tensor
) -> str | None:
    back, twice = (torch.roll(weights, (-times * shift[0], -times * shift[1]), dims=(1, 2)) for times in (1, 2))
    moved, step, mean = torch.roll(x, shift, dims=(2, 3)), rate * weights, x + rate * back / len(x)
    # The order matters where the shift is zero: an unmoved picture that goes down is a wrong sign, not a wrong shift.
    mistakes = {
        "the score falls: the gradient points uphill, so add it": x - rate * back,
        "the picture does not change at all: was the gradient taken, and added?": x,
        "the picture itself is shifted. Shift what the network sees, and leave the picture where it is": moved + step,
        "the picture itself is shifted, though the gradient comes back to its place": moved + rate * back,
        "the gradient is added where the network saw it, and not where the pixels are: it has to be rolled back. "
        "Autograd does that, if the picture is the leaf and torch.roll comes after requires_grad": x + step,
        "the gradient is rolled twice: autograd has already brought it back": x + rate * twice,
        "the step is the size of the batch too small: sum the scores, so that no picture minds its neighbors": mean,
        "the step has the size of the gradient: multiply by the rate": x + back,
        "the step is normalized, and nobody asked for that": x + rate * back.sign(),
        "the gradients of earlier steps are still in it: .grad adds up. Begin each step with a leaf of its own, "
        "picture.detach().clone().requires_grad_()": x + rate * heap,
    }
    return compare(after, x + rate * back, "the new picture", mistakes, rtol=1e-4, atol=1e-5)


def _random(shifts: list[tuple[int, int]], reach: int) -> str | None:
    flat = [n for shift in shifts for n in shift]
    if not any(flat):
        return "the network sees the picture unshifted, each time"
    if len(set(shifts)) == 1:
        return "the shift is the same in each step: draw a new one, and do not seed the generator inside the step"
    if max(map(abs, flat)) > reach:
        return f"the reach is {reach}, and a shift of {max(flat, key=abs)} was seen"
    if all(down == right for down, right in shifts):
        return "down and right are always equal: draw two numbers"
    for axis, name in ((0, "up or down"), (1, "left or right")):
        if not any(shift[axis] for shift in shifts):
            return f"nothing ever moves {name}"
    if min(flat) >= 0:
        return f"all shifts go the same way: draw from −{reach} to {reach}"
    if max(flat) < reach:
        return f"a shift of +{reach} is never drawn: randint excludes its upper end"
    if min(flat) > -reach:
        return f"a shift of −{reach} is never drawn"
    return None


def _repeats(answer: dict) -> str | None:
    for first, second in zip(answer["seen"], answer["again"], strict=False):
        if second is None or not torch.equal(first, second):
            return "the same generator, seeded alike, gives other shifts: draw with generator=generator"
    if answer["graph"]:
        return "the new picture still hangs on the graph of its step: detach it, or memory grows with each step"
    return None
