"""How each operation of a network runs forward, and how a gradient goes back through it.

A rule takes the graph and what PyTorch's operation takes, adds the forward nodes, and returns their value y with a
function from g = ∂s/∂y to the gradients of the operation's tensor inputs, in order, for whatever score s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnx import TensorProto

from .graph import Graph

Backward = Callable[[str], Sequence[str]]
RULES: dict[str, Callable[..., tuple[str, Backward]]] = {}


def rule(*names: str):
    """Make a function the rule of these operations of ``torch.ops.aten``."""

    def enter(function):
        RULES.update(dict.fromkeys(names, function))
        return function

    return enter


def places(graph: Graph, x: str) -> str:
    """How many places a map of x has, H·W, as a float."""
    return graph("Cast", graph("ReduceProd", graph("Shape", x, start=2), keepdims=0), to=TensorProto.FLOAT)


@rule("conv2d")
def convolution(graph: Graph, x, weight, bias=None, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """y = W ∗ x + b is linear in x: g goes back through the transpose, Wᵀ ∗ g. Pixels no window reaches get 0."""
    window = dict(strides=stride, dilations=dilation, group=groups)
    y = graph("Conv", x, weight, bias, pads=[*padding, *padding], **window)

    def backward(g: str) -> list[str]:
        if max(stride) == 1:
            return [graph("ConvTranspose", g, weight, pads=[*padding, *padding], **window)]
        back = graph("ConvTranspose", g, weight, pads=[*padding, 0, 0], **window)
        more = graph("Sub", graph("Shape", x), graph("Shape", back))  # fewer, where windows end outside of x
        return [graph("Pad", back, graph("Concat", graph.constant([0, 0, 0, 0]), more, axis=0))]

    return y, backward


@rule("linear")
def linear(graph: Graph, x, weight, bias=None):
    """y = x Wᵀ + b; back, g W."""
    return graph("Gemm", x, weight, bias, transB=1), lambda g: [graph("MatMul", g, weight)]


@rule("relu", "relu_")
def relu(graph: Graph, x):
    """y = max(x, 0); g passes where y > 0, which is where its sign is 1 and not 0."""
    y = graph("Relu", x)
    return y, lambda g: [graph("Mul", g, graph("Sign", y))]


@rule("hardtanh", "hardtanh_")
def clip(graph: Graph, x, low=-1.0, high=1.0):
    """y = min(max(x, low), high), as in ReLU6; g passes where low < y < high."""
    y = graph("Clip", x, float(low), float(high))

    def backward(g: str) -> list[str]:
        inside = graph("And", graph("Greater", y, float(low)), graph("Less", y, float(high)))
        return [graph("Mul", g, graph("Cast", inside, to=TensorProto.FLOAT))]

    return y, backward


@rule("max_pool2d")
def max_pool(graph: Graph, x, kernel, stride=None, padding=(0, 0), dilation=(1, 1), ceil_mode=False):
    """y is the largest of each window; g goes to where it was, added up where windows overlap."""
    window = dict(kernel_shape=kernel, strides=stride or kernel, pads=[*padding, *padding], dilations=dilation)
    y, at = graph("MaxPool", x, outputs=2, ceil_mode=int(ceil_mode), **window)

    def backward(g: str) -> list[str]:
        zeros = graph("ConstantOfShape", graph("Reshape", graph("Size", x), [1]))
        flat = [graph("Reshape", value, [-1]) for value in (at, g)]
        return [graph("Reshape", graph("ScatterElements", zeros, *flat, reduction="add"), graph("Shape", x))]

    return y, backward


@rule("adaptive_avg_pool2d")
def average(graph: Graph, x, size):
    """y is the mean of each map; each place gets g / (H·W)."""
    if list(size) != [1, 1]:
        raise NotImplementedError(f"adaptive average pooling is known to 1×1 alone, got {tuple(size)}")
    y = graph("ReduceMean", x, [2, 3])
    return y, lambda g: [graph("Expand", graph("Div", g, places(graph, x)), graph("Shape", x))]


@rule("mean")
def mean(graph: Graph, x, dim, keepdim=False):
    """The mean of each map, its two sides dropped or kept."""
    if sorted(dim) not in ([2, 3], [-2, -1]):
        raise NotImplementedError(f"a mean is known over a map's height and width alone, got dim={dim}")
    y, backward = average(graph, x, [1, 1])
    if keepdim:
        return y, backward
    return graph("Squeeze", y, [2, 3]), lambda g: backward(graph("Unsqueeze", g, [2, 3]))


@rule("cat")
def concatenate(graph: Graph, parts, dim=0):
    """y lays the parts side by side; each gets its own piece of g."""
    sizes = [graph.shapes[part][dim] for part in parts]
    return graph("Concat", *parts, axis=dim), lambda g: graph("Split", g, sizes, outputs=len(parts), axis=dim)


@rule("add")
def add(graph: Graph, x, other):
    """y = x + z; g goes to both."""
    return graph("Add", x, other), lambda g: [g, g]


@rule("pad")
def pad(graph: Graph, x, sides, mode="constant", value=None):
    """y is x in a frame of zeros, (left, right, top, bottom); the frame of g is cut off."""
    if mode != "constant" or value or len(sides) != 4:
        raise NotImplementedError(f"a frame of zeros around maps is known, got mode={mode!r}, value={value}, {sides}")
    left, right, top, bottom = sides
    frame = [0, 0, top, left, 0, 0, bottom, right]
    return graph("Pad", x, frame), lambda g: [graph("Pad", g, [-n for n in frame])]


@rule("flatten")
def flatten(graph: Graph, x, first=0, last=-1):
    """y has the numbers of x in one row an image; back in their old shape."""
    if (first, last) != (1, -1):
        raise NotImplementedError(f"flattening is known from dimension 1 to the last, got {first} to {last}")
    return graph("Flatten", x, axis=1), lambda g: [graph("Reshape", g, graph("Shape", x))]


@rule("dropout")
def dropout(graph: Graph, x, p, train):
    """Nothing, since a network that is looked at is in ``eval()``."""
    if train:
        raise ValueError("this network drops units at random: call eval() before it is traced")
    return x, lambda g: [g]
