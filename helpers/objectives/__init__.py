"""What to maximize: what an objective is (``algebra``), and those of this book (``catalog``)."""

from .algebra import Activations, Bound, Objective, per_image  # noqa: F401
from .catalog import channel, class_logit, class_margin, class_probability, direction, layer, maps_of, unit  # noqa: F401
