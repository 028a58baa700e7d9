"""What every network looks like from outside: RGB in [0, 1] in, logits out, frozen, classes and layers by name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from ..basics import names
from ..basics.images import check_images
from .extract import Want, Whole, can_be_traced, cut, node_names
from .probing import count_channels, layer_shapes, same_numbers

PARTS = 64  # that are kept; the oldest makes room


class NoClassifier(RuntimeError):
    """A class score was asked of a network that has none."""


class Network(nn.Module):
    """A frozen network with its input normalization inside.

    Chapter 2 derives why it is frozen and in ``eval()``; chapter 3 shows what the normalization does to a picture.

    Args:
        core: the bare network, from normalized (B, 3, H, W) to (B, classes).
        name: its name, as torchvision spells it.
        title: its name in captions.
        classes: the names of its classes, in order; empty if it has no classifier.
        layers: readable layer names and their paths in ``core``.
        mean: the mean of each channel, subtracted from inputs in [0, 1].
        std: the standard deviation of each channel, by which they are then divided.
    """

    def __init__(
        self,
        core: nn.Module,
        name: str,
        title: str,
        classes: Sequence[str] = (),
        layers: dict[str, str] | None = None,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
    ):
        super().__init__()
        for module in core.modules():  # an in-place ReLU would overwrite the very layer that is looked at
            if hasattr(module, "inplace"):
                module.inplace = False
        self.core = core.requires_grad_(False)
        self.name, self.title, self.classes = name, title, list(classes)
        self.layers = dict(layers) if layers else {path: path for path, _ in core.named_modules() if path}
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))
        self._parts: dict[tuple, Callable[[Tensor], dict[str, Tensor]]] = {}
        self._halves: dict[torch.dtype, nn.Module] = {}
        self._channels: dict[str, int] = {}
        self._made_of = [*map(id, core.modules())]
        self.eval()

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.mean.device

    @property
    def has_classifier(self) -> bool:
        """Whether it has class scores."""
        return bool(self.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, 3, H, W), RGB in [0, 1]. Raises ``NoClassifier``."""
        return self.activations(images, ["logits"])["logits"]

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_parts": {}, "_halves": {}}  # a copy of this network makes parts of its own

    def _apply(self, *arguments, **options) -> Network:
        self._parts.clear()  # what was made for another device or type
        self._halves.clear()
        return super()._apply(*arguments, **options)

    def refresh(self) -> None:
        """Bring what is kept of the network up to date with it; ``ascend`` does so before it begins.

        For whoever trains or randomizes layers between two ascents, as a sanity check of pictures does.
        """
        made_of = [*map(id, self.core.modules())]
        if made_of != self._made_of or not all(same_numbers(half, self.core) for half in self._halves.values()):
            self._made_of = made_of
            self._parts.clear()  # and not changed in place: another thread may be in the middle of a step
            self._halves.clear()
            self._channels.clear()

    def activations(
        self,
        images: Tensor,
        layers: Iterable[str],
        precision: torch.dtype | None = None,
        compiled: bool = False,
    ) -> dict[str, Tensor]:
        """What the layers answer to the images, running no more of the network than they need (chapter 5).

        Args:
            images: float (B, 3, H, W), RGB; any values, since an ascent may leave [0, 1].
            layers: names from ``self.layers``, torchvision's own paths, or ``"logits"``; ``"fire3[5]"`` is channel 5
                of fire3 alone, and where no other channel is asked for, none is computed.
            precision: run a copy of the network in this type, such as ``torch.bfloat16``; its own if ``None``.
            compiled: run it through ``torch.compile``, once for each size of image.

        Returns:
            An activation (B, C, H′, W′) or (B, classes) for each name, in the type that was asked for; C is 1 for one
            channel.

        Raises:
            ValueError: not (B, 3, H, W), or too few pixels for these layers.
            TypeError: not of a floating-point type.
            LookupError: no layer of that name.
            NoClassifier: ``"logits"`` of a network without a classifier.
        """
        layers = [layers] if isinstance(layers, str) else layers
        if not images.is_floating_point():
            raise TypeError(f"{self.title} takes float images in [0, 1], got {images.dtype}; divide bytes by 255")
        if images.dim() != 4 or images.shape[1] != 3:
            raise ValueError(f"{self.title} takes RGB images (B, 3, H, W), got {tuple(images.shape)}")
        wanted = tuple(dict.fromkeys(layers))
        run = self._part(wanted, precision, compiled)
        try:
            return run(((images.to(self.mean) - self.mean) / self.std).to(precision or self.mean.dtype))
        except RuntimeError as error:
            if "too small" not in str(error) and "greater than actual input size" not in str(error):
                raise
            height, width = images.shape[-2:]
            asked = ", ".join(dict.fromkeys(Want.of(words).layer for words in wanted))
            raise ValueError(
                f"{height}×{width} pixels are too few for {asked} of {self.title}: "
                "its pooling leaves nothing of them. Try 64×64 or more."
            ) from error

    def _part(
        self, wanted: tuple[str, ...], precision: torch.dtype | None, compiled: bool
    ) -> Callable[[Tensor], dict[str, Tensor]]:
        """The network cut off after the last layer wanted; made once, since making it takes longer than a step."""
        key = wanted, precision, compiled, self.core.training
        if key not in self._parts:
            while len(self._parts) >= PARTS:
                self._parts.pop(next(iter(self._parts)))
            self._parts[key] = self._cut([Want.of(words) for words in wanted], precision, compiled)
        half = self._halves.get(precision)
        if half is not None and half.training != self.core.training:
            half.train(self.core.training)  # a part's modules are its network's, whose mode this is
        return self._parts[key]

    def _cut(
        self, wanted: Sequence[Want], precision: torch.dtype | None, compiled: bool
    ) -> Callable[[Tensor], dict[str, Tensor]]:
        if precision is not None and precision not in self._halves:
            self._halves[precision] = copy.deepcopy(self.core).to(precision)
        core = self.core if precision is None else self._halves[precision]
        part = self._whole(core, wanted) or cut(
            core,
            {want: self._last_node(self.find_layer(want.layer)) for want in wanted},
            narrow=not compiled,  # compiled code would be another for each channel
        )
        return torch.compile(part) if compiled else part

    def _whole(self, core: nn.Module, wanted: Sequence[Want]) -> nn.Module | None:
        """All of the network, where nothing but logits is wanted and it cannot, or need not, be cut."""
        if any(want.layer != "logits" for want in wanted):
            return None
        self.check_has_classifier()
        return Whole(core, wanted) if wanted == [Want("logits")] or not can_be_traced(core) else None

    def _last_node(self, path: str) -> str:
        """The last thing that is done inside a module."""
        inside = [node for node in node_names(self.core) if node == path or node.startswith(f"{path}.")]
        if not inside:
            raise LookupError(f"{self.title} has {path!r} but does not run it by itself; name the layer around it")
        return inside[-1]

    def find_layer(self, layer: str) -> str:
        """A layer's path in the core network, from its readable name, that path itself, or ``"logits"``.

        Raises:
            LookupError: no such layer; the nearest names are given.
            NoClassifier: ``"logits"`` of a network without a classifier.
        """
        if layer == "logits":
            self.check_has_classifier()
            return node_names(self.core)[-1]
        if layer in self.layers:
            return self.layers[layer]
        paths = [path for path, _ in self.core.named_modules() if path]
        if layer in paths:
            return layer
        near = names.nearest(layer, [*self.layers, *paths])
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(self.layers)}"
        raise LookupError(f"{self.title} has no layer {layer!r}; {hint}")

    def layer_shapes(self, size: int = 224) -> dict[str, tuple[int, ...]]:
        """The shape (C, H, W) of every named layer's output for an input of ``size × size`` pixels."""
        return layer_shapes(self, size)

    def channels(self, layer: str) -> int:
        """How many channels a layer has (1,000 for ``"logits"``, one a class).

        Raises:
            LookupError: no such layer.
            ValueError: what it answers is neither (B, C) nor (B, C, H, W), as in transformers.
        """
        if layer not in self._channels:
            self._channels[layer] = count_channels(self, layer)
        return self._channels[layer]

    def check_has_classifier(self) -> None:
        """Raise ``NoClassifier``, with the way out, if there are no class scores."""
        if not self.has_classifier:
            raise NoClassifier(
                f"{self.title} is here without its classifier, so it has no class scores: ask for a layer "
                "(channel('conv5_3', 7)), or use load_network() for the best network that has classes"
            )

    def find_class(self, query: int | str) -> int:
        """The index of a class from its name or index: ``find_class("pomeranian")`` is 259. Raises ``LookupError``."""
        self.check_has_classifier()
        return names.find_class(query, self.classes)

    def class_name(self, query: int | str) -> str:
        """The name of a class from its name or index."""
        return self.classes[self.find_class(query)]

    def search_classes(self, part: str) -> list[tuple[int, str]]:
        """All classes whose name contains ``part``, as (index, name)."""
        self.check_has_classifier()
        return names.search_classes(part, self.classes)

    def top(self, images: Tensor, k: int = 5) -> list[list[tuple[str, float]]]:
        """The ``k`` likeliest classes of each image, RGB in [0, 1], as (name, probability)."""
        with torch.no_grad():
            logits = self(check_images(images).to(self.device))
        best = logits.topk(k).indices  # of the logits, since probabilities far down are all rounded to 0
        likely = logits.softmax(dim=1).gather(1, best)
        return [
            [(self.classes[i], p) for i, p in zip(*row, strict=True)]
            for row in zip(best.tolist(), likely.tolist(), strict=True)
        ]

    def without_normalization(self) -> Network:
        """The same frozen network, its input fed straight in: the original recipe's view of it (chapter 3)."""
        modes = {module: module.training for module in self.core.modules()}
        twin = Network(self.core, self.name, self.title, self.classes, self.layers).to(self.device)
        for module, mode in modes.items():
            module.training = mode
        return twin
