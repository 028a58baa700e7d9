"""What to maximize: what an objective is (``algebra``), and those of this book (``catalog``)."""

from .algebra import Activations, Bound, Objective, per_image
from .catalog import (
    channel,
    class_logit,
    class_margin,
    class_probability,
    direction,
    layer,
    maps_of,
    unit,
)

__all__ = [
    "Activations",
    "Bound",
    "Objective",
    "channel",
    "class_logit",
    "class_margin",
    "class_probability",
    "direction",
    "layer",
    "maps_of",
    "per_image",
    "unit",
]
