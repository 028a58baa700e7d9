"""The layers of a network by name: ``conv4_3`` as in the paper, for what torchvision calls ``features.21``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import nn

from ..basics import names
from .extract import Place

Layer = str | tuple[str, int]
MANY = 40  # more layers than VGG16's are not told one by one
VGG_KINDS = {nn.Conv2d: "conv", nn.ReLU: "relu", nn.MaxPool2d: "pool"}


class HasLayers:
    """What a network with a dict ``layers``, from readable names to paths, can be asked about them."""

    title: str
    core: nn.Module
    layers: dict[str, str]
    has_classifier: bool
    check_has_classifier: Callable[[], None]

    def place(self, one: Layer) -> Place:
        """Where a layer, one of its uses or one of its channels is taken."""
        layer, channel = one if isinstance(one, tuple) else (one, None)
        path = self.find_layer(layer)
        use = int(layer.rpartition(":")[2]) if path and layer not in self.layers and layer != path else None
        return Place(path, use, channel)

    def find_layer(self, layer: str) -> str:
        """A layer's path in the core network, from its readable name or that path; ``""`` for ``"logits"``.

        Raises:
            LookupError: no such layer; the nearest names are given.
            NoClassifier: ``"logits"`` of a network without classes, unless a layer of it is called so.
        """
        if layer == "logits" and (self.has_classifier or "logits" not in self.layers):
            self.check_has_classifier()
            return ""
        if layer in self.layers:
            return self.layers[layer]
        name, _, use = str(layer).rpartition(":")
        paths = {path for path, _ in self.core.named_modules(remove_duplicate=False) if path}
        for spelled in (layer, name if use.isdigit() else layer):
            if spelled in self.layers or spelled in paths:
                return self.layers.get(spelled, spelled)
        near = [path for path, module in self.core.named_modules() if path and module is layer]
        near = near or names.nearest(str(layer).replace("[", ".").replace("]", ""), [*self.layers, *paths])
        some = ", ".join([*self.layers][:MANY]) + (", …: see network.layers" if len(self.layers) > MANY else "")
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {some}"
        raise names.UnknownName(f"{self.title} has no layer {layer!r}; {hint}")

    def check_use(self, place: Place, uses: int) -> None:
        """Raise ``LookupError`` for a use that a pass does not come to, or a name that might be any of several.

        ``uses`` is how often a pass runs the place's module.
        """
        path = place.path
        if uses and (place.use or 0) >= uses:
            often = f"{uses} times" if uses > 1 else "once"
            raise names.UnknownName(
                f"{self.title} has no '{path}:{place.use}': {path!r} runs {often}, the last time is '{path}:{uses - 1}'"
            )
        if uses > 1 and place.use is None and path not in dict(self.core.named_modules()):
            raise names.UnknownName(
                f"{path!r} of {self.title} is another name of a layer that runs {uses} times: ask for one of them, "
                f"from '{path}:0' to '{path}:{uses - 1}'"
            )


def each_layer(layers: Layer | Iterable[Layer]) -> list[Layer]:
    """The layers that are asked for, each once, from one of them or from several."""
    a_channel = isinstance(layers, tuple) and len(layers) == 2 and hasattr(layers[1], "__index__")
    return [layers] if isinstance(layers, str) or a_channel else list(dict.fromkeys(layers))


def layer_names(name: str, core: nn.Module) -> dict[str, str]:
    """Map readable names to module paths, in the order of a run of the network: ``{"conv1_1": "features.0", ...}``.

    ``name`` is the network's as torchvision spells it, such as ``"vgg16"``. Networks without a naming tradition have
    each module's own path.
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
