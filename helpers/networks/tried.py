"""What is found out about a network by running it: the sizes that it takes, the shapes of its layers, its precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..basics.settings import native_precision
from .extract import Place, in_eval, own_forward
from .logits import find_logits

SIDES = (224, 64, 32, 96, 128, 256, 299, 384, 512, 28, 518)  # pixels a side, tried in this order


class Tried:
    """What a network can be asked that only a trial can answer. ``refresh`` forgets the answers."""

    core: nn.Module
    _run: Any
    _size: int | None
    _given_size: int | None
    _channels: dict[str, int]

    @property
    def size(self) -> int:
        """Pixels a side that it takes: as given, 224, or the first of ``SIDES`` that it runs on."""
        if self._size is None:
            self._size = next((side for side in SIDES if self.takes(side, side)), SIDES[0])
        return self._size

    def takes(self, height: int, width: int) -> bool:
        """Whether it runs on images (B, 3, height, width)."""
        try:
            with in_eval(self.core), torch.no_grad():
                own_forward(self.core)(self._blank(height, width).to(self.dtype))
        except Exception:  # whatever its own code raises
            return False
        return True

    def layer_shapes(self, size: int | None = None) -> dict[str, tuple[int, ...]]:
        """The shape (C, H, W) of every named layer's output for an input of ``size × size`` pixels."""
        size = size or self.size
        places = {name: Place(path) for name, path in self.layers.items()}
        with torch.no_grad():
            found = self._run(self._blank(size, size), set(places.values()), whole=False)
        return {n: tuple(found[p].shape[1:]) for n, p in places.items() if isinstance(found.get(p), Tensor)}

    def channels(self, layer: str) -> int:
        """How many channels a layer has (1,000 for ``"logits"``, one a class).

        Raises:
            LookupError: no such layer.
            ValueError: what it answers is not (B, C), (B, C, H, W) or (B, T, C).
        """
        if layer not in self._channels:
            shapes = []
            for side in dict.fromkeys((self.size, self.size // 2, 2 * self.size)):
                if side == self.size or (len(shapes) < 2 and self.takes(side, side)):
                    with torch.no_grad():
                        shapes.append(tuple(self.activations(self._blank(side, side), [layer])[layer].shape))
            counts = {shape[-1] if len(shape) == 3 else shape[1] for shape in shapes}
            if {len(shape) for shape in shapes} - {2, 3, 4} or len(counts) > 1:
                raise ValueError(
                    f"{layer} of {self.title} answers {' or '.join(map(str, shapes))}, and its channels are neither "
                    "first nor last: the objectives here are for (B, C), (B, C, H, W) and (B, T, C)"
                )
            self._channels[layer] = counts.pop()
        return self._channels[layer]

    def fastest_precision(self) -> torch.dtype | None:
        """``torch.bfloat16`` where the processor multiplies it faster and the network can, else ``None``."""
        precision = native_precision(self.device)
        if precision is None or self.dtype != torch.float32:
            return None
        try:
            x = self._blank(self.size, self.size).requires_grad_()
            with torch.enable_grad():
                found = self._run(x, precision=precision)[Place("")]
                find_logits(found, self.logits, self.title).float().sum().backward(inputs=[x])
        except Exception as error:
            print(f"{self.title} runs in {self.dtype}, since half of the bits will not do: {error}")
            return None
        return precision

    def _blank(self, height: int, width: int) -> Tensor:
        return torch.zeros(1, 3, height, width, device=self.device, dtype=torch.float32)

    def _check_outputs(self) -> None:
        """Raise unless there are as many logits as classes. A network that runs on no size tried here passes."""
        for side in (self._given_size,) if self._given_size else (64, *SIDES):
            if self.takes(side, side):
                with torch.no_grad():
                    count = find_logits(self._run(self._blank(side, side))[Place("")], self.logits, self.title).shape[1]
                if count != len(self.classes):
                    raise ValueError(f"{self.title} has {count} logits, but {len(self.classes)} classes are named")
                return

    def _explain(self, error: Exception, images: Tensor) -> None:
        """Raise ``ValueError`` if it is the images' size that the network does not take."""
        height, width = images.shape[-2:]
        if not self.takes(height, width) and (height, width) != (self.size, self.size):
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ValueError(
                f"{self.title} does not take {height}×{width} pixels: try {self.size}×{self.size}, as in "
                f"size={self.size} ({reason})"
            ) from error
