"""From a network of the book to one ONNX graph: an image and what is wanted of it in, its score and gradient out.

The network's own forward is traced (``torch.export``) and written down operation by operation; each has a rule that
also knows its way back (``rules``). What is wanted is an input of the graph, so that one graph serves every objective:

- ``image`` (1, 3, H, W), of any size and values; ``mean`` (3,) and ``std`` (3,) normalize it;
- ``logits_weight`` (classes,): the score adds logits · weight;
- ``rivals_weight``, a number: the score loses it times the mean of the 5 largest logits whose weight is 0;
- ``<layer>_weight`` (C,) for each named layer: the score adds weight · the mean of each of its maps;
- ``<layer>_square``, a number: the score adds it times the mean square of the layer (Deep Dream);
- ``<layer>_wanted``, yes or no: where it is no, weight and square count as 0, and cost nothing.

Out come ``logits`` (1, classes), ``score`` (1,) and ``gradient`` (1, 3, H, W) = ∂score/∂image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from onnx import ModelProto, TensorProto
from torch import nn

from .graph import Graph
from .rules import RULES, places

Gradient = Callable[[str | None], str]  # from ∂s/∂y that came from above, if any did, to the whole of it
RIVALS = 5  # as many as ``class_margin`` has


def ascent_graph(network, layers: Mapping[str, str], logits: bool = True, half: bool = False) -> ModelProto:
    """The graph of one step uphill, of a network of the book: frozen, in ``eval()``.

    ``layers`` are those that may be wanted, by the names that the inputs get, with their paths in ``network.core``.
    Without ``logits`` no classes may be wanted, and the graph ends with the last of the layers. ``half`` stores the
    weights as float16.
    """
    graph = Graph(half)
    image = graph.input("image", [1, 3, "H", "W"])
    mean, std = (graph("Reshape", graph.input(name, [3]), [1, 3, 1, 1]) for name in ("mean", "std"))
    end = "" if logits else [*layers.values()][-1]
    tape = Tape(graph, network.core, graph("Div", graph("Sub", image, mean), std), end=end)
    terms = {tape.after(path): wanted_of_layer(graph, tape.after(path), name) for name, path in layers.items()}
    if logits:
        terms[tape.last] = wanted_of_logits(graph, tape.last)
        graph.output(tape.last, "logits", graph.shapes[tape.last])
    graph.output(add_all(graph, [score for score, _ in terms.values()]), "score", [1])
    gradient = tape.back({value: gradient for value, (_, gradient) in terms.items()})
    graph.output(graph("Div", gradient, std), "gradient", [1, 3, "H", "W"])
    return graph.model(network.name)


def forward_graph(network, size: int = 224, half: bool = False) -> ModelProto:
    """The network alone: ``image`` (1, 3, size, size), RGB in [0, 1], to ``logits`` (1, classes)."""
    graph = Graph(half)
    image = graph.input("image", [1, 3, size, size])
    mean, std = (graph.constant(values.numpy()) for values in (network.mean, network.std))
    tape = Tape(graph, network.core, graph("Div", graph("Sub", image, mean), std), size)
    graph.output(tape.last, "logits", graph.shapes[tape.last])
    return graph.model(network.name)


class Tape:
    """A bare network's forward, written into a graph from the normalized input ``x`` on, and the way back along it.

    It stops after the module at the path ``end``, if there is one; ``size`` is the side of the image that the network
    is traced with, and only the sizes of frames depend on it.
    """

    def __init__(self, graph: Graph, core: nn.Module, x: str, size: int = 224, end: str = ""):
        traced = torch.export.export(core, (torch.zeros(1, 3, size, size),))
        weights = traced.graph_signature.inputs_to_parameters | traced.graph_signature.inputs_to_buffers
        nodes = [node for node in traced.graph.nodes if node.op == "call_function"]
        values = {node: x for node in traced.graph.nodes if node.name in traced.graph_signature.user_inputs}

        def value_of(argument):
            if isinstance(argument, (list, tuple)):
                return [value_of(part) for part in argument]
            if isinstance(argument, torch.fx.Node) and argument not in values:
                name = weights[argument.name]
                values[argument] = graph.weight(traced.state_dict[name].numpy(), name)
            return values[argument] if isinstance(argument, torch.fx.Node) else argument

        self.graph, self.input, self.steps, self._after = graph, x, [], {}
        graph.shapes[x] = (1, 3, size, size)
        for node in nodes[: 1 + max(i for i, node in enumerate(nodes) if not end or end in paths_of(node))]:
            y, backward = rule_of(node)(graph, *map(value_of, node.args), **node.kwargs)
            graph.shapes[y] = tuple(node.meta["val"].shape)
            values[node] = self.last = y  # in the end the value of the last operation
            self._after |= dict.fromkeys(paths_of(node), y)
            inputs = [values[part] for part in tensors_of(node) if part.name not in weights]
            if y not in inputs:  # as dropout's, which does nothing
                self.steps.append((y, inputs, backward))

    def after(self, path: str) -> str:
        """The value that a module of the network ends with."""
        return self._after[path]

    def back(self, terms: Mapping[str, Gradient]) -> str:
        """∂s/∂x of the tape's input, from the values that s is made of: each adds its own to what came from above."""
        found: dict[str, list[str]] = {}

        def whole(y: str) -> str | None:
            above = add_all(self.graph, found[y]) if y in found else None
            return terms[y](above) if y in terms else above

        for y, inputs, backward in reversed(self.steps):
            g = whole(y)
            if g:
                for value, gradient in zip(inputs, backward(g), strict=True):
                    found.setdefault(value, []).append(gradient)
        return whole(self.input)


def paths_of(node: torch.fx.Node) -> list[str]:
    """The modules that an operation is part of, by their paths, from the outermost inward."""
    return [path for path, _ in node.meta.get("nn_module_stack", {}).values()]


def tensors_of(node: torch.fx.Node) -> list[torch.fx.Node]:
    """The tensors among an operation's arguments, lists opened."""
    opened = [part for a in node.args for part in (a if isinstance(a, (list, tuple)) else [a])]
    return [part for part in opened if isinstance(part, torch.fx.Node)]


def rule_of(node: torch.fx.Node):
    """The rule of a traced operation, or a word on what has none."""
    name = node.target.name().removeprefix("aten::").split(".")[0]
    if name not in RULES:
        raise NotImplementedError(f"no rule for {name!r}, so no way back through it; there are {', '.join(RULES)}")
    return RULES[name]


def wanted_of_layer(graph: Graph, a: str, name: str) -> tuple[str, Gradient]:
    """s = w · mean(a) + q · mean(a²) of a layer (1, C, H, W), and ∂s/∂a = w / HW + 2 q a / CHW.

    Most layers are not wanted, and their sums would be a tenth of a step: hence the branches.
    """
    channels = graph.shapes[a][1]
    weight, square = graph.input(f"{name}_weight", [channels]), graph.input(f"{name}_square", [])
    wanted = graph.input(f"{name}_wanted", [], TensorProto.BOOL)

    def score() -> str:
        means, squares = (graph("ReduceMean", values, [0, 2, 3], keepdims=0) for values in (a, graph("Mul", a, a)))
        by_map = graph("ReduceSum", graph("Mul", means, weight))
        by_square = graph("Mul", graph("ReduceMean", squares), square)
        return graph("Add", graph("Reshape", by_map, [1]), graph("Reshape", by_square, [1]))

    def gradient(above: str | None) -> str:
        n = places(graph, a)
        of_map = graph("Reshape", graph("Div", weight, n), [1, channels, 1, 1])
        of_square = graph("Mul", a, graph("Div", graph("Mul", square, 2 / channels), n))
        return add_all(graph, [graph("Add", of_square, of_map), *([above] if above else [])])

    def with_it(above: str | None) -> str:
        return graph.when(wanted, lambda: gradient(above), above) if above else gradient(above)

    return graph.when(wanted, score, graph.constant([0.0])), with_it


def wanted_of_logits(graph: Graph, logits: str) -> tuple[str, Gradient]:
    """s = w · logits − v · the mean of the largest 5 whose weight is 0, and ∂s/∂logits = w − v / 5 at those."""
    classes = graph.shapes[logits][1]
    weight, rivals = graph.input("logits_weight", [classes]), graph.input("rivals_weight", [])
    others = graph("Where", graph("Equal", weight, 0.0), logits, -3e38)
    largest, at = graph("TopK", others, [RIVALS], outputs=2)
    share = graph("Div", rivals, float(RIVALS))
    wanted = graph("ReduceSum", graph("Mul", logits, weight))
    score = graph("Sub", wanted, graph("Mul", share, graph("ReduceSum", largest)))
    row = graph("Unsqueeze", weight, [0])
    loss = graph("ScatterElements", graph("Mul", row, 0.0), at, graph("Expand", share, graph("Shape", at)), axis=1)
    return graph("Reshape", score, [1]), lambda above: graph("Sub", row, loss)


def add_all(graph: Graph, values: list[str]) -> str:
    """The sum of one or more values."""
    return values[0] if len(values) == 1 else graph("Sum", *values)
