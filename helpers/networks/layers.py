"""Readable layer names: ``conv4_3`` as in the paper, for what torchvision calls ``features.21``."""

from __future__ import annotations

from torch import nn

VGG_KINDS = {nn.Conv2d: "conv", nn.ReLU: "relu", nn.MaxPool2d: "pool"}


def layer_names(name: str, core: nn.Module) -> dict[str, str]:
    """Map readable names to module paths, in the order in which the network runs them.

    Args:
        name: the network's name as torchvision spells it, such as ``"vgg16"``.
        core: the network itself.

    Returns:
        ``{"conv1_1": "features.0", ...}``; for networks without a naming tradition, each module's own path.
    """
    if name == "vgg16":
        return _vgg(core)
    if name == "squeezenet1_1":
        return _squeezenet(core)
    if name.startswith("efficientnet_lite"):
        blocks = {f"block{i + 1}": f"blocks.{i}" for i in range(len(core.blocks))}
        return {"stem": "stem", **blocks, "head": "head", "classifier": "classifier"}
    return {path: path for path, _ in core.named_modules() if path}


def _vgg(core: nn.Module) -> dict[str, str]:
    """Simonyan and Zisserman's names: block, underscore, place in the block; then fc6, fc7, fc8."""
    names, block, place = {}, 1, 0
    for index, module in enumerate(core.features):
        kind = VGG_KINDS[type(module)]
        place += kind == "conv"
        names[f"pool{block}" if kind == "pool" else f"{kind}{block}_{place}"] = f"features.{index}"
        if kind == "pool":
            block, place = block + 1, 0
    if hasattr(core, "classifier"):
        for name, index in (("fc6", 0), ("relu6", 1), ("fc7", 3), ("relu7", 4), ("fc8", 6)):
            names[name] = f"classifier.{index}"
    return names


def _squeezenet(core: nn.Module) -> dict[str, str]:
    """Iandola's names: conv1, eight fire modules counted from 2, conv10."""
    names, fire, pool = {}, 2, 1
    for index, module in enumerate(core.features):
        if isinstance(module, nn.Conv2d):
            readable = "conv1"
        elif isinstance(module, nn.ReLU):
            readable = "relu1"
        elif isinstance(module, nn.MaxPool2d):
            readable, pool = f"pool{pool}", pool + 1
        else:
            readable, fire = f"fire{fire}", fire + 1
        names[readable] = f"features.{index}"
    return {**names, "conv10": "classifier.1", "relu10": "classifier.2"}
