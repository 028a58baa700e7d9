"""The checks of the assignments: `from teaching.checks import check_...`, one for each question.

A check tells a student what is seen and what is likely to have caused it. How one is put together is in `core.py`; what
is asked is in `probes/`, what should come out in `verdicts/`. While a class is graded, students find `stand_in.py` of
the grader here, and no verdicts.
"""

from __future__ import annotations

from . import probes
from .core import Check, Remote, Wrong  # noqa: F401
from .verdicts.basis import blur, transfer, zoom
from .verdicts.basis_jitter import jitter
from .verdicts.basis_waves import colors, precondition, waves
from .verdicts.gradient_ascent import bound, ideal, rise, step
from .verdicts.gradient_ascent_climb import adamw, climb
from .verdicts.inside import channel, direction, field, part, patch
from .verdicts.inside_judge import interval, opinion, rank
from .verdicts.pictures import picture
from .verdicts.pomeranian import autopsy, develop, lookup, start, volume
from .verdicts.pomeranian_recipe import recipe
from .waiting import wait_for_answers  # noqa: F401

# Assignment a: gradient ascent and its theory (chapters 1 and 2)
check_step = Check(probes.gradient_ascent.step, step, "one step uphill")
check_ideal = Check(probes.gradient_ascent.ideal, ideal, "the ideal input on paper")
check_climb = Check(probes.gradient_ascent.climb, climb, "the climb; the network is as it was")
check_adamw = Check(probes.gradient_ascent.adamw, adamw, "AdamW, by hand")
check_bound = Check(probes.gradient_ascent.bound, bound, "the box and its walls")
check_rise = Check(probes.gradient_ascent.rise, rise, "where a rise in probability came from")

# Assignment b: the ideal pomeranian and its autopsy (chapter 3)
check_start = Check(probes.pomeranian.start, start, "noise from U[0, 1], with a seed")
check_lookup = Check(probes.pomeranian.lookup, lookup, "classes by name and by number")
check_recipe = Check(probes.pomeranian.recipe, recipe, "the recipe, to the letter")
check_develop = Check(probes.pomeranian.develop, develop, "the recipe's darkroom")
check_autopsy = Check(probes.pomeranian.autopsy, autopsy, "one choice at a time")
check_volume = Check(probes.pomeranian.volume, volume, "all pictures at one volume")

# Assignment c: blur, zoom and a better basis
check_zoom = Check(probes.basis.zoom, zoom, "it enlarges about the middle, by the factor, and keeps the size")
check_blur = Check(probes.basis.blur, blur, "a Gaussian of the right width that keeps colors apart and the mean")
check_transfer = Check(probes.basis.transfer, transfer, "that is what a blur leaves of the power")
check_jitter = Check(probes.basis.jitter, jitter, "the network sees a shift, the picture stays where it is")
check_waves = Check(probes.basis.waves, waves, "real pictures from half a spectrum, and gradients flow back")
check_colors = Check(probes.basis.colors, colors, "A Aᵀ is the covariance, its axes orthogonal")
check_precondition = Check(probes.basis.precondition, precondition, "a step on coefficients is A Aᵀ g in pixels")

# Assignment d: inside the network
check_channel = Check(probes.inside.channel, channel, "the mean of one map of each image, and its gradient")
check_field = Check(probes.inside.field, field, "those are the pixels that a unit sees")
check_part = Check(probes.inside.part, part, "the layer's answer, and no layer too many was run")
check_direction = Check(probes.inside.direction, direction, "the mean along a direction of length 1")
check_patch = Check(probes.inside.patch, patch, "that is what the happiest unit saw")
check_rank = Check(probes.inside_judge.rank, rank, "the place of each image's class")
check_opinion = Check(probes.inside_judge.opinion, opinion, "a stranger's ranks, and the artist may not judge")
check_interval = Check(probes.inside_judge.interval, interval, "the paired 95% interval", limit=20.0)

# The last question of every assignment: is the recipe one that the grader can run again?
check_picture = Check(
    probes.pictures.picture, picture, "the grader can draw this again from recipe, target and seed", seeds=(0,)
)


def every_check() -> dict[str, Check]:
    """All checks by name."""
    return {name: value for name, value in globals().items() if isinstance(value, Check)}
