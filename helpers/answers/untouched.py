"""Copies of a call's arguments, and what became of them; the state of a module, compared and put back."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
PLAIN = (bool, int, float, str, type(None))


def copied(value: Any) -> Any:
    if isinstance(value, nn.Parameter):
        return nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad)
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, nn.Module):
        return copy.deepcopy(value)
    if type(value) in (list, tuple):
        return type(value)(copied(part) for part in value)
    return {key: copied(part) for key, part in value.items()} if type(value) is dict else value


def change(old: Any, new: Any) -> str | None:
    """What became of a copy, as the end of a sentence ("" if there is no more to say); None if nothing did."""
    if isinstance(old, nn.Module):
        return difference(state_of(old), new)
    if isinstance(old, (Tensor, np.ndarray)):
        return None if same(old, new) else ""
    if type(old) is dict:
        old, new = [*old, *old.values()], [*new, *new.values()]
    if type(old) not in (list, tuple):
        return "" if isinstance(old, (int, float, str)) and old is not new and old != new else None
    if len(old) != len(new):
        return ""
    return next((how for pair in zip(old, new, strict=True) if (how := change(*pair)) is not None), None)


def same(old: Any, new: Any) -> bool:
    """Whether two tensors, or an array and what became of it, have one shape and the same numbers; NaN equals NaN."""
    if isinstance(old, np.ndarray) and old.dtype.kind not in "biufc":  # words, objects
        return isinstance(new, np.ndarray) and np.array_equal(old, new)
    old, new = torch.as_tensor(old).detach(), torch.as_tensor(new).detach()
    return old.shape == new.shape and bool(((old == new) | ((old != old) & (new != new))).all())


def state_of(module: nn.Module) -> dict:
    """What ``watch`` watches."""
    parts = dict(module.named_modules())
    return {
        "training": {name: part.training for name, part in parts.items()},
        "settings": {name: _settings(part) for name, part in parts.items()},
        "hooks": {(name, kind): dict(getattr(part, kind)) for name, part in parts.items() for kind in HOOKS},
        "grad": {name: value.requires_grad for name, value in module.named_parameters()},
        "numbers": {name: value.detach().clone() for name, value in module.state_dict().items()},
    }


def _settings(part: nn.Module) -> dict[str, Any]:
    """A module's own plain attributes, such as BatchNorm's momentum; its mode is kept apart."""
    own = {key: value for key, value in vars(part).items() if key != "training" and not key.startswith("_")}
    return {key: value for key, value in own.items() if isinstance(value, PLAIN)}


def difference(old: dict, module: nn.Module) -> str | None:
    """The first difference between a state and a module, as the end of a sentence; None if there is none."""
    new = state_of(module)
    if old["numbers"].keys() != new["numbers"].keys():
        return " (other layers)"
    if old["training"] != new["training"]:
        mode = "train" if any(new["training"].values()) else "eval"
        return f" (in {mode}() mode)"
    if [list(hooks) for hooks in old["hooks"].values()] != [list(hooks) for hooks in new["hooks"].values()]:
        return " (with other hooks: remove() each one, in a `finally`)"
    if old["grad"] != new["grad"]:
        return " (with other weights frozen: requires_grad)"
    changed = [name for name, value in old["numbers"].items() if not same(value, new["numbers"][name])]
    if changed:
        return f" (the numbers of {changed[0]})"
    for name, settings in old["settings"].items():  # what a pass notes for the first time is no setting
        now = new["settings"][name]
        if other := [key for key, value in settings.items() if key not in now or _differ(value, now[key])]:
            return f" (with another {other[0]})"
    return None


def _differ(old: Any, new: Any) -> bool:
    return old is not new and old != new  # NaN is itself


def restore(module: nn.Module, state: dict) -> None:
    parts = dict(module.named_modules())
    for name, training in state["training"].items():
        if name in parts:  # else it was removed, as another may have been added
            parts[name].training = training
            vars(parts[name]).update(state["settings"][name])
    for (name, kind), hooks in state["hooks"].items():
        if name in parts:
            current = getattr(parts[name], kind)
            current.clear()
            current.update(hooks)
    for name, value in module.named_parameters():
        if name in state["grad"]:
            value.requires_grad_(state["grad"][name])
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name in state["numbers"] and not same(value, state["numbers"][name]):
                value.copy_(state["numbers"][name])
