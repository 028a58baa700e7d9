"""Small random networks for the probes: they answer in microseconds, and note what they are asked."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from ..core import Wrong


@dataclass
class Log:
    """What a network was asked. A copy of the network writes into the same log."""

    inputs: list[Tensor] = field(default_factory=list)
    training: list[bool] = field(default_factory=list)

    def __deepcopy__(self, memo: dict) -> Log:
        return self


class Watched(nn.Module):
    """A network that notes every input, and whether any part of it was in training mode then."""

    def __init__(self, core: nn.Module, log: Log):
        super().__init__()
        self.core, self.log = core, log

    def forward(self, x: Tensor) -> Tensor:
        self.log.inputs.append(x.detach().clone())
        self.log.training.append(any(module.training for module in self.modules()))
        return self.core(x)


def moody_network(seed: int, classes: int) -> nn.Sequential:
    """Images (B, 3, H, W) -> logits (B, classes), with dropout and moving averages; in training mode, not frozen."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8),
            nn.Softplus(),
            nn.Dropout(0.5),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, classes),
        )
        with torch.no_grad():
            network[1].running_mean.normal_(0, 0.3)
            network[1].running_var.uniform_(0.3, 1.5)
            network[6].weight.mul_(3)
    return network


def dice(seed: int) -> random.Random:
    """Random sizes and settings from a seed."""
    return random.Random(9973 * seed + 17)


def left(network: nn.Module) -> dict:
    """What is to be seen of a network afterward: its weights, where gradients were left, and in which mode it is."""
    return {
        "state": {name: value.detach().clone() for name, value in network.state_dict().items()},
        "piles": [name for name, p in network.named_parameters() if p.grad is not None and bool(p.grad.any())],
        "training": [module.training for module in network.modules()],
    }


def followed(x: Tensor) -> bool:
    """Whether somebody is going to take a gradient with respect to x, by whichever of PyTorch's ways."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(x)
    return bool(x.requires_grad or wrapped or forward_ad.unpack_dual(x).tangent is not None)


KNOWN_ERRORS = {
    "does not require grad and does not have a grad_fn": "no gradient reaches the image: is it detached from the "
    "graph, or did it never require a gradient? What is fed to the network must be the very leaf that the "
    "optimizer holds",
    "can't optimize a non-leaf": "the optimizer wants a leaf, and this x was computed from something: start with "
    "x = start.detach().clone().requires_grad_(True), or nn.Parameter(start.clone())",
    "is being used in an in-place operation": "x was changed in place while autograd was watching: leave the step to "
    "the optimizer, or do it within torch.no_grad()",
    "backward through the graph a second time": "the score belongs to an earlier step whose graph is gone: compute "
    "network(x) anew inside the loop",
    "cannot be converted to Scalar": "item() gives one number, and here there is one score for each image of the "
    "batch: keep them all, score.detach()",
    "grad can be implicitly created only for scalar outputs": "backward() wants one number, and the score has one for "
    "each image: take its sum",
}


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Say in the book's words what PyTorch says in its own."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        for said, meant in KNOWN_ERRORS.items():
            if said in str(error):
                raise Wrong(f"{meant} (PyTorch says: {str(error).split(chr(10))[0]})") from error
        raise
