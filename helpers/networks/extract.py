"""Running a network as it is, and taking what its layers give on the way (derived in chapter 5).

Nothing is traced, copied or rewritten: the network's own ``forward`` runs, hooks take what is wanted, and the last of
them ends the pass.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as of_all_modules
from torch.utils.hooks import RemovableHandle

PASSES = threading.RLock()  # hooks and modes belong to the modules: one pass at a time, whatever the thread
DIMENSIONS = {nn.Conv2d: (4,), nn.Linear: (2, 3)}  # of inputs from which one channel can be made alone


class Place(NamedTuple):
    """Where in a network something is taken."""

    path: str  # of a module
    use: int | None = None  # which of its uses in one pass, from 0; `None` for the last
    channel: int | None = None  # of one channel alone; `None` for all


class _Enough(BaseException):
    """All that a pass wants has been seen. Not an ``Exception``, which a network's own code might catch."""


class Pass:
    """One run of a network's ``forward``, as far as the last of the places that are wanted inside of it.

    ``uses`` tells how often a pass runs each module (``count_uses``). If ``whole``, it runs to its end, for its own
    output at ``Place("")``. Once it is over, hooks that it left on copies of the modules do nothing.
    """

    def __init__(self, core: nn.Module, places: Collection[Place], uses: Mapping[str, int], whole: bool = False):
        self.core, self.places, self.uses, self.whole = core, places, uses, whole
        self.seen: Counter[str] = Counter()
        self.found: dict[Place, Any] = {}
        self.over: set[str] = set()  # paths that will not come again
        self.thread: int | None = threading.get_ident()  # whose passes through the modules are looked at

    def run(self, x: Tensor) -> dict[Place, Any]:
        """What each place gives for an input; a place that the network does not come to is missing."""
        with removed() as hooks, uncompiled() if self.places else contextlib.nullcontext():
            for path in {place.path for place in self.places}:
                here = [p for p in self.places if p.path == path]
                module = reduce(getattr, path.split("."), self.core)  # a scripted network has no get_submodule
                if isinstance(module, torch.jit.ScriptModule):  # runs no hooks
                    continue
                if self.uses[path] == 1 and all(p.channel is not None for p in here) and makes_each_alone(module):
                    hooks.append(module.register_forward_pre_hook(self._make_few(here)))
                hooks.append(module.register_forward_hook(self._take(here)))
                around = path.rpartition(".")[0]
                if self.uses[path] > 1 and self.uses[around] == 1:
                    block = reduce(getattr, around.split("."), self.core)
                    hooks.append(block.register_forward_hook(self._end(path)))
            if not self.places:
                return {Place(""): own_forward(self.core)(x)} if self.whole else {}
            try:
                self.found[Place("")] = own_forward(self.core)(x)
            except _Enough as end:
                if end.args != (self,):  # another's, in which this network stands
                    raise
            except Exception:  # of a classifier of one size, which stands behind all that is wanted
                if self.whole or any(self.seen[p.path] < max(self.uses[p.path], 1) for p in self.places):
                    raise
            finally:
                self.thread = None
        return self.found

    def _enough(self) -> None:
        """End the pass. Should the network's own code catch that, what it does then is not looked at."""
        self.thread = None
        raise _Enough(self)

    def _left(self) -> set[Place]:
        """The places that are still to come, or may come again: how long a loop runs is up to the images."""
        often = {p.path: math.inf if self.uses[p.path] > 1 else 1 for p in self.places} | dict.fromkeys(self.over, 0)
        return {p for p in self.places if self.seen[p.path] < (often[p.path] if p.use is None else p.use + 1)}

    def _take(self, here: list[Place]) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if threading.get_ident() != self.thread:  # somebody else runs the same module
                return
            given = first_of(output)
            fresh = {p: channel_of(given, p.channel) for p in here if p.use in (None, self.seen[p.path])}
            self.seen[here[0].path] += 1
            self.found |= fresh
            if not self.whole and not self._left():
                self._enough()
            # What comes next may write over it in place.
            self.found |= {p: taken.clone() if isinstance(taken, Tensor) else taken for p, taken in fresh.items()}

        return hook

    def _end(self, path: str) -> Any:
        """For the one pass through the module around a path: what ran there as often as was counted is over."""

        def hook(*_: Any) -> None:
            if threading.get_ident() == self.thread and self.seen[path] >= self.uses[path]:
                self.over.add(path)
                if not self.whole and not self._left():
                    self._enough()

        return hook

    def _make_few(self, here: list[Place]) -> Any:
        def hook(module: nn.Conv2d | nn.Linear, inputs: tuple) -> None:
            alone = not self.whole and self._left() == set(here)
            fits = len(inputs) == 1 and inputs[0].dim() in DIMENSIONS[type(module)]
            fits = fits and all(0 <= p.channel < len(module.weight) for p in here)
            if threading.get_ident() == self.thread and alone and fits:
                few = few_channels(module, inputs[0], [p.channel for p in here])
                self.found |= {p: channel_of(few, i) for i, p in enumerate(here)}
                self._enough()

        return hook


def count_uses(core: nn.Module, x: Tensor) -> Counter[str]:
    """How often a pass runs each module, by each of its paths."""
    uses, me = Counter(), threading.get_ident()

    def counting(path: str) -> Any:
        return lambda *_: uses.update([path] if threading.get_ident() == me else [])

    with removed() as hooks, uncompiled():
        for path, module in core.named_modules(remove_duplicate=False):
            if path and not isinstance(module, torch.jit.ScriptModule):
                hooks.append(module.register_forward_hook(counting(path)))
        own_forward(core)(x)
    return uses


def first_of(output: Any) -> Any:
    """What a module gives, or the first of several things: ``LSTM`` and ``MultiheadAttention`` give a tuple."""
    return output[0] if isinstance(output, list | tuple) and output else output


def is_inner(tensor: Tensor) -> bool:
    """Whether it stands for what a ``torch.vmap`` inside the network, over by now, ran on.

    Of one around the whole network, which is still going on, it is as good as any.
    """
    functorch = torch._C._functorch
    if not functorch.is_functorch_wrapped_tensor(tensor):
        return False
    outer = functorch.peek_interpreter_stack()
    return not 0 < functorch.maybe_get_level(tensor) <= (outer.level() if outer else 0)


def channel_of(output: Any, k: int | None) -> Any:
    """Channel ``k`` of (B, C), (B, C, H, W) or (B, T, C), its dimension kept; all if ``None``."""
    if k is None or not isinstance(output, Tensor):
        return output
    return output[..., k : k + 1] if output.dim() == 3 else output[:, k : k + 1]


def makes_each_alone(module: nn.Module) -> bool:
    """Whether a module is a convolution or a fully connected layer, and nothing about it changes what it makes."""
    kind = type(module)  # another class if it is parametrized
    plain = kind in DIMENSIONS and kind.forward.__module__ == kind.__module__ and getattr(module, "groups", 1) == 1
    if not plain or {"forward", "_conv_forward"} & vars(module).keys():
        return False
    hooks = [module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks]
    hooks += [of_all_modules._global_forward_hooks, of_all_modules._global_forward_pre_hooks]
    return type(module.weight) is nn.Parameter and module.weight.layout == torch.strided and not any(hooks)


def few_channels(module: nn.Conv2d | nn.Linear, x: Tensor, channels: list[int]) -> Tensor:
    """What a convolution or a fully connected layer makes in some of its channels, (B, few, …)."""
    weight, bias = module.weight[channels], None if module.bias is None else module.bias[channels]
    if isinstance(module, nn.Linear):
        return nn.functional.linear(x, weight, bias)
    return module._conv_forward(x, weight, bias)


@contextlib.contextmanager
def removed() -> Iterator[list[RemovableHandle]]:
    """Hooks that are removed in the end."""
    hooks: list[RemovableHandle] = []
    try:
        yield hooks
    finally:
        surely(lambda: [hook.remove() for hook in hooks])


def surely(undo: Callable[[], Any]) -> None:
    """Undo something, and once more from its beginning should Ctrl-C come on the way."""
    try:
        undo()
    except KeyboardInterrupt:
        undo()
        raise


@contextlib.contextmanager
def in_eval(core: nn.Module) -> Iterator[None]:
    """Every module of a network in evaluation mode, and afterwards as it was."""
    training = [m for m in each_module(core) if getattr(m, "training", False)]  # a scripted module may lack it
    try:
        set_training(training, False)
        yield
    finally:
        surely(lambda: set_training(training, True))


def set_training(modules: Iterable[nn.Module], training: bool) -> None:
    """Set a mode for each of the modules alone, without their ``train``, which might do more."""
    for module in modules:
        module.training = training


def each_module(core: nn.Module) -> set[nn.Module]:
    """What ``core.modules()`` gives, in no order: that takes a hundredth of a step, and every pass asks twice."""
    found: set[nn.Module] = set()
    ahead = [core]
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead += [child for child in module._modules.values() if child is not None]
    return found


def own_forward(core: nn.Module) -> nn.Module:
    """The network inside of what spreads it over devices or processes, where its copies have hooks of their own."""
    spread = isinstance(core, nn.DataParallel) and len(core.device_ids) > 1
    return core.module if spread or isinstance(core, nn.parallel.DistributedDataParallel) else core


def uncompiled() -> contextlib.AbstractContextManager:
    """A context in which what was given to ``torch.compile`` runs as it was written: compiled code runs no hooks."""
    used = "torch._dynamo" in sys.modules  # importing it takes seconds
    return torch.compiler.set_stance("force_eager") if used else contextlib.nullcontext()
