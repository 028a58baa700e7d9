"""Planted mistakes of assignment d, "Inside the network", and the solutions that are right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from . import Mistake

# --- a channel ---


def kept_output(network: nn.Module, layer: str, images: Tensor, keep: Callable, evaluate=True, remove=True) -> Tensor:
    """What a hook on a layer keeps of (module, input, output)."""
    kept = []
    if evaluate:
        network.eval()
    handle = network.get_submodule(layer).register_forward_hook(lambda *seen: kept.append(keep(*seen)))
    network(images)
    if remove:
        handle.remove()
    return kept[0]


def cloned(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    return output.clone()


def channel(network: nn.Module, layer: str, k: int, images: Tensor) -> Tensor:
    return kept_output(network, layer, images, cloned)[:, k].mean(dim=(1, 2))


def channel_with(network, layer, k, images, keep=cloned, score=lambda maps, k: maps[:, k].mean(dim=(1, 2)), **options):
    """``channel`` with another hook, another score, or another state of the network."""
    return score(kept_output(network, layer, images, keep, **options), k)


def channel_wrong_layer(network, layer, k, images):
    names = [name for name, module in network.named_modules() if name and not isinstance(module, nn.Sequential)]
    return channel(network, names[names.index(layer) - 2], k, images)


# --- a receptive field ---


def field(layers: list, unit: int) -> tuple[int, int]:
    side, apart, first = 1, 1, 0
    for kernel, stride, padding in layers:
        side += (kernel - 1) * apart
        first -= padding * apart
        apart *= stride
    first += unit * apart
    return first, first + side - 1


def field_with(layers, unit, reach=-1, pads=1, strides=True, early=False, places=True, near=False, last=-1):
    """``field`` with one of its parts changed."""
    side, apart, first = 1, 1, 0
    for kernel, stride, padding in layers:
        apart *= stride if early and strides else 1
        side += (kernel + reach) * apart
        first -= pads * padding * (1 if near else apart)
        apart *= stride if strides and not early else 1
    first += unit * (apart if places else 1)
    return first, first + side + last


# --- a part of a network ---


def part(network: nn.Sequential, layer: str, images: Tensor) -> Tensor:
    x = images
    for name, module in network.named_children():
        x = module(x)
        if name == layer:
            return x
    raise LookupError(layer)


def part_early(network, layer, images):
    x = images
    for name, module in network.named_children():
        if name == layer:
            break
        x = module(x)
    return x


def part_late(network, layer, images):
    x, names = images, [name for name, _ in network.named_children()]
    for name in names[: names.index(layer) + 2]:
        x = network.get_submodule(name)(x)
    return x


def part_no_relu(network, layer, images):
    x = images
    for name, module in network.named_children():
        x = module(x) if "conv" in name else x
        if name == layer:
            return x
    return x


# --- a direction ---


def direction(maps: Tensor, vector: Tensor) -> Tensor:
    return torch.einsum("bchw,c->bhw", maps, vector / vector.norm()).mean(dim=(1, 2))


def direction_cosine(maps: Tensor, vector: Tensor) -> Tensor:
    return torch.cosine_similarity(maps, vector[None, :, None, None], dim=1).mean(dim=(1, 2))


# --- a patch ---


def patch(photo: Tensor, answers: Tensor, side: int, apart: int, first: int) -> Tensor:
    return photo_at(photo, *start(photo, answers, side, apart, first), side)


def start(photo: Tensor, answers: Tensor, side: int, apart: int, first: int) -> tuple[int, int]:
    row, column = divmod(int(inner(photo, answers, side, apart, first).argmax()), answers.shape[1])
    return first + row * apart, first + column * apart


def inner(photo: Tensor, answers: Tensor, side: int, apart: int, first: int, outside: float = -torch.inf) -> Tensor:
    """The answers, those of units that look over the border replaced."""
    seen = answers.clone()
    for row in range(answers.shape[0]):
        for column in range(answers.shape[1]):
            corner = first + row * apart, first + column * apart
            ends = zip(corner, photo.shape[1:], strict=True)
            if not all(at >= 0 and at + side <= size for at, size in ends):
                seen[row, column] = outside
    return seen


def photo_at(photo: Tensor, top: int, left: int, side: int) -> Tensor:
    return photo[:, top : top + side, left : left + side]


def place(photo, answers, side, apart, first) -> tuple[int, int]:
    return divmod(int(inner(photo, answers, side, apart, first).argmax()), answers.shape[1])


def patch_swapped(photo, answers, side, apart, first):
    top, left = start(photo, answers, side, apart, first)
    return photo_at(photo, left, top, side)


def patch_wrong_width(photo, answers, side, apart, first):
    row, column = divmod(int(inner(photo, answers, side, apart, first).argmax()), answers.shape[0])
    return photo_at(photo, first + row * apart, first + column * apart, side)


def patch_no_first(photo, answers, side, apart, first):
    row, column = place(photo, answers, side, apart, first)
    return photo_at(photo, row * apart, column * apart, side)


def patch_border(photo, answers, side, apart, first):
    row, column = divmod(int(answers.argmax()), answers.shape[1])
    return photo_at(photo, max(0, first + row * apart), max(0, first + column * apart), side)


def patch_cut(photo, answers, side, apart, first):
    row, column = divmod(int(answers.argmax()), answers.shape[1])
    top, left = first + row * apart, first + column * apart
    return photo[:, max(top, 0) : top + side, max(left, 0) : left + side]


def patch_largest_size(photo, answers, side, apart, first):
    return patch(photo, answers.abs(), side, apart, first)


def patch_scaled(photo, answers, side, apart, first):
    row, column = place(photo, answers, side, apart, first)
    middle = (row + 0.5) * photo.shape[1] / answers.shape[0], (column + 0.5) * photo.shape[2] / answers.shape[1]
    return photo_at(photo, *(round(m - side / 2) for m in middle), side)


def patch_unit_pixels(photo, answers, side, apart, first):
    row, column = place(photo, answers, side, apart, first)
    return photo_at(photo, row, column, side)


# --- ranks ---


def rank(logits: Tensor, targets: Tensor) -> Tensor:
    mine = logits.gather(1, targets[:, None])
    return 1 + (logits > mine).sum(dim=1)


def rank_argsort(logits: Tensor, targets: Tensor) -> Tensor:
    return logits.argsort(dim=1, descending=True).gather(1, targets[:, None])[:, 0]


def rank_images(logits: Tensor, targets: Tensor) -> Tensor:
    mine = logits[range(len(targets)), targets]
    return 1 + (logits[:, targets] > mine).sum(dim=0)


# --- a second opinion ---


def opinion(judge: nn.Module, mean: Tensor, std: Tensor, images: Tensor, targets: Tensor, artist: nn.Module) -> Tensor:
    return opinion_with(judge, mean, std, images, targets, artist)


def opinion_with(
    judge,
    mean,
    std,
    images,
    targets,
    artist,
    prepare=lambda x, m, s: (x - m) / s,
    ranked=rank,
    evaluate=True,
    refuses=ValueError,
    grad=False,
):
    """``opinion`` with something of it changed."""
    if refuses and judge is artist:
        raise refuses("an artist is no judge of its own work")
    if evaluate:
        judge.eval()
    with torch.set_grad_enabled(grad):
        return ranked(judge(prepare(images, mean[:, None, None], std[:, None, None])), targets)


def opinion_of_artist(judge, mean, std, images, targets, artist):
    if judge is artist:
        raise ValueError("no")
    return opinion_with(artist, mean, std, images, targets, judge)


# --- pairs ---


def interval(first: Tensor, second: Tensor, draws: int, seed: int) -> tuple[float, float]:
    return ends(drawn(first - second, draws, torch.Generator().manual_seed(seed)))


def drawn(scores: Tensor, draws: int, generator: torch.Generator | None, count: int | None = None) -> Tensor:
    """The means (draws,) of scores drawn with replacement."""
    which = torch.randint(len(scores), (draws, count or len(scores)), generator=generator)
    return scores.double()[which].mean(dim=1)


def ends(means: Tensor, cut: float = 0.025) -> tuple[float, float]:
    low, high = means.double().quantile(torch.tensor([cut, 1 - cut], dtype=torch.float64)).tolist()
    return low, high


def interval_unpaired(first, second, draws, seed):
    generator = torch.Generator().manual_seed(seed)
    return ends(drawn(first, draws, generator) - drawn(second, draws, generator))


def interval_shuffled(first, second, draws, seed):
    generator = torch.Generator().manual_seed(seed)
    which = torch.stack([torch.randperm(len(first), generator=generator) for _ in range(200)])
    return ends((first - second).double()[which].mean(dim=1))


def interval_one_sigma(first, second, draws, seed):
    means = drawn(first - second, draws, torch.Generator().manual_seed(seed))
    return (means.mean() - means.std()).item(), (means.mean() + means.std()).item()


def interval_seeded(first, second, draws, seed, cut=0.025, sign=1, fixed=None, count=None):
    """``interval`` with other cuts, another sign, a seed of its own, or other sizes of draws."""
    generator = torch.Generator().manual_seed(seed if fixed is None else fixed)
    return ends(drawn(sign * (first - second), draws, generator, count), cut)


def interval_unseeded(first, second, draws, seed):
    return ends(drawn(first - second, draws, None))


REFERENCES = {
    "check_channel": channel,
    "check_field": field,
    "check_part": part,
    "check_direction": direction,
    "check_patch": patch,
    "check_rank": rank,
    "check_opinion": opinion,
    "check_interval": interval,
}

MISTAKES = [
    Mistake("check_channel", "training mode", partial(channel_with, evaluate=False), "in training mode"),
    Mistake(
        "check_channel",
        "sum",
        partial(channel_with, score=lambda m, k: m[:, k].sum(dim=(1, 2))),
        "the sum over the map",
    ),
    Mistake(
        "check_channel", "maximum", partial(channel_with, score=lambda m, k: m[:, k].amax((1, 2))), "largest value"
    ),
    Mistake(
        "check_channel",
        "overwritten by a ReLU",
        partial(channel_with, keep=lambda m, i, o: o),
        "the mean after the ReLU",
    ),
    Mistake(
        "check_channel",
        "detached",
        partial(channel_with, keep=lambda m, i, o: o.detach().clone()),
        "no gradient reaches the image",
    ),
    Mistake(
        "check_channel",
        "next channel",
        partial(channel_with, score=lambda m, k: m[:, k + 1].mean((1, 2))),
        "next channel",
    ),
    Mistake(
        "check_channel",
        "channel before",
        partial(channel_with, score=lambda m, k: m[:, k - 1].mean((1, 2))),
        "channel before",
    ),
    Mistake(
        "check_channel", "input of the layer", partial(channel_with, keep=lambda m, i, o: i[0].clone()), "goes into the"
    ),
    Mistake("check_channel", "wrong layer", channel_wrong_layer, "channel of layer"),
    Mistake("check_channel", "hook stays", partial(channel_with, remove=False), "handle.remove()"),
    Mistake(
        "check_channel", "over the batch", partial(channel_with, score=lambda m, k: m[:, k].mean()), "over all images"
    ),
    Mistake("check_field", "stride too early", partial(field_with, early=True), "change the distance after the side"),
    Mistake("check_field", "no padding", partial(field_with, pads=0), "padding is left out"),
    Mistake("check_field", "kernel for kernel − 1", partial(field_with, reach=0), "reaches k − 1 further"),
    Mistake("check_field", "no strides", partial(field_with, strides=False), "strides are left out"),
    Mistake(
        "check_field", "unit counted in pixels", partial(field_with, places=False), "the unit's number counts distances"
    ),
    Mistake("check_field", "last excluded", partial(field_with, last=0), "first + side − 1"),
    Mistake("check_field", "padding in pixels", partial(field_with, near=True), "and not in pixels"),
    Mistake("check_field", "backward", lambda layers, unit: field(layers[::-1], unit), "from last to first"),
    Mistake("check_part", "one layer early", part_early, "stops one layer early"),
    Mistake("check_part", "one layer late", part_late, "one layer too far"),
    Mistake("check_part", "the whole network", lambda net, layer, x: net(x), "answer of the whole network"),
    Mistake(
        "check_part",
        "a hook runs everything",
        lambda net, layer, x: kept_output(net, layer, x, cloned, evaluate=False),
        "was not needed",
    ),
    Mistake(
        "check_part", "only that layer", lambda net, layer, x: net.get_submodule(layer)(x), "is fed with the images"
    ),
    Mistake("check_part", "ReLUs left out", part_no_relu, "the ReLUs are left out"),
    Mistake(
        "check_part", "detached", lambda net, layer, x: part(net, layer, x).detach(), "no gradient reaches the images"
    ),
    Mistake("check_direction", "not scaled", lambda m, v: direction(m, v) * v.norm(), "not scaled to length 1"),
    Mistake("check_direction", "sum", lambda m, v: torch.einsum("bchw,c->b", m, v / v.norm()), "sum over all places"),
    Mistake("check_direction", "mean of channels", lambda m, v: direction(m, v) / len(v), "mean is over the channels"),
    Mistake("check_direction", "squared length", lambda m, v: direction(m, v) / v.norm(), "square of the length"),
    Mistake("check_direction", "L1", lambda m, v: direction(m, v) * v.norm() / v.abs().sum(), "add up to 1"),
    Mistake("check_direction", "cosine", direction_cosine, "this is a cosine: the maps"),
    Mistake(
        "check_direction",
        "cosine of means",
        lambda m, v: torch.cosine_similarity(m.mean((2, 3)), v[None], dim=1),
        "of the mean maps with the vector",
    ),
    Mistake("check_direction", "detached", lambda m, v: direction(m.detach(), v), "no gradient reaches the maps"),
    Mistake("check_direction", "over the batch", lambda m, v: direction(m, v).mean(), "mean over all images"),
    Mistake("check_patch", "row and column swapped", patch_swapped, "row and column have changed places"),
    Mistake("check_patch", "split by the wrong side", patch_wrong_width, "split by the wrong side"),
    Mistake("check_patch", "padding forgotten", patch_no_first, "its first pixel is missing"),
    Mistake("check_patch", "pushed inside", patch_border, "pushed inside"),
    Mistake("check_patch", "cut off at the border", patch_cut, "that unit looks over the border. Leave"),
    Mistake("check_patch", "largest size", patch_largest_size, "no great joy"),
    Mistake("check_patch", "size by size", patch_scaled, "not as size by size"),
    Mistake("check_patch", "units as pixels", patch_unit_pixels, "multiply by the distance"),
    Mistake(
        "check_patch",
        "one too large",
        lambda p, a, s, d, f: photo_at(p, *start(p, a, s, d, f), s + 1),
        "one pixel too large",
    ),
    Mistake("check_rank", "from 0", lambda x, t: rank(x, t) - 1, "ranks begin with 0"),
    Mistake("check_rank", "counts itself", lambda x, t: rank(x, t) + 1, "the class itself is counted"),
    Mistake("check_rank", "from the bottom", lambda x, t: rank(-x, t), "counted from the bottom"),
    Mistake("check_rank", "argsort", rank_argsort, "argsort says which class"),
    Mistake("check_rank", "one class for all", lambda x, t: rank(x, t[:1].expand(len(t))), "class of the first one"),
    Mistake("check_rank", "probabilities", lambda x, t: rank(x.softmax(dim=1), t), "ranks by probability"),
    Mistake("check_rank", "across images", rank_images, "compares images with each other"),
    Mistake(
        "check_opinion", "training mode", partial(opinion_with, evaluate=False), "training mode, as it was built: it"
    ),
    Mistake(
        "check_opinion", "no normalization", partial(opinion_with, prepare=lambda x, m, s: x), "without normalization"
    ),
    Mistake(
        "check_opinion",
        "the wrong way",
        partial(opinion_with, prepare=lambda x, m, s: x * s + m),
        "the wrong way around",
    ),
    Mistake(
        "check_opinion", "no std", partial(opinion_with, prepare=lambda x, m, s: x - m), "division by std is missing"
    ),
    Mistake("check_opinion", "no mean", partial(opinion_with, prepare=lambda x, m, s: x / s), "the mean is still in"),
    Mistake(
        "check_opinion",
        "bytes",
        partial(opinion_with, prepare=lambda x, m, s: (255 * x - m) / s),
        "they came in [0, 1]",
    ),
    Mistake("check_opinion", "from 0", partial(opinion_with, ranked=lambda x, t: rank(x, t) - 1), "ranks begin with 0"),
    Mistake("check_opinion", "the artist judges", partial(opinion_with, refuses=None), "and nobody objects"),
    Mistake("check_opinion", "another error", partial(opinion_with, refuses=KeyError), "a ValueError is wanted"),
    Mistake("check_opinion", "asks the artist", opinion_of_artist, "ranks by the artist"),
    Mistake("check_opinion", "builds a graph", partial(opinion_with, grad=True), "within torch.no_grad()"),
    Mistake("check_interval", "not paired", interval_unpaired, "drawn apart"),
    Mistake("check_interval", "sign", partial(interval_seeded, sign=-1), "second − first"),
    Mistake("check_interval", "without replacement", interval_shuffled, "without replacement"),
    Mistake("check_interval", "90%", partial(interval_seeded, cut=0.05), "these are 90%"),
    Mistake("check_interval", "one standard deviation", interval_one_sigma, "which is 68%"),
    Mistake("check_interval", "single classes", lambda a, b, n, s: ends(a - b), "where single classes lie"),
    Mistake("check_interval", "seed ignored", interval_unseeded, "the same seed gives another interval"),
    Mistake(
        "check_interval",
        "a seed of its own",
        partial(interval_seeded, fixed=0),
        "another seed gives the very same interval",
    ),
    Mistake("check_interval", "draws too small", partial(interval_seeded, count=10), "is each draw as large as"),
    Mistake("check_interval", "one recipe", lambda a, b, n, s: interval(a, 0 * b, n, s), "the first recipe alone"),
    Mistake("check_interval", "ends swapped", lambda a, b, n, s: interval(a, b, n, s)[::-1], "above the upper one"),
]
