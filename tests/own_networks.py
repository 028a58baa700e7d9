"""Networks as readers bring them, none of them the book's. Each takes (B, 3, H, W) and has 10 classes."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn
from torch.nn.utils import parametrizations, prune

CLASSES = [f"c{i}" for i in range(10)]


class Plain(nn.Module):
    """Two convolutions, a mean over each map, a fully connected layer; the others change one thing."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.c1, self.c2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2)
            self.head, self.aux = nn.Linear(8, 10), nn.Linear(8, 10)
            self.grouped = nn.Conv2d(8, 8, 1, groups=2)
            self.norm = nn.BatchNorm2d(8)
        self.relu, self.dropout = nn.ReLU(inplace=True), nn.Dropout(0.5)

    def features(self, x):
        return F.relu(self.c2(F.relu(self.c1(x)))).mean((2, 3))

    def forward(self, x):
        return self.head(self.features(x))


class AuxiliaryHead(Plain):
    def forward(self, x):
        f = self.features(x)
        a, b = self.head(f), self.aux(f)
        return (a, b) if self.training else a


class SoftmaxLast(Plain):
    def forward(self, x):
        a = self.head(self.features(x))
        self.seen = a.softmax(1)
        return a


class SizeLast(Plain):
    def forward(self, x):
        a = self.head(self.features(x))
        _ = torch.zeros(a.shape[0]) + a.shape[1]
        return a


class InPlaceFunction(Plain):
    def forward(self, x):
        x = self.c1(x)
        F.relu(x, inplace=True)
        return self.head(self.c2(x).mean((2, 3)))


class InPlaceModule(Plain):
    def forward(self, x):
        x = self.c1(x)
        self.relu(x)
        x = self.c2(x)
        x.mul_(2)
        return self.head(x.mean((2, 3)))


class Twice(Plain):
    def forward(self, x):
        x = self.relu(self.c1(x))
        x = self.relu(self.grouped(x) + self.grouped(x.flip(1)))
        return self.head(self.c2(x).mean((2, 3)))


class Moody(Plain):
    def forward(self, x):
        return self.head(self.dropout(self.norm(self.c2(self.c1(x)))).mean((2, 3)))


class Asserts(Plain):
    def forward(self, x, features=False):
        assert x.shape[1] == 3
        f = self.features(x + torch.zeros(x.shape[0], 3, 1, 1))
        return f if features else self.head(f)


class Branches(Plain):
    def forward(self, x):
        return super().forward(x if x.sum() > 0 else -x)


class ReluInside(Plain):
    def forward(self, x):
        return self.head(nn.ReLU()(self.c2(nn.ReLU()(self.c1(x)))).mean((2, 3)))


class Catches(Plain):
    """Its own code swallows every ordinary exception."""

    def forward(self, x):
        try:
            return super().forward(x)
        except Exception:
            return x.new_zeros(len(x), 10)


class CatchesAll(Plain):
    """Its own code swallows whatever is raised, and goes on with something else."""

    def forward(self, x):
        x = self.c1(x)
        try:
            x = self.c2(x)
        except:  # noqa: E722, as quick hacks do
            x = self.c2(0 * x)
        return self.head(x.mean((2, 3)))


class Copies(Plain):
    """Its first pass keeps a copy of a layer, and every pass runs that."""

    copies: list

    def forward(self, x):
        self.copies = getattr(self, "copies", None) or [copy.deepcopy(self.c1)]
        return self.head(self.c2(self.copies[0](x)).mean((2, 3)))


class OneByOne(Plain):
    """Sends its images through a map that one image alone sees."""

    def forward(self, x):
        return torch.vmap(lambda one: super(OneByOne, self).forward(one[None])[0])(x)


class Keeps(Plain):
    """Keeps a constant that is no buffer, as quick hacks do."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)

    def forward(self, x):
        return super().forward((x - self.mean) / 0.2)


class Cifar(nn.Module):
    """Takes 32×32 and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.conv1, self.fc1, self.fc2 = nn.Conv2d(3, 6, 5), nn.Linear(6 * 14 * 14, 20), nn.Linear(20, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(torch.flatten(F.max_pool2d(F.relu(self.conv1(x)), 2), 1))))


class Tokens(nn.Module):
    """A very small transformer: (B, T, C) inside."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.patches = nn.Conv2d(3, 12, 8, stride=8)
            self.block = nn.TransformerEncoderLayer(12, 2, 24, batch_first=True)
            self.head = nn.Linear(12, 10)

    def forward(self, x):
        return self.head(self.block(self.patches(x).flatten(2).transpose(1, 2)).mean(1))


class Recurrent(Plain):
    """An LSTM over the rows, which gives its answers and its states."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.inner = nn.LSTM(8, 8, batch_first=True)

    def forward(self, x):
        answers, _ = self.inner(self.c2(self.c1(x)).mean(3).transpose(1, 2))
        return self.head(answers[:, -1])


class Attentive(Recurrent):
    """Attention among the rows, which gives its answers and its weights."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.inner = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        rows = self.c2(self.c1(x)).mean(3).transpose(1, 2)
        return self.head(self.inner(rows, rows, rows)[0].mean(1))


class TwoNames(Twice):
    def __init__(self) -> None:
        super().__init__()
        self.c3 = self.grouped


class Nested(Plain):
    """Asks another network for a layer."""

    def __init__(self, network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x):
        inner = self.head(self.network.activations(x, "c2")["c2"].mean((2, 3)))
        return inner + self.head(self.features(x))


class WritesInput(Plain):
    """Normalizes in place what it is given."""

    def forward(self, x):
        return super().forward(x.sub_(0.5).mul_(4))


class Rows(Plain):
    """A cell runs once a row: how often depends on the size."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.again = nn.RNNCell(3, 8)

    def forward(self, x):
        h = x.new_zeros(len(x), 8)
        for row in x.mean(3).unbind(2):
            h = self.again(row, h)
        return self.head(h)


class Halves(Plain):
    """Halves until little is left, twice or more: how often depends on the numbers in the images."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Identity()

    def forward(self, x):
        x = self.again(self.again(self.c1(x)) / 2)
        while x.abs().max() > 0.1:
            x = self.again(x / 2)
        return self.head(x.mean((2, 3)))


class ImageByImage(Plain):
    """How often its modules run depends on how many images there are."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Identity()

    def forward(self, x):
        return torch.cat([super(ImageByImage, self).forward(self.again(one[None])) for one in x])


class MonteCarlo(Plain):
    """Draws random numbers in evaluation mode, too."""

    def forward(self, x):
        return self.head(F.dropout(self.features(x), 0.5, training=True))


class TimeFirst(Plain):
    """What it has inside, and its logits unless ``mean``, are (T, B, C)."""

    def __init__(self, mean: bool = True) -> None:
        super().__init__()
        self.mean, self.block = mean, nn.GRU(8, 8)

    def forward(self, x):
        rows = self.block(self.c1(x).mean(3).permute(2, 0, 1))[0]
        return self.head(rows.mean(0) if self.mean else rows)


class Detached(Plain):
    def forward(self, x):
        return super().forward(x).detach()


class Checkpointed(Moody):
    reentrant = False

    def forward(self, x):
        return torch.utils.checkpoint.checkpoint(super().forward, x, use_reentrant=self.reentrant)


class Remembers(Plain):
    """Keeps what it saw, with all of its history."""

    seen = 0.0

    def forward(self, x):
        self.seen = self.seen + self.features(x)
        return self.head(self.seen)


class Fixed(nn.Module):
    """Takes one size, and says no word about it."""

    def __init__(self, side) -> None:
        super().__init__()
        self.fc = nn.Linear(3 * side * side, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


@dataclass
class Output:
    logits: torch.Tensor
    hidden: torch.Tensor


@dataclass(slots=True)
class Slots:
    scores: torch.Tensor
    hidden: torch.Tensor


class Property:
    def __init__(self, hidden, answer) -> None:
        self.hidden, self._answer = hidden, answer

    @property
    def logits(self):
        return self._answer


class Answers(Plain):
    """Gives its logits as libraries do: in a tuple, a dict, an object."""

    def __init__(self, how) -> None:
        super().__init__()
        self.how = how

    def forward(self, x):
        f = self.features(x)
        return self.how(self.head(f), f)


def pruned() -> nn.Module:
    core = Plain()
    prune.l1_unstructured(core.c1, "weight", 0.3)
    return core


def old_weight_norm() -> nn.Module:
    core = Plain()
    core.c1 = torch.nn.utils.weight_norm(core.c1)
    return core


def parametrized() -> nn.Module:
    core = Plain()
    core.c1 = parametrizations.weight_norm(core.c1)
    return core


def hooked() -> nn.Module:
    """A leaf and a block with hooks of their owner's."""
    core = nn.Sequential(Plain())
    core[0].c2.register_forward_hook(lambda m, i, out: out * torch.tensor([1.0, 0, 1, 1, 1, 0, 1, 1]).view(1, 8, 1, 1))
    core[0].register_forward_hook(lambda m, i, out: out + 1)
    return core


def replaced_forward() -> nn.Module:
    core = Plain()
    core.c2.forward = lambda x: nn.Conv2d.forward(core.c2, x).abs()
    return core


class Quantized(torch.Tensor):
    """Weights that cannot be cut, as those of quantized networks."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is torch.Tensor.__getitem__:
            raise NotImplementedError("aten.index")
        if function.__name__ in ("detach", "requires_grad_"):
            return super().__torch_function__(function, types, args)
        args = [one.as_subclass(torch.Tensor) if isinstance(one, cls) else one for one in args]
        return function(*args, **kwargs or {})


def quantized() -> nn.Module:
    core = Plain()
    for module in (core.c1, core.c2, core.head):
        module.weight = nn.Parameter(module.weight.detach().as_subclass(Quantized), requires_grad=False)
    return core


def sparse() -> nn.Module:
    core = Plain()
    core.head.weight = nn.Parameter(core.head.weight.detach().to_sparse_csr(), requires_grad=False)
    return core


def tiling() -> nn.Module:
    """A convolution whose inside was replaced, as tilings of pictures do."""
    core = Plain()
    core.c2._conv_forward = lambda x, weight, bias: F.conv2d(x, weight, bias) * weight.mean()
    return core


def parallel() -> nn.Module:
    return nn.DataParallel(Plain())


def scripted() -> nn.Module:
    layers = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)]
    return torch.jit.script(nn.Sequential(*layers))


OF_READERS = [
    *(Plain, AuxiliaryHead, SoftmaxLast, SizeLast, InPlaceFunction, InPlaceModule, Twice, Moody, Asserts, Branches),
    *(
        ReluInside,
        Catches,
        Keeps,
        Tokens,
        Recurrent,
        Attentive,
        TwoNames,
        pruned,
        old_weight_norm,
        parametrized,
        hooked,
        replaced_forward,
        parallel,
    ),
]
