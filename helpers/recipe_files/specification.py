"""What may stand in a recipe file: every key, its range and its default, and what it makes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.optim import lr_scheduler

from .. import transforms
from ..parameterizations import Fourier, Pixels
from .reading import NEEDED, RecipeError, choice, flag, kind_of, number, several, whole, words

EVERY = {"every": (whole(1, 1000), 1)}
AFTER = {"after": (whole(0, 2048), 0)}
IMAGES = {
    "fourier": {
        "std": (number(0, 10), 0.01),
        "decay": (number(0, 4), 1.0),
        "decorrelate": (flag, True),
        "chroma": (number(0, 4), 1.0),
        "gain": (number(0.001, 10), 0.25),
    },
    "pixels": {"start": (choice("gray", "uniform"), "gray"), "noise": (number(0, 1), 0.01)},
}
VIEWS = {
    "jitter": {"pixels": (whole(1, 128), NEEDED)},
    "rotate": {"degrees": (number(0, 180), NEEDED)},
    "scale": {"low": (number(0.05, 20), NEEDED), "high": (number(0.05, 20), NEEDED)},
    "random_affine": {
        "degrees": (number(0, 180), 20.0),
        "low": (number(0.05, 20), 0.5),
        "high": (number(0.05, 20), 1.4),
        "pixels": (number(0, 128), 8.0),
    },
    "random_blur": {"sigma": (number(0.01, 20), NEEDED), **AFTER},
    "noise": {"std": (number(0.001, 2), NEEDED), **AFTER},
    "flip": {},
    "pad": {"pixels": (whole(1, 128), NEEDED)},
}
EDITS = {
    "blur": {"sigma": (number(0.01, 20), NEEDED), **EVERY},
    "zoom": {"factor": (number(0.5, 2), NEEDED), **EVERY},
    "normalize": EVERY,
    "clip": {"low": (number(-10, 10), 0.0), "high": (number(-10, 10), 1.0), **EVERY},
}
RATE = {"lr": (number(1e-6, 1e3), NEEDED), "weight_decay": (number(0, 10), 0.0)}
BETAS = {"beta1": (number(0, 0.9999), 0.9), "beta2": (number(0, 0.99999), 0.999)}
OPTIMIZERS = {name: {**RATE, **BETAS} for name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")}
OPTIMIZERS |= {name: {**RATE, "momentum": (number(0, 0.9999), 0.0)} for name in ("SGD", "RMSprop")}
SCHEDULES = {
    "cosine": {"end": (number(0, 1), 0.0)},
    "linear": {"start": (number(0, 10), 1.0), "end": (number(0, 10), 0.0)},
}
RECIPE = {
    "title": (words(60), NEEDED),
    "author": (words(60), NEEDED),
    "note": (words(400), ""),
    "parameterization": (kind_of(IMAGES), NEEDED),
    "objective": (choice("class_logit", "class_margin", "class_probability"), "class_logit"),
    "optimizer": (kind_of(OPTIMIZERS), NEEDED),
    "schedule": (kind_of(SCHEDULES), None),
    "views": (several(kind_of(VIEWS), 16), ()),
    "edits": (several(kind_of(EDITS), 16), ()),
    "steps": (whole(1, 2048), 128),
    "size": (whole(64, 512), 224),
    "seed": (whole(0, 2**31 - 1), 0),
    "batch": (whole(1, 16), 1),
    "precision": (choice("float32", "bfloat16", "auto"), "auto"),
}


def make_image(chosen: Mapping, size: int, batch: int, seed: int) -> nn.Module:
    """The parameterization, of ``batch`` images."""
    options = {key: value for key, value in chosen.items() if key != "name"}
    if chosen["name"] == "fourier":
        return Fourier(size, batch=batch, seed=[seed] * batch, **options)
    if options.pop("start") == "uniform":
        return Pixels.uniform(size, batch=batch, seed=seed)
    return Pixels.gray(size, batch=batch, seed=seed, **options)


def make_optimizer(chosen: Mapping, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer over these parameters."""
    options = {key: value for key, value in chosen.items() if key not in ("name", "beta1", "beta2")}
    if "beta1" in chosen:
        options["betas"] = (chosen["beta1"], chosen["beta2"])
    return getattr(torch.optim, chosen["name"])(parameters, **options)


def make_schedule(chosen: Mapping, steps: int, optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    """The learning rate's course over the run, as factors of ``lr``."""

    def factor(step: int) -> float:
        done = min(step / steps, 1)
        if chosen["name"] == "cosine":
            return chosen["end"] + (1 - chosen["end"]) * (1 + math.cos(math.pi * done)) / 2
        return chosen["start"] + (chosen["end"] - chosen["start"]) * done

    return lr_scheduler.LambdaLR(optimizer, factor)


def make_transform(chosen: Mapping) -> transforms.Transform:
    """A view or an edit."""
    make = getattr(transforms, chosen["name"])
    if chosen["name"] == "random_affine":
        chosen = {**chosen, "scale": (chosen["low"], chosen["high"])}
    try:
        return make(**{key: chosen[key] for key in inspect.signature(make).parameters})
    except ValueError as error:
        raise RecipeError(str(error)) from None


def call(chosen: Mapping) -> str:
    """A choice in words, such as ``scale(low 0.5, high 1.4)``."""
    options = {key: value for key, value in chosen.items() if key not in ("name", "beta1", "beta2")}
    said = [
        f"{key} {value:g}" if type(value) in (int, float) else f"{key} {value}".lower()
        for key, value in options.items()
    ]
    return f"{chosen['name']}({', '.join(said)})"
