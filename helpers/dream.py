"""Deep Dream: a photograph in which a layer finds more and more of what it looks for (chapter 6).

After Mordvintsev, Olah and Tyka, "Inceptionism" (2015), and the notebook that they published with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F
from tqdm.auto import tqdm

from .ascent import ascend
from .images import check_images
from .network import Network
from .objectives import Bound, Objective, layer
from .parameterizations import Parameterization
from .result import Result
