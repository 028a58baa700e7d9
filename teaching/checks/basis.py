"""The checks of assignment c, "Blur, zoom and a better basis"."""

from .core import Check
from .probes import basis as probes
from .verdicts import basis as verdicts
from .verdicts import basis_jitter as jittering
from .verdicts import basis_waves as waves

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
    jittering.jitter,
    right="the network sees a shift, the picture stays where it is",
)
check_waves = Check(
    "check_waves", probes.waves, waves.waves, right="real pictures from half a spectrum, and gradients flow back"
)
check_colors = Check("check_colors", probes.colors, waves.colors, right="A Aᵀ is the covariance, its axes orthogonal")
check_precondition = Check(
    "check_precondition", probes.precondition, waves.precondition, right="a step on coefficients is A Aᵀ g in pixels"
)
