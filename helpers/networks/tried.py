"""What is found out about a network by running it: the sizes that it takes, the shapes of its layers, its precision."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..basics.seeding import untouched
from ..basics.settings import native_precision
from .extract import PASSES, Place, count_uses, in_eval, own_forward
from .logits import find_logits

TIMES = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.InstanceNorm1d)  # give (B, C, T)
TIMES += (nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveMaxPool1d, nn.AdaptiveAvgPool1d)
SIDES = (224, 64, 32, 96, 128, 256, 299, 384, 512, 28, 518)  # pixels a side, tried in this order


def is_mobile(core: nn.Module) -> bool:
    """Whether some of its convolutions filter each channel by itself, 3 or 5 pixels wide."""
    convolutions = (module for module in core.modules() if isinstance(module, nn.Conv2d))
    return any(1 < conv.groups == conv.in_channels and max(conv.kernel_size) in (3, 5) for conv in convolutions)


class Tried:
    """What a network can be asked that only a trial can answer. ``refresh`` forgets the answers."""

    core: nn.Module
    _run: Any
    _size: int | None
    _given_size: int | None
    _channels: dict[str, int]
    _uses: dict[torch.Size | int, Counter[str]]
    place: Any
    activations: Any

    @property
    def size(self) -> int:
        """Pixels a side that it takes: as given, 224, or the first of ``SIDES`` that it runs on.

        Raises:
            ValueError: it runs on none of them.
        """
        size = self._size or next((side for side in SIDES if self.takes(side, side)), None)
        if size is None:
            reason = self._refusal(SIDES[0], SIDES[0])
            raise ValueError(
                f"{self.title} runs on no size that was tried, from {min(SIDES)} to {max(SIDES)} pixels a side: if it "
                "takes another, say so, as in Network(..., size=48), or put v2.Resize([height, width]) in "
                f"front of it where it takes no square; {SIDES[0]} ends in {reason}"
            )
        self._size = size
        return size

    def takes(self, height: int, width: int) -> bool:
        """Whether it runs on images (B, 3, height, width)."""
        return not self._refusal(height, width)

    def _refusal(self, height: int, width: int) -> str:
        """Why it does not run on images (B, 3, height, width), in its own words; empty if it does."""
        try:
            with self._trial():
                own_forward(self.core)(self._blank(height, width).to(self.dtype))
        except Exception as error:  # whatever its own code raises
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            gray = "; if it takes gray pictures, put v2.Grayscale() of torchvision.transforms in front of it"
            return reason + (gray if " 1 channels" in reason else "")
        return ""

    def layer_shapes(self, size: int | None = None) -> dict[str, tuple[int, ...]]:
        """The shape (C, H, W) of every named layer's output for an input of ``size × size`` pixels."""
        size = size or self.size
        places = {name: Place(path) for name, path in self.layers.items()}
        with self._trial():
            found = self._run(self._blank(size, size), set(places.values()), whole=False)
        return {n: tuple(found[p].shape[1:]) for n, p in places.items() if isinstance(found.get(p), Tensor)}

    def channels(self, layer: str) -> int:
        """How many channels a layer has (1,000 for ``"logits"``, one a class).

        Raises:
            LookupError: no such layer.
            ValueError: what it answers is not (B, C), (B, C, H, W) or (B, T, C).
        """
        known, size, shapes = self._channels, self.size, []  # another thread's refresh() forgets them
        if layer not in known:
            for side in dict.fromkeys((size, size // 2, 2 * size)):
                if side == size or (len(shapes) < 2 and self.takes(side, side)):
                    shapes.append(self._shape(layer, side, 2 if side == size else 1))
            known[layer] = self._count_channels(layer, shapes)
        return known[layer]

    def _shape(self, layer: str, side: int, images: int) -> tuple[int, ...]:
        """Of what a layer answers to one or two squares, or to one where the network takes one at a time."""
        one = self._blank(side, side)
        with self._trial():
            try:
                found = self.activations(one.expand(images, -1, -1, -1), [layer])[layer]
            except Exception:  # whatever its own code raises
                images, found = 1, self.activations(one, [layer])[layer]
        if found.shape[:1] != (images,):
            raise ValueError(
                f"{layer} of {self.title} answers {tuple(found.shape)} to {images} image{'s' if images > 1 else ''}, "
                "which are to come first, as in (B, T, C): name the layer around it, or make it with batch_first=True"
            )
        return tuple(found.shape)

    def _count_channels(self, layer: str, shapes: list[tuple[int, ...]]) -> int:
        """How many channels a layer has by the shapes of its answers to squares of one or two sizes."""
        path = self.place(layer).path
        module = self.core.get_submodule(path) if path else None
        kind = type(module)
        times = kind in TIMES or getattr(module, "start_dim", None) in (2, -2)  # of a Flatten: all but B and C
        last = kind in (nn.Linear, nn.LayerNorm)
        counts = set()
        for shape in shapes:
            maps = len(shape) == 4 and not last and (len(shapes) > 1 or shape[2] == shape[3])  # else windows
            tokens = len(shape) == 3 and not times
            counts.add(shape[1] if maps or len(shape) == 2 else shape[2] if tokens else None)
        if len(counts) > 1 or None in counts:
            raise ValueError(
                f"{layer} of {self.title} answers {' or '.join(map(str, shapes))}: the objectives here know the "
                "channels of (B, C), (B, C, H, W) and (B, T, C), as many at every size"
            )
        return counts.pop()

    def fastest_precision(self) -> torch.dtype | None:
        """``torch.bfloat16`` where the processor multiplies it faster and the network can, else ``None``.

        A processor takes up to twice as long in it for the depthwise convolutions of mobile networks.
        """
        precision = native_precision(self.device)
        if precision is None or self.dtype != torch.float32 or (self.device.type == "cpu" and is_mobile(self.core)):
            return None
        try:
            x = self._blank(self.size, self.size).requires_grad_()
            with self._trial(), torch.enable_grad():
                found = self._run(x, precision=precision)[Place("")]
                find_logits(found, self.logits, len(x), self.title).float().sum().backward(inputs=[x])
        except Exception as error:
            print(f"{self.title} runs in {self.dtype}, since half of the bits will not do: {error}")
            return None
        return precision

    def _count_uses(self, x: Tensor, exactly: bool) -> Counter[str]:
        """How often a pass runs each module: on x, or at its own size where a classifier does not take x.

        Where it matters whether it is once or more, and not ``exactly`` how often, as many images of another size tell.
        """
        known = self._uses  # another thread's refresh() puts an empty one in its place
        key = x.shape if exactly else len(x)
        if key not in known:
            with self._trial():
                try:
                    known[key] = count_uses(self.core, x.clone())  # some networks write into their input
                except (RuntimeError, ValueError, AssertionError, IndexError):
                    known[key] = count_uses(self.core, self._blank(self.size, self.size).to(self.dtype))
        return known[key]

    @contextlib.contextmanager
    def _trial(self) -> Iterator[None]:
        """Evaluation mode and no gradient; modes and torch's generators are afterwards as they were."""
        with untouched(self.device), PASSES, in_eval(self), torch.no_grad():
            yield

    def _blank(self, height: int, width: int) -> Tensor:
        return torch.zeros(1, 3, height, width, device=self.device, dtype=torch.float32)

    def _check_outputs(self) -> None:
        """Raise unless there are as many logits as classes. A network that runs on no size tried here passes."""
        side = self._given_size or next((side for side in (64, *SIDES) if self.takes(side, side)), None)
        if side is not None:
            with self._trial():
                self.activations(self._blank(side, side), ["logits"])

    def _explain(self, error: Exception, images: Tensor) -> None:
        """Raise ``ValueError`` if it is the images' size that the network does not take."""
        reason = self._refusal(*images.shape[-2:])
        if reason:
            height, width = images.shape[-2:]
            side = self.size
            other = f": try {side}×{side}, as in size={side}, or put v2.Resize([{side}, {side}]) in front of it"
            other = other if (height, width) != (side, side) else ", the size named"
            raise ValueError(f"{self.title} does not take {height}×{width} pixels{other} ({reason})") from error
