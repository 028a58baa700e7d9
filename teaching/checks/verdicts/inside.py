"""What should come out in assignment d about maps, units, parts, directions and patches, and what mistakes give."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core import check_tensor, close, compare, each_costs, partly
from ..probes import inside as asked

# --- a channel ---


def channel(seed: int, answer: dict) -> str | None:
    layer, k, images = asked.channel_question(seed)
    images.requires_grad_()
    maps = _activations(asked.small_network(seed).eval(), images)
    moody = _activations(asked.small_network(seed).train(), images)

    def mean(maps: Tensor, k: int = k) -> Tensor:
        return maps[:, k].mean(dim=(1, 2))

    here, names = maps[layer], list(maps)
    right, before = mean(here), maps[names[names.index(layer) - 1]]
    mistakes = {
        "the network is in training mode, as it was built: batch normalization then looks at your images instead of "
        "what it has learned. Call eval() first": mean(moody[layer]),
        "this is the sum over the map; the mean does not grow with the size of the picture": here[:, k].sum((1, 2)),
        "this is the map's largest value; a channel's score is its mean": here[:, k].amax((1, 2)),
        "this is the mean over all images; each image has a score of its own, (B,)": right.mean(),
        "this is the mean of all channels": here.mean(dim=(1, 2, 3)),
        "this is the channel's middle unit": here[:, k, images.shape[2] // 2, images.shape[3] // 2],
        "this is the mean after the ReLU. The next layer works in place and overwrites what your hook keeps: clone "
        "it in the hook, or take the mean there": mean(here.relu()),
        "two things at once: the network is in training mode (call eval() first), and the next layer works in place "
        "and overwrites what your hook keeps (clone it there)": mean(moody[layer].relu()),
        "this is the next channel: the first channel is number 0": mean(here, k + 1),
        "this is the channel before: the first channel is number 0": mean(here, k - 1),
        "this is what goes into the layer, and not what comes out: a hook gets module, input, output": (
            mean(before) if before.shape[1] > k else right
        ),
    }
    for name in names:
        if name != layer:
            mistakes[f'this is the channel of layer "{name}", and "{layer}" was asked for'] = mean(maps[name])
    scores = answer["scores"]
    if isinstance(scores, Tensor) and scores.shape == here.shape[1:]:
        return f"maps come as (B, C, H, W): [{k}] takes an image; a channel is [:, {k}]"
    if problem := compare(scores, right, "the score", mistakes):
        return f'layer "{layer}", channel {k}: {problem}'
    problem = (
        "the score is right, and no gradient reaches the image: is there a .detach(), a .data or a no_grad in the hook "
        "or around it?"
    )
    if answer["slope"] is not None:
        (slope,) = torch.autograd.grad(right.sum(), images)
        problem = compare(answer["slope"], slope, "the gradient with respect to the images", atol=1e-6)
    hook = "a hook stays on the network, and will run at each later look: handle.remove() when you are done"
    return each_costs(1 / 3, problem, hook if answer["hooks"] else None)


def _activations(network: nn.Sequential, images: Tensor) -> dict[str, Tensor]:
    """What each module answers, by name, untouched by what comes after it."""
    kept: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        if name and not isinstance(module, nn.Sequential):
            module.register_forward_hook(lambda m, i, output, name=name: kept.__setitem__(name, output.clone()))
    network(images)
    return kept


# --- a receptive field ---


def walk(layers: list, unit: int, **wrong: bool) -> list[int]:
    """First and last pixel that a unit sees, as it should be or with something wrong."""
    side, apart, first = 1, 1, 0
    for kernel, stride, padding in layers[::-1] if wrong.get("backward") else layers:
        if wrong.get("early"):
            apart *= stride
        side += (kernel - (0 if wrong.get("kernel") else 1)) * apart
        if not wrong.get("padding"):
            first -= padding * (1 if wrong.get("near") else apart)
        if not wrong.get("early") and not wrong.get("stride"):
            apart *= stride
    first += unit * (1 if wrong.get("place") else apart)
    return [first, first + side - (0 if wrong.get("last") else 1)]


FIELD_MISTAKES = {
    "the last pixel is one too far: the first counts too, so it is first + side − 1": "last",
    "a layer's own stride moves the later layers apart, and not itself: change the distance after the side": "early",
    "padding is left out: each layer begins padding × distance pixels further left": "padding",
    "a kernel of k reaches k − 1 further, not k": "kernel",
    "strides are left out: after a stride of 2 neighbors are twice as far apart": "stride",
    "neighbors of the last layer are further apart than one pixel: the unit's number counts distances": "place",
    "the padding of a layer is counted in its own units, which are a distance apart, and not in pixels": "near",
    "the layers are walked from last to first, with the formula for first to last": "backward",
}


def field(seed: int, answer: dict) -> str | None:
    questions = asked.stacks(seed)
    right = [walk(layers, unit) for layers, unit in questions]
    seen = answer["seen"]
    if any(len(one) != 2 or any(int(n) != n for n in one) for one in seen):
        return f"expected two whole numbers, the first and the last pixel; got {seen[0]}"
    if seen == right:
        return None
    ends = [all(one[end] == two[end] for one, two in zip(seen, right, strict=True)) for end in (0, 1)]
    for message, wrong in FIELD_MISTAKES.items():
        if seen == [walk(layers, unit, **{wrong: True}) for layers, unit in questions]:
            return partly(message, 1 / 2 if any(ends) else 0.0)
    (layers, unit), got, wanted = next(
        (q, g, r) for q, g, r in zip(questions, seen, right, strict=True) if list(g) != r
    )
    said = f"unit {unit} of {layers} sees the pixels {wanted[0]} to {wanted[1]}, not {got[0]} to {got[1]}"
    return partly(said, 1 / 2 if any(ends) else 0.0)


# --- a part of a network ---


def part(seed: int, answer: dict) -> str | None:
    layer, images = asked.chain_question(seed)
    network, _ = asked.chain(seed)
    images.requires_grad_()
    outputs, x = {}, images
    for name, module in network.named_children():
        x = outputs[name] = module(x)
    names = list(outputs)
    at = names.index(layer)
    convolved = images
    for name in names[: at + 1]:
        convolved = network.get_submodule(name)(convolved) if name.startswith("conv") else convolved
    alone = network.get_submodule(layer)(images)
    mistakes = {
        f'it stops one layer early, at "{names[at - 1]}": run "{layer}" too': outputs[names[at - 1]],
        f'it runs one layer too far, to "{names[at + 1]}"': outputs[names[at + 1]],
        "this is the answer of the whole network": outputs[names[-1]],
        f'"{layer}" is fed with the images; it wants what the layers before it make of them': alone,
        "the ReLUs are left out": convolved,
    }
    if problem := compare(answer["answer"], outputs[layer], f'the answer of "{layer}"', mistakes):
        return problem
    late = [name for name in answer["calls"] if name not in names[: at + 1]]
    if late:
        return partly(f'the answer is right, but "{late[0]}" ran too, and was not needed: stop at "{layer}"', 1 / 2)
    if len(answer["calls"]) > at + 1:
        return partly(f"{len(answer['calls'])} layers ran for {at + 1}: some of them more than once", 1 / 2)
    if answer["slope"] is None:
        return partly("no gradient reaches the images: is there a .detach() or a no_grad on the way?", 1 / 2)
    (slope,) = torch.autograd.grad(outputs[layer].sum(), images)
    return compare(answer["slope"], slope, "the gradient with respect to the images")


# --- a direction ---


def direction(seed: int, answer: dict) -> str | None:
    maps, vector = asked.direction_question(seed)
    along = torch.einsum("bchw,c->bhw", maps, vector)
    length, strength = vector.norm(), maps.norm(dim=1)
    right = along.mean(dim=(1, 2)) / length
    mistakes = {
        "the vector is not scaled to length 1: a longer arrow is no other direction": right * length,
        "this is the sum over all places; take the mean": along.sum(dim=(1, 2)) / length,
        "the mean is over the channels too; along a direction they are summed": right / len(vector),
        "divided by the square of the length": right / length,
        "the vector is scaled so that its numbers add up to 1 (without their signs): its length is the root of the sum "
        "of squares": right * length / vector.abs().sum(),
        "this is a cosine: the maps were scaled to length 1 too, and an answer may be strong": (
            (along / strength).mean(dim=(1, 2)) / length
        ),
        "this is a cosine, of the mean maps with the vector: the vector is scaled to length 1, and the maps are not": (
            right / maps.mean(dim=(2, 3)).norm(dim=1)
        ),
        "each place counts without its sign: −v is another direction than v": along.abs().mean(dim=(1, 2)) / length,
        "this is the mean over all images; each image has a score of its own": right.mean(),
    }
    if problem := compare(answer["scores"], right, "the score along the direction", mistakes):
        return problem
    return None if answer["graph"] else "the score is right, and no gradient reaches the maps: is there a .detach()?"


# --- a patch ---


def patch(seed: int, answer: dict) -> str | None:
    questions = zip(asked.patch_questions(seed), answer["patches"], strict=True)
    for share, ((photo, answers, side, apart, first), got) in zip((0.0, 1 / 2), questions, strict=True):
        # The first has its happiest unit within the picture, the second at the border.
        if problem := _one_patch(got, photo, answers, side, apart, first):
            return partly(f"units {apart} pixels apart see {side}, unit 0 begins at {first}: {problem}", share)
    return None


def _one_patch(got: Tensor, photo: Tensor, answers: Tensor, side: int, apart: int, first: int) -> str | None:
    if not isinstance(got, Tensor):
        return check_tensor(got, what="the patch")
    (height, width), (rows, columns) = photo.shape[1:], answers.shape

    def happiest(answers: Tensor, columns: int = columns) -> tuple[int, int]:
        return divmod(int(answers.argmax()), columns)

    def begin(row: int, column: int) -> tuple[int, int]:
        return first + row * apart, first + column * apart

    def shows(y: int, x: int, photo: Tensor = photo) -> bool:
        return close(got, photo[:, y : y + side, x : x + side])

    def whole(n: int, size: int) -> bool:
        return first + n * apart >= 0 and first + n * apart + side <= size

    sees_all = torch.tensor([[whole(r, height) and whole(c, width) for c in range(columns)] for r in range(rows)])
    inner = answers.masked_fill(~sees_all, -torch.inf)
    row, column = happiest(inner)
    top, left = begin(row, column)
    if shows(top, left):
        return None
    if got.shape == (3, side + 1, side + 1):
        return "the patch is one pixel too large: a slice ends before its last number"
    over = begin(*happiest(answers))
    cases = {
        "row and column have changed places": begin(column, row),
        "the place is split by the wrong side of the map: row and column are divmod(place, width of the map)": (
            begin(*happiest(inner, rows))
        ),
        "unit 0 does not begin at pixel 0: its first pixel is missing from your sum": (row * apart, column * apart),
        "the patch begins where the unit's middle is": (top + side // 2, left + side // 2),
        "an answer of −5 is no great joy: take the largest answer, with its sign": (
            begin(*happiest(inner.abs().masked_fill(~sees_all, -torch.inf)))
        ),
        "that unit looks over the border, and the patch was pushed inside. Leave such units out": (
            min(max(over[0], 0), height - side),
            min(max(over[1], 0), width - side),
        ),
        "one unit is as far from the next as the layers say, not as size by size": (
            round((row + 0.5) * height / rows - side / 2),
            round((column + 0.5) * width / columns - side / 2),
        ),
        "units are not a pixel apart: multiply by the distance": (row, column),
    }
    for message, place in cases.items():
        if place != (top, left) and shows(*place):
            return message
    if shows(over[0] + side, over[1] + side, F.pad(photo, (side,) * 4)):
        return "that unit looks over the border, where you have put black. Leave such units out"
    if got.ndim == 3 and got.shape != (3, side, side) and not sees_all.view(-1)[answers.argmax()]:
        return f"the patch is {tuple(got.shape)}: that unit looks over the border. Leave such units out"
    if problem := check_tensor(got, (3, side, side), "the patch"):
        return problem
    found = (round(got[0, 0, 0].item() * 100), round(got[1, 0, 0].item() * 100))
    return f"the patch begins at pixel {found}; the happiest unit, {(row, column)}, begins to see at {(top, left)}"
