"""The checks of assignment c, "Blur, zoom and a better basis"."""

from .core import Check
from .probes import c as probes
from .verdicts import c as verdicts
from .verdicts import c_basis, c_jitter

check_zoom = Check(
    "check_zoom", probes.zoom, verdicts.zoom, right="it enlarges about the middle, by the factor, and keeps the size"
)
check_blur = Check(
    "check_blur", probes.blur, verdicts.blur, right="a Gaussian of the right width that keeps colors apart and the mean"
)
check_transfer = Check(
    "check_transfer", probes.transfer, verdicts.transfer, right="that is what a blur leaves of the power"
)
check_jitter = Check(
    "check_jitter",
    probes.jitter,
    c_jitter.jitter,
    right="the network sees a shift, the picture stays where it is",
)
check_waves = Check(
    "check_waves", probes.waves, c_basis.waves, right="real pictures from half a spectrum, and gradients flow back"
)
check_colors = Check("check_colors", probes.colors, c_basis.colors, right="A Aᵀ is the covariance, its axes orthogonal")
check_precondition = Check(
    "check_precondition", probes.precondition, c_basis.precondition, right="a step on coefficients is A Aᵀ g in pixels"
)
