"""The checks of assignment a: gradient ascent and its theory (chapters 1 and 2)."""

from .core import Check
from .probes import gradient_ascent as probes
from .verdicts import gradient_ascent as verdicts
from .verdicts import gradient_ascent_climb as climbing

check_step = Check("check_step", probes.step, verdicts.step, right="one step uphill")
check_ideal = Check("check_ideal", probes.ideal, verdicts.ideal, right="the ideal input on paper")
check_climb = Check("check_climb", probes.climb, climbing.climb, right="the climb; the network is as it was")
check_adamw = Check("check_adamw", probes.adamw, climbing.adamw, right="AdamW, by hand")
check_bound = Check("check_bound", probes.bound, verdicts.bound, right="the box and its walls")
check_rise = Check("check_rise", probes.rise, verdicts.rise, right="where a rise in probability came from")
