"""The checks of assignment d, "Inside the network"."""

from .core import Check
from .probes import inside as probes
from .probes import inside_judge as judging
from .verdicts import inside as verdicts
from .verdicts import inside_judge as judges
from .verdicts import inside_patch as patches

check_channel = Check(
    "check_channel", probes.channel, verdicts.channel, right="the mean of one map of each image, and its gradient"
)
check_field = Check("check_field", probes.field, verdicts.field, right="those are the pixels that a unit sees")
check_part = Check("check_part", probes.part, verdicts.part, right="the layer's answer, and no layer too many was run")
check_direction = Check(
    "check_direction", probes.direction, verdicts.direction, right="the mean along a direction of length 1"
)
check_patch = Check("check_patch", probes.patch, patches.patch, right="that is what the happiest unit saw")
check_rank = Check("check_rank", judging.ranks, judges.ranks, right="the place of each image's class")
check_opinion = Check(
    "check_opinion", judging.opinion, judges.opinion, right="a stranger's ranks, and the artist may not judge"
)
check_interval = Check("check_interval", judging.interval, judges.interval, right="the paired 95% interval", limit=20.0)
