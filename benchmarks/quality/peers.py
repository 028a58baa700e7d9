"""The other libraries, each behind the same call, each at its own documented defaults and again at 224 pixels.

``draw(network, class_index, steps, seed) -> (1, 3, H, W) in [0, 1]``. All get the same frozen network, a fresh copy
for each picture since some leave hooks on it, and the same number of steps; loop, image, views, optimizer and learning
rate are each library's own. A library that normalizes its input gets the network without its normalization, so that
the network sees normalized input exactly once.

Nothing of any library is patched. They run in ``benchmarks/.venv``, made by ``make bench``; imported when drawn.
"""

from __future__ import annotations

import copy
import importlib.metadata
import os
import random
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.quality import reimplemented
from helpers import Network

NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Peer:
    """One row of the tables."""

    name: str  # for file names
    title: str  # its own name
    package: str  # on the package index; empty for a reimplementation
    size: int  # pixels a side
    settings: str  # its defaults, in words, and where they are documented
    make: Callable[[Network, int, int], Tensor]  # from (network, class, steps), the generators being seeded already

    @property
    def version(self) -> str:
        """The installed version, or "reimplemented"."""
        if not self.package:
            return "reimplemented"
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return NOT_INSTALLED

    @property
    def in_words(self) -> str:
        """Its name and version for tables; what is made larger or smaller than its default says so."""
        said = f"{self.title} {self.version}" if self.package else f"{self.title} (reimplemented)"
        return f"{said} at {self.size}" if self.name.endswith(f"-{self.size}") else said

    def draw(self, network: Network, class_index: int, steps: int, seed: int) -> Tensor:
        """The picture of a class, (1, 3, H, W) in [0, 1]."""
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = self.make(copy.deepcopy(network), class_index, steps)
        return picture.detach().float().cpu().clamp(0, 1)


def last_leaf(core: nn.Module) -> nn.Module:
    """The module that gives the logits, as (B, classes) or (B, classes, 1, 1): the last that has none inside."""
    return [module for module in core.modules() if not [*module.children()]][-1]


def lucent(size: int | None = None) -> Callable[[Network, int, int], Tensor]:
    """torch-lucent's ``render_vis``; it normalizes, and enlarges what is smaller than 224."""

    def make(network: Network, class_index: int, steps: int) -> Tensor:
        from lucent.optvis import param, render

        chosen = {"param_f": lambda: param.image(size)} if size else {}
        quiet = {"progress": False, "show_image": False}
        images = render.render_vis(network.core, f"labels:{class_index}", thresholds=(steps,), **quiet, **chosen)
        return torch.from_numpy(images[-1]).permute(0, 3, 1, 2)

    return make


def torch_dreams(size: int | None = None) -> Callable[[Network, int, int], Tensor]:
    """torch-dreams' ``Dreamer.render``; its image arrives normalized."""

    def make(network: Network, class_index: int, steps: int) -> Tensor:
        from torch_dreams import Dreamer

        dreamer = Dreamer(network.core, quiet=True, device=str(network.device))
        chosen = {"width": size, "height": size} if size else {}
        found = dreamer.render(
            layers=[last_leaf(network.core)],
            custom_func=lambda outputs: -outputs[0][:, class_index].mean(),
            iters=steps,
            **chosen,
        )
        return found.to_chw_tensor()[None]

    return make


def dreamlens(size: int | None = None) -> Callable[[Network, int, int], Tensor]:
    """dreamlens' ``FeatureVisualizer.visualize``; it normalizes."""

    def make(network: Network, class_index: int, steps: int) -> Tensor:
        from dreamlens import FeatureTarget, FeatureVisualizer
        from dreamlens.optimization import RenderConfig

        chosen = {"width": size, "height": size} if size else {}
        visualizer = FeatureVisualizer(network.core, quiet=True)
        config = RenderConfig(steps=steps, **chosen)
        return visualizer.visualize(FeatureTarget.for_class(class_index), config=config).image.as_nchw()

    return make


def dreamlens_maco(size: int | None = None) -> Callable[[Network, int, int], Tensor]:
    """dreamlens' ``FeatureVisualizer.maco``: only the phases are free; it normalizes."""

    def make(network: Network, class_index: int, steps: int) -> Tensor:
        from dreamlens import FeatureTarget, FeatureVisualizer, MacoConfig

        chosen = {"width": size, "height": size} if size else {}
        visualizer = FeatureVisualizer(network.core, quiet=True)
        config = MacoConfig(steps=steps, **chosen)
        return visualizer.maco(FeatureTarget.for_class(class_index), config=config).image[None]

    return make


def horama(method: str, size: int | None = None) -> Callable[[Network, int, int], Tensor]:
    """Horama's ``fourier`` or ``maco``; its image arrives normalized.

    ``maco`` reads its magnitudes from a file in the folder where it runs, and downloads it where that is missing; it
    gets the same magnitudes of ImageNet out of dreamlens' package.
    """

    def make(network: Network, class_index: int, steps: int) -> Tensor:
        import dreamlens
        import horama

        chosen = {"image_size": size} if size else {}
        options = dict(total_steps=steps, device=str(network.device), **chosen)
        spectrum = Path(dreamlens.__file__).parent / "data" / "clean_decorrelated.npy"
        here = Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(spectrum, Path(folder) / "spectrum_decorrelated.npy")
            os.chdir(folder)
            try:
                score = lambda images: network.core(images).flatten(1)[:, class_index].mean()  # noqa: E731
                image, _ = getattr(horama, method)(score, **options)
            finally:
                os.chdir(here)
        return image.detach() * network.std + network.mean

    return make


def captum(views: Callable[[], list]) -> Callable[[Network, int, int], Tensor]:
    """captum.optim, reimplemented; the model has to normalize."""
    return lambda network, c, steps: reimplemented.captum_optim(network, c, steps, views())


def cnn_visualizations(network: Network, class_index: int, steps: int) -> Tensor:
    """pytorch-cnn-visualizations, reimplemented; it normalizes."""
    return reimplemented.regularized_class_specific(network.core, class_index, steps)


LUCENT = (
    "Fourier, Adam at 0.05, pad 12, jitter 8, scale 0.9–1.1, rotate ±10°, jitter 4 (render_vis, standard_transforms)"
)
DREAMS = "Fourier, AdamW at 0.009, gradient clipped to 1, rotate ±15°, each side scaled 0.5–1.2 (Dreamer.render)"
LENS = "Fourier, AdamW at 0.009, gradient clipped to 1, scale 0.5–1.2, rotate ±15° (RenderConfig, TransformConfig)"
CAPTUM = "Fourier, Adam at 0.025, scale 0.95–1.05, jitter 16 (InputOptimization)"
ROBUST = "Fourier, Adam at 0.025, TransformationRobustness: ten jitters of 4, scale 0.67–1.03, rotate ±20° (its README)"
LENS_MACO = "magnitudes of ImageNet, free phases, NAdam at 1, 32 crops a step of 5 to 50 % (MacoConfig)"
HORAMA = "Fourier over f^1.5, NAdam at 1, 6 crops a step of 25 to 30 % (fourier)"
HORAMA_MACO = "magnitudes of ImageNet, free phases, NAdam at 1, 6 crops a step of 25 to 30 % (maco)"
VISUALIZATIONS = "pixels as bytes, SGD at 6, weight decay 0.0001, blur of radius 1 at every 4th step (generate)"

PEERS = (
    Peer("cnn-visualizations", "pytorch-cnn-visualizations", "", 224, VISUALIZATIONS, cnn_visualizations),
    Peer("lucent", "torch-lucent", "torch-lucent", 128, LUCENT, lucent()),
    Peer("lucent-224", "torch-lucent", "torch-lucent", 224, LUCENT, lucent(224)),
    Peer("torch-dreams", "torch-dreams", "torch-dreams", 256, DREAMS, torch_dreams()),
    Peer("torch-dreams-224", "torch-dreams", "torch-dreams", 224, DREAMS, torch_dreams(224)),
    Peer("dreamlens", "dreamlens", "dreamlens", 256, LENS, dreamlens()),
    Peer("dreamlens-224", "dreamlens", "dreamlens", 224, LENS, dreamlens(224)),
    Peer("dreamlens-maco", "dreamlens, MACO", "dreamlens", 512, LENS_MACO, dreamlens_maco()),
    Peer("dreamlens-maco-224", "dreamlens, MACO", "dreamlens", 224, LENS_MACO, dreamlens_maco(224)),
    Peer("horama-fourier", "Horama", "horama", 1280, HORAMA, horama("fourier")),
    Peer("horama-fourier-224", "Horama", "horama", 224, HORAMA, horama("fourier", 224)),
    Peer("horama-maco", "Horama, MACO", "horama", 1280, HORAMA_MACO, horama("maco")),
    Peer("horama-maco-224", "Horama, MACO", "horama", 224, HORAMA_MACO, horama("maco", 224)),
    Peer("captum-optim", "captum.optim", "", 224, CAPTUM, captum(reimplemented.plain_views)),
    Peer("captum-optim-robust", "captum.optim, robust", "", 224, ROBUST, captum(reimplemented.robust_views)),
)
