"""The checks of assignment d, "Inside the network"."""

from .core import Check
from .probes import d as probes
from .probes import d_judge as judging
from .verdicts import d as verdicts
from .verdicts import d_judge, d_patch

check_channel = Check(
    "check_channel", probes.channel, verdicts.channel, right="the mean of one map of each image, and its gradient"
)
check_field = Check("check_field", probes.field, verdicts.field, right="those are the pixels that a unit sees")
check_part = Check("check_part", probes.part, verdicts.part, right="the layer's answer, and no layer too many was run")
check_direction = Check(
    "check_direction", probes.direction, verdicts.direction, right="the mean along a direction of length 1"
)
check_patch = Check("check_patch", probes.patch, d_patch.patch, right="that is what the happiest unit saw")
check_rank = Check("check_rank", judging.ranks, d_judge.ranks, right="the place of each image's class")
check_opinion = Check(
    "check_opinion", judging.opinion, d_judge.opinion, right="a stranger's ranks, and the artist may not judge"
)
check_interval = Check(
    "check_interval", judging.interval, d_judge.interval, right="the paired 95% interval", limit=20.0
)
