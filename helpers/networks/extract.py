"""Running no more of a network than is looked at: nothing behind a layer, and no channel beside the ones wanted."""

from __future__ import annotations

import copy
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from .efficientnet_lite import SameConv2d

TRACING = {"leaf_modules": [SameConv2d]}  # its padding depends on the image's size, so it is not traced into
EACH_BY_ITSELF = (nn.ReLU, nn.ReLU6, nn.Dropout, nn.Identity, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


@dataclass(frozen=True)
class Want:
    """What is looked at: a layer, or one channel of it (chapter 5).

    Attributes:
        layer: its name.
        channel: the channel's index; ``None`` for all.
    """

    layer: str
    channel: int | None = None

    @classmethod
    def of(cls, words: str) -> Want:
        """From ``"fire3"`` or, for channel 5 alone, ``"fire3[5]"``."""
        found = re.fullmatch(r"(.+)\[(\d+)\]", words)
        return cls(found[1], int(found[2])) if found else cls(words)

    def __str__(self) -> str:
        return self.layer if self.channel is None else f"{self.layer}[{self.channel}]"

    def find(self, activations: Mapping[str, Tensor]) -> Tensor:
        """It alone, (B, 1, …) for a channel, among activations that may hold it or all of its layer."""
        found = activations.get(str(self))
        return activations[self.layer][:, self.channel, None] if found is None else found


def node_names(core: nn.Module) -> list[str]:
    """The names of all that a network does, in order."""
    return get_graph_node_names(core, TRACING, suppress_diff_warning=True)[1]


def can_be_traced(core: nn.Module) -> bool:
    """Whether a network can be cut at all: one that branches on its input cannot."""
    try:
        return bool(node_names(core))
    except Exception:  # whatever the network's own code raises when it meets a stand-in for a tensor
        return False


class Whole(nn.Module):
    """A network uncut, as a module from an input to ``{str(want): logits}``."""

    def __init__(self, core: nn.Module, wants: Sequence[Want]):
        super().__init__()
        self.core, self.wants = core, list(wants)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        logits = self.core(x)
        return {str(w): logits if w.channel is None else logits[:, w.channel, None] for w in self.wants}


def cut(core: nn.Module, wants: Mapping[Want, str], narrow: bool = True) -> nn.Module:
    """The part of a network that some layers need, as a module from an input to ``{str(want): activation}``.

    Args:
        core: a frozen network.
        wants: what is looked at, and the name of the node that makes it.
        narrow: whether to leave out the channels that nobody looks at, too.
    """
    nodes = {node: node for node in wants.values()}
    part = create_feature_extractor(core, nodes, tracer_kwargs=TRACING, suppress_diff_warning=True)
    part.train(core.training)
    places = {node: _leave_only(part, node, wants) if narrow else None for node in nodes}
    part.graph.eliminate_dead_code()
    part.recompile()
    part.delete_all_unused_submodules()
    return _Pick(part, wants, places)


class _Pick(nn.Module):
    """The channels wanted, out of what a part of a network gives."""

    def __init__(self, part: nn.Module, wants: Mapping[Want, str], places: Mapping[str, Sequence[int] | None]):
        super().__init__()
        self.part, self.wants = part, []
        for want, node in wants.items():
            there = places[node]
            self.wants.append((str(want), node, want.channel if there is None else there.index(want.channel)))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        found = self.part(x)
        return {words: found[node] if at is None else found[node][:, at, None] for words, node, at in self.wants}


def _leave_only(part: fx.GraphModule, name: str, wants: Mapping[Want, str]) -> list[int] | None:
    """Let a node make only the channels wanted. Returns them in its new order, or ``None`` if it makes all."""
    channels = {want.channel for want, node in wants.items() if node == name}
    if None in channels:
        return None
    output = next(node for node in part.graph.nodes if node.op == "output")
    try:
        edits = _plan(part, output.args[0][name], sorted(channels))
    except _CannotNarrow:
        return None
    for edit in edits:
        edit()
    return sorted(channels)


class _CannotNarrow(Exception):
    """Somebody else needs the other channels, or they are mixed on the way."""


def _plan(part: fx.GraphModule, node: fx.Node, channels: list[int]) -> list[Callable[[], None]]:
    """What to do so that ``node`` makes only these channels: backward to the convolutions that they come from."""
    if len(node.users) != 1:
        raise _CannotNarrow
    module = part.get_submodule(node.target) if node.op == "call_module" else None
    if isinstance(module, EACH_BY_ITSELF) or _flattens_single_pixels(part, node):
        return _plan(part, node.args[0], channels)
    if _makes_each_anew(module) and [n.target for n in part.graph.nodes].count(node.target) == 1:
        return [lambda: part.add_submodule(node.target, _few_outputs(module, channels))]
    if node.target is torch.cat and _dimension(node) == 1:
        return _plan_cat(part, node, channels)
    raise _CannotNarrow


def _plan_cat(part: fx.GraphModule, node: fx.Node, channels: list[int]) -> list[Callable[[], None]]:
    edits, kept, first = [], [], 0
    for branch in node.args[0]:
        behind = first + _width(part, branch)
        inside = [k - first for k in channels if first <= k < behind]
        if inside:
            edits += _plan(part, branch, inside)
            kept.append(branch)
        first = behind
    rest = node.args[1:]
    return [*edits, lambda: setattr(node, "args", (kept, *rest))]


def _width(part: fx.GraphModule, node: fx.Node) -> int:
    """How many channels a node makes."""
    module = part.get_submodule(node.target) if node.op == "call_module" else None
    if isinstance(module, EACH_BY_ITSELF):
        return _width(part, node.args[0])
    if isinstance(module, nn.Conv2d):
        return module.out_channels
    raise _CannotNarrow


def _makes_each_anew(module: nn.Module | None) -> bool:
    """Whether each of a module's channels has weights of its own, over all that comes in."""
    return isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)


def _dimension(node: fx.Node) -> int:
    return node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)


def _flattens_single_pixels(part: fx.GraphModule, node: fx.Node) -> bool:
    """Whether a node turns (B, C, 1, 1) into (B, C)."""
    if node.target is not torch.flatten or node.args[0].op != "call_module":
        return False
    before = part.get_submodule(node.args[0].target)
    return isinstance(before, nn.AdaptiveAvgPool2d) and before.output_size in (1, (1, 1))


def _few_outputs(module: nn.Conv2d | nn.Linear, channels: Sequence[int]) -> nn.Module:
    """A stand-in for a convolution or a fully connected layer that makes only some of its channels."""
    few = copy.copy(module)
    few._parameters, few._forward_pre_hooks = {}, OrderedDict()  # its own: the network keeps what it has
    index = torch.tensor(channels, device=module.weight.device)

    def take_weights(few: nn.Module, _: tuple) -> None:  # at every call, since they may have changed
        weight = module.weight.detach()[index]
        if weight.dim() == 4 and module.weight.is_contiguous(memory_format=torch.channels_last):
            weight = weight.contiguous(memory_format=torch.channels_last)
        few.weight, few.bias = weight, None if module.bias is None else module.bias.detach()[index]

    few.register_forward_pre_hook(take_weights)
    setattr(few, "out_channels" if isinstance(module, nn.Conv2d) else "out_features", len(channels))
    return few
