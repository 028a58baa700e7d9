"""``load_network``: the best network that this machine can have, and a sentence saying which and why."""

from __future__ import annotations

import contextlib
import io
import os
import re
import textwrap
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from ..basics.files import WeightsCorrupt, load_and_verify, load_arrays, load_state_dict
from ..basics.names import UnknownName, nearest
from . import weights
from .download import cache
from .efficientnet_lite import EfficientNetLite, fold_batch_norm, names_in_order
from .given import per_channel
from .layers import layer_names
from .network import Network
from .weights import PACKAGED, WeightsUnavailable

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NARROW = 79  # characters; a longer line JupyterLab would break anywhere, inside a number too
CAFFE_MEAN = (123.0, 117.0, 104.0)  # RGB, for inputs from 0 to 255
# How much wider and deeper than Lite0 each is, and the pixels a side that it was trained on.
LITES = {
    "efficientnet_lite0": (1.0, 1.0, 224),
    "efficientnet_lite1": (1.0, 1.1, 240),
    "efficientnet_lite2": (1.1, 1.2, 260),
}
TITLES = {"vgg16": "VGG16", "squeezenet1_1": "SqueezeNet 1.1"} | {n: f"EfficientNet-Lite{n[-1]}" for n in LITES}


def imagenet_classes() -> list[str]:
    """The 1,000 class names, in order, as torchvision spells them."""
    return torchvision.models.VGG16_Weights.IMAGENET1K_V1.meta["categories"]


@torch.inference_mode(False)
def load_network(name: str | None = None, *, classifier: bool = True, device: str | None = None) -> Network:
    """Load a frozen ImageNet classifier and print a sentence on what it is and where it comes from.

    Chapter 2 derives what a network must be before its input can be optimized.

    Args:
        name: ``"vgg16"``, ``"squeezenet1_1"``, ``"efficientnet_lite0"`` (1, 2) or any classifier of torchvision.
            ``None`` takes ``POMERANIAN_NETWORK`` if that is set, else the best that can be had: VGG16 where its
            528 MB are at hand or there is a GPU to download them for, SqueezeNet 1.1 everywhere else.
        classifier: ``False`` is content with VGG16's 13 convolutions, the true ones, a tenth of the download.
        device: ``"cpu"``, ``"cuda"``, …; by default the GPU if there is one. With ``"cuda"``, cuDNN's TF32 is turned
            off for the whole process, so that float32 is what it says; ``precision="auto"`` is the fast way.

    Returns:
        A ``Network`` in ``eval()`` with frozen parameters, from RGB in [0, 1] to 1,000 logits.

    Raises:
        LookupError: no network of that name; the nearest names are given.
        WeightsUnavailable: its weights are neither in the cache nor to be had.
        WeightsCorrupt: its weights are damaged, altered, or try to run code.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    name = name or os.environ.get("POMERANIAN_NETWORK") or None
    if name is None:
        network, why = _best(gpu=torch.device(device).type != "cpu")
    else:
        name = _known(name)
        network, why = _vgg16(classifier) if name == "vgg16" else LOADERS.get(name, _torchvision)(name)
    print(textwrap.fill(f"{network.title}: {why}.", NARROW, break_long_words=False, break_on_hyphens=False))
    if torch.device(device).type == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # or "float32" would have 10 bits, too few for what the chapters check
    return network.to(device, memory_format=torch.channels_last)  # a quarter less time a step on two cores


@lru_cache(maxsize=8)
def load_quietly(name: str | None = None, **how: Any) -> Network:
    """A network as ``load_network`` makes it, once a process, and without its sentence."""
    with contextlib.redirect_stdout(io.StringIO()):
        return load_network(name, **how)


def _known(name: str) -> str:
    spelled = name.strip().lower().replace(" ", "").replace("-", "_")
    available = [*TITLES, *torchvision.models.list_models(module=torchvision.models)]
    if spelled not in available:
        near = nearest(spelled, available)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"try one of {', '.join(TITLES)}"
        raise UnknownName(f"no network {name!r}; {hint}")
    return spelled


def _best(gpu: bool) -> tuple[Network, str]:
    try:
        return _vgg16_whole(fetch=gpu)
    except WeightsUnavailable as error:
        reason = f"VGG16 has to wait, since {error}"
    if not gpu:
        reason += ' and without a GPU its 528 MB are fetched only if you ask, by load_network("vgg16")'
    try:
        network, _ = _squeezenet("squeezenet1_1")
    except WeightsUnavailable as error:
        raise WeightsUnavailable(
            f"no network can be had here: {reason}; SqueezeNet 1.1 has to wait, too, since {error}. "
            f"Connect once and run `make weights`, or copy its files into {cache()}."
        ) from None
    return network, f"the best that can be had here; {reason}"


def _vgg16(classifier: bool) -> tuple[Network, str]:
    if not classifier:
        return _vgg16_convolutions(), "its 13 convolutions, without the classifier"
    try:
        return _vgg16_whole(fetch=True)
    except WeightsUnavailable as error:
        why = f"only its 13 convolutions and so no class scores, since the whole could not be fetched ({error})"
        return _vgg16_convolutions(), why


def _vgg16_whole(fetch: bool) -> tuple[Network, str]:
    path = weights.torchvision_checkpoint(torchvision.models.VGG16_Weights.IMAGENET1K_V1.url, fetch=fetch)
    state, genuine = load_and_verify(path)
    core = _fill(torchvision.models.vgg16, state)
    network = _network("vgg16", core)
    if genuine:
        return network, "whole, with torchvision's weights"
    network.title = "VGG16 (other weights)"
    return network, f"whole, with the weights found as {path.name}, which are not torchvision's own"


def _vgg16_convolutions() -> Network:
    entry = PACKAGED["vgg16"]
    arrays = load_arrays(weights.packaged("vgg16"), entry.sha256)["VGG16_0"]
    with torch.device("meta"):
        features = torchvision.models.vgg16().features
    state = {}
    convolutions = [i for i, module in enumerate(features) if isinstance(module, nn.Conv2d)]
    for k, i in enumerate(convolutions):
        state[f"{i}.weight"], state[f"{i}.bias"] = _tensors(arrays[f"Conv_{k}"]["kernel"], arrays[f"Conv_{k}"]["bias"])
    features.load_state_dict(state, assign=True)
    return _network("vgg16", nn.Sequential(OrderedDict(features=features)), classes=[])


def _squeezenet(name: str) -> tuple[Network, str]:
    """SqueezeNet 1.1 as converted from Caffe, its input convention (BGR, 0 to 255, less a mean) folded into conv1."""
    arrays = load_arrays(weights.packaged(name), PACKAGED[name].sha256)
    places = {"conv1": "features.0", "conv10": "classifier.1"}
    for fire, index in zip(range(2, 10), (3, 4, 6, 7, 9, 10, 11, 12), strict=True):
        for part in ("squeeze1x1", "expand1x1", "expand3x3"):
            places[f"fire{fire}/{part}"] = f"features.{index}.{part.replace('squeeze1x1', 'squeeze')}"
    state = {}
    for key, place in places.items():
        state[f"{place}.weight"], state[f"{place}.bias"] = _tensors(*arrays[key])
    kernel = state["features.0.weight"].flip(1)  # BGR to RGB
    mean, std, caffe = (per_channel(one, "mean") for one in (IMAGENET_MEAN, IMAGENET_STD, CAFFE_MEAN))
    state["features.0.bias"] = state["features.0.bias"] + (kernel * (255 * mean - caffe)).sum(dim=(1, 2, 3))
    state["features.0.weight"] = kernel * 255 * std
    return _network(name, _fill(torchvision.models.squeezenet1_1, state)), "converted from Caffe's own weights"


def _lite(name: str) -> tuple[Network, str]:
    tensors = load_state_dict(weights.packaged(name), PACKAGED[name].sha256)
    *factors, size = LITES[name]
    build = partial(EfficientNetLite, *factors)
    with torch.device("meta"):
        named = names_in_order(build(), tensors)
    core = _fill(build, named)
    fold_batch_norm(core)
    network = _network(name, core, mean=(0.5,) * 3, std=(0.5,) * 3, size=size)
    return network, "converted from TensorFlow's own weights"


def _torchvision(name: str) -> tuple[Network, str]:
    """Any other classifier of torchvision, from torch's cache or torchvision's server."""
    best = torchvision.models.get_model_weights(name).DEFAULT
    path = weights.torchvision_checkpoint(best.url, fetch=True)
    state, _ = load_and_verify(path)
    preset = best.transforms()
    # What torchvision's own builders do for these weights: DenseNet's old key names, Inception's own normalization.
    state = {re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key): t for key, t in state.items()}
    core = _fill(lambda: torchvision.models.get_model(name), state)
    if hasattr(core, "transform_input"):
        core.transform_input = True
    size = preset.crop_size[0]
    network = _network(name, core, best.meta["categories"], preset.mean, preset.std, size)
    return network, f"torchvision's {best.name}"


LOADERS = {"squeezenet1_1": _squeezenet} | dict.fromkeys(LITES, _lite)


def _tensors(kernel, bias) -> tuple[Tensor, Tensor]:
    """A convolution's kernel from HWIO, as TensorFlow, Caffe's converters and JAX store it, to torch's OIHW."""
    return torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous(), torch.from_numpy(bias)


def _fill(build: Callable[[], nn.Module], state: dict[str, Tensor]) -> nn.Module:
    """Build a network around its weights, without drawing random ones first."""
    with torch.device("meta"):
        core = build()
    try:
        core.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise WeightsCorrupt(f"these weights do not fit {type(core).__name__}: {str(error)[:300]}") from error
    return core


def _network(name: str, core: nn.Module, classes=None, mean=IMAGENET_MEAN, std=IMAGENET_STD, size=224) -> Network:
    """A network of the book's own: frozen, in evaluation mode."""
    classes = imagenet_classes() if classes is None else classes
    code = f"load_network({name!r}{'' if classes else ', classifier=False'})"
    core = core.requires_grad_(False).eval()
    title, layers = TITLES.get(name, name), layer_names(name, core)
    return Network(core, name, title, classes, layers, mean, std, size=size, code=code)
