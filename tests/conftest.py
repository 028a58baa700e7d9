"""What all unit tests share: the book's own pace, whatever the shell says."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers import Network, load_network

# A worker takes a file at a time: those that last longest come first, or one of them is still running when all else
# is done.
LONGEST = ("test_climb", "test_pages", "test_grading", "test_cluster", "test_assignments", "test_checks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files, not the tests within one."""
    items.sort(key=lambda item: [*LONGEST, item.path.stem].index(item.path.stem))


@pytest.fixture(autouse=True)
def ordinary_mode(monkeypatch):
    """Unit tests see neither fast nor quiet mode, nor a preferred network, unless they ask for it themselves."""
    for variable in ("POMERANIAN_FAST", "POMERANIAN_QUIET", "POMERANIAN_NETWORK"):
        monkeypatch.delenv(variable, raising=False)


class Small(nn.Module):
    """A network of 4 classes that needs no weights: two convolutions, then a mean over each map."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Conv2d(5, 4, 3, padding=1)

    def forward(self, x):
        return self.last(self.dropout(self.relu(self.first(x)))).mean(dim=(2, 3))


@pytest.fixture
def small() -> Network:
    """A ``Network`` of random weights, the same in every test."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        core = Small().eval().requires_grad_(False)
    classes = ["cat", "dog", "Pomeranian", "crane"]
    return Network(core, "small", "Small", classes, mean=(0.5,) * 3, std=(0.25,) * 3, code="small")


@pytest.fixture(scope="session")
def squeezenet() -> Network:
    """SqueezeNet 1.1 with its ImageNet weights."""
    return load_network("squeezenet1_1")


@pytest.fixture(scope="session")
def convolutions() -> Network:
    """VGG16's 13 convolutions with their ImageNet weights."""
    return load_network("vgg16", classifier=False)
