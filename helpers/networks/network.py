"""What every network looks like from outside: RGB in [0, 1] in, logits out, classes and layers by name."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..basics import names
from ..basics.numbers import whole
from .classes import HasClasses
from .extract import PASSES, Pass, Place, channel_of, in_eval, is_inner
from .given import check_core, per_channel
from .layers import HasLayers, Layer, each_layer
from .logits import find_logits
from .tried import Tried
from .way_back import explain, no_gradient


class Network(HasClasses, HasLayers, Tried, nn.Module):
    """A network with its input normalization inside. It runs its own ``forward``, and is left as it was.

    Chapter 2 derives why it runs in evaluation mode; chapter 3 shows what the normalization does to a picture, chapter
    5 how a layer is read. Gradients, modes, hooks and averages of ``core`` stay its owner's: it runs in evaluation mode
    for the length of a pass, and its modules are then in the mode they were in. Only after ``train()`` of this object
    does each run in its own mode, and BatchNorm's averages move. While it draws, no other thread may train ``core``:
    its weights would change between a pass and the way back, and a step of the training might run in evaluation mode.
    A pass may end before ``forward`` does: what that sets and sets back, such as a counter, belongs into a ``finally``.

    Args:
        core: the bare network, from normalized (B, 3, H, W) to logits (B, classes), anywhere and of any floating type.
        name: its name, as torchvision spells it.
        title: its name in captions.
        classes: their names in order, or a dict from index to name or name to index; empty if it has no classifier.
        layers: readable layer names and their paths in ``core``.
        mean: the mean of each channel, or of all, subtracted from inputs in [0, 1].
        std: the standard deviation of each channel, or of all, by which they are then divided.
        size: pixels a side that it takes, or was trained on; found by trying some if ``None``.
        logits: where in ``core``'s output they are, if that is no tensor: a key, an attribute or an index.
        code: Python that loads it again, for captions.

    Raises:
        ValueError: more or fewer classes than logits, a size that it does not take, lazy layers that have not met an
            input, or a mean that is neither 1 nor 3 numbers.
        TypeError: no network, classes that are no sequence, or an output in which the logits cannot be found.
        LookupError: a path that ``core`` does not have.
    """

    @torch.inference_mode(False)  # what is made here meets gradients later
    def __init__(
        self,
        core: nn.Module,
        name: str,
        title: str,
        classes: Sequence[object] | Mapping[int, object] = (),
        layers: dict[str, str] | None = None,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        *,
        size: int | None = None,
        logits: str | int | None = None,
        code: str = "",
    ):
        super().__init__()
        check_core(core, title, layers or {})
        self.core, self.name, self.title, self.code = core, name, title, code
        self.classes = names.in_order(classes)
        self.layers = dict(layers) if layers else {path: path for path, _ in core.named_modules() if path}
        self.register_buffer("mean", per_channel(mean, "mean").to(self.device))
        self.register_buffer("std", per_channel(std, "std").to(self.device))
        self.logits, self._given_size = logits, None if size is None else whole(size, "size")
        self.training = False
        self.refresh()
        if self.classes:
            self._check_outputs()

    @property
    def members(self) -> list[Network]:
        """The networks that answer together: this one alone, unless it is an ensemble."""
        return [self]

    @property
    def turns(self) -> list[Network]:
        """Whom ``ascend`` asks in each step, one after another; the image moves after each one's answer."""
        return self.members

    @property
    def device(self) -> torch.device:
        """Where its parameters are."""
        return next((t.device for t in self._tensors()), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of its parameters; a single number, such as CLIP's temperature, may have another."""
        return next((t.dtype for t in self._tensors() if t.is_floating_point() and t.dim()), torch.float32)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, 3, H, W), RGB in [0, 1]. Raises ``NoClassifier``."""
        return self.activations(images, ["logits"])["logits"]

    def refresh(self) -> None:
        """Forget what was found out about the network by running it; ``ascend`` does so before it begins."""
        self._size: int | None = self._given_size
        self._uses: dict[torch.Size | int, Counter[str]] = {}
        self._channels: dict[str, int] = {}

    def activations(
        self, images: Tensor, layers: Layer | Iterable[Layer], precision: torch.dtype | None = None
    ) -> dict[Layer, Tensor]:
        """What the layers answer to the images, running no more of the network than they need (chapter 5).

        Args:
            images: float (B, 3, H, W), RGB; any values, since an ascent may leave [0, 1].
            layers: names from ``self.layers``, paths in ``core``, or ``"logits"``; ``("conv1_2", 7)`` is channel 7 of
                conv1_2 alone, and where that is a plain convolution, no other is computed. Of a layer that runs
                several times, ``"relu:0"`` is the first use, ``"relu"`` the last; what runs once on the first images is
                taken to run once on others, if they are as many. A full backward hook on the very module that is asked
                for does not act; on modules before it, hooks do.
            precision: compute in this type, by autocast; the network's own if ``None``.

        Returns:
            An activation (B, C, H′, W′), (B, C) or (B, T, C) for each name; C is 1 for one channel. Where a network
            runs image by image, the last use is the last image's.

        Raises:
            ValueError: not (B, 3, H, W), a size that the network does not take, or weights that allow no gradient.
            TypeError: not of a floating-point type, or a layer that gives no tensor, or complex numbers.
            LookupError: no layer of that name, one that the network does not run by itself, or no such channel.
            NoClassifier: ``"logits"`` of a network without classes.
        """
        self._check_input(images)
        places = {one: self.place(one) for one in each_layer(layers)}
        inside = {place for place in places.values() if place.path}
        try:
            found = self._run(images, inside, len(inside) < len(set(places.values())), precision)
        except (RuntimeError, ValueError, AssertionError, IndexError) as error:
            if torch.is_grad_enabled() and any(tensor.is_inference() for tensor in self._tensors()):
                made = f"{self.title} was made under inference_mode(), which allows no gradient: make it outside"
                raise ValueError(made) from error
            self._explain(error, images)
            raise
        return {one: self._answer(one, place, found, len(images)) for one, place in places.items()}

    def _run(
        self, images: Tensor, inside: Collection[Place] = (), whole: bool = True, precision: torch.dtype | None = None
    ) -> dict[Place, Any]:
        """One pass as far as it must go; with ``whole``, the network's own output at ``Place("")``."""
        device = self.device  # the core may have moved since the last pass
        x = ((images.to(device) - self.mean.to(device)) / self.std.to(device)).to(self.dtype)
        half = torch.autocast(x.device.type, precision) if precision else contextlib.nullcontext()
        with PASSES, half:
            uses = self._count_uses(x, any(place.use is not None for place in inside)) if inside else Counter()
            for place in inside:
                self.check_use(place, uses[place.path])
            with self._mode():
                return Pass(self.core, inside, uses, whole).run(x)

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        """Put the gradient of a loss into the parameters of an image, and nowhere else.

        What a network computes again on the way back (``torch.utils.checkpoint``) runs in the mode of the pass.

        Raises:
            ValueError: no gradient comes back.
            RuntimeError: torch finds no way back; a sentence says why.
        """
        try:
            with PASSES, self._mode():
                loss.backward(inputs=parameters)
        except RuntimeError as error:
            explain(error, self.title)
            raise
        if all(parameter.grad is None for parameter in parameters):
            raise ValueError(no_gradient(self.title))

    def _mode(self) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext() if self.training else in_eval(self.core)

    def _answer(self, one: Layer, place: Place, found: dict[Place, Any], batch: int) -> Tensor:
        """What was asked for, out of what a pass found."""
        if place.path:
            given = self._of_layer(one, place, found)
        else:
            logits = find_logits(found[Place("")], self.logits, batch, self.title)
            if logits.shape[1] != len(self.classes):
                has = f"{logits.shape[1]} logit{'s' if logits.shape[1] > 1 else ''}"
                raise ValueError(f"{self.title} has {has}, but {len(self.classes)} classes are named")
            given = channel_of(logits, place.channel)
        if given.is_complex():
            raise TypeError(
                f"{one!r} of {self.title} gives complex numbers, and scores are real: name a layer after their abs()"
            )
        if place.channel is not None and (place.channel < 0 or (len(given) and not given.numel())):
            raise names.UnknownIndex(f"{self.title} has no channel {place.channel} in {one[0]}; channels() counts them")
        return given

    def _of_layer(self, one: Layer, place: Place, found: dict[Place, Any]) -> Tensor:
        if place not in found:
            paths = [path for path, _ in self.core.named_modules(remove_duplicate=False)]
            inside = [path for path in paths if path.startswith(f"{place.path}.")]
            other = f", or one inside it, such as {inside[-1]!r}" if inside else ""
            raise names.UnknownName(
                f"{self.title} has {one!r}, but its forward does not call it (or does so in another thread, or it is "
                f"scripted, and runs no hooks); name the layer around it{other}"
            )
        if not isinstance(found[place], Tensor):
            given = type(found[place]).__name__
            raise TypeError(f"{one!r} of {self.title} gives a {given} and no tensor; name a layer inside it")
        if is_inner(found[place]):
            raise TypeError(f"{one!r} of {self.title} runs inside of torch.vmap; name the layer around that")
        return found[place].dequantize() if found[place].is_quantized else found[place]

    def without_normalization(self) -> Network:
        """The same network, its input fed straight in: the original recipe's view of it (chapter 3)."""
        code = f"{self.code}.without_normalization()" if self.code else ""
        options = dict(size=self._size, logits=self.logits, code=code)
        twin = Network(self.core, self.name, self.title, (), self.layers, **options)
        twin.classes, twin.training = self.classes, self.training
        return twin

    def _tensors(self) -> Iterable[Tensor]:
        yield from self.core.parameters()
        yield from self.core.buffers()

    def _check_input(self, images: Tensor) -> None:
        if not isinstance(images, Tensor) or not images.is_floating_point():
            given = images.dtype if isinstance(images, Tensor) else type(images).__name__
            raise TypeError(f"{self.title} takes a float tensor of images in [0, 1], got {given}; divide bytes by 255")
        if images.dim() != 4 or images.shape[1] != 3:
            raise ValueError(f"{self.title} takes RGB images (B, 3, H, W), got {tuple(images.shape)}")
