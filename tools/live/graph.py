"""Write an ONNX graph by hand: names of values go in, the name of a new value comes out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, checker, helper, numpy_helper

OPSET, IR_VERSION = 18, 9  # old enough for onnxruntime-web and for the onnxruntime of Python 3.10


class Graph:
    """A graph that grows by being called: ``y = graph("Relu", x)``."""

    def __init__(self, half: bool = False):
        self.half = half  # store weights as float16: half the bytes to fetch
        self.shapes: dict[str, tuple[int, ...]] = {}  # the traced shape of each value of the network, by its name
        self._nodes, self._constants, self._inputs, self._outputs = [], [], [], []
        self._count = itertools.count()

    def __call__(self, kind: str, *values, outputs: int = 1, **attributes):
        """Add a node; a value that is no name becomes a constant, ``None`` an input left out."""
        given = [value if isinstance(value, str) else self.constant(value) for value in values]
        stem = f"{kind.lower()}_{next(self._count)}"
        made = [stem + (f"_{k}" if k else "") for k in range(outputs)]
        self._nodes.append(helper.make_node(kind, given, made, **attributes))
        return made[0] if outputs == 1 else made

    def when(self, condition: str, then: Callable[[], str], otherwise: str) -> str:
        """The float value that ``then`` adds nodes for, where a condition holds; else another. Only one is computed."""
        branches = {"then_branch": self._branch(then), "else_branch": self._branch(lambda: otherwise)}
        return self("If", condition, **branches)

    def _branch(self, make: Callable[[], str]) -> GraphProto:
        """A graph within the graph, of what a function adds."""
        outer, self._nodes = self._nodes, []
        made = self("Identity", make())
        inner, self._nodes = self._nodes, outer
        return helper.make_graph(inner, made, [], [helper.make_tensor_value_info(made, TensorProto.FLOAT, None)])

    def constant(self, value) -> str:
        """A number, a list of numbers or an array, as int64 or float32."""
        if value is None:
            return ""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
        return self._store(array, f"constant_{len(self._constants)}")

    def weight(self, array: np.ndarray, name: str) -> str:
        """A weight of the network, float32 in the graph and, if ``half``, float16 in the file."""
        if not self.half:
            return self._store(array.astype(np.float32), name)
        return self("Cast", self._store(array.astype(np.float16), name), to=TensorProto.FLOAT)

    def _store(self, array: np.ndarray, name: str) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def input(self, name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> str:
        """An input, float32 by default; a side that may vary has a name instead of a number."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, value: str, name: str, shape: Sequence[int | str]) -> None:
        """Give a value to whoever runs the graph, under a name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def model(self, name: str) -> ModelProto:
        """The finished graph, checked."""
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="helpers")
        checker.check_model(model, full_check=True)
        return model
