"""The last question of every assignment: is the recipe one that the grader can run again?"""

from .core import Check
from .probes import pictures as probes
from .verdicts import pictures as verdicts

check_picture = Check(
    "check_picture",
    probes.picture,
    verdicts.picture,
    seeds=(0,),
    right="the grader can draw this again from recipe, target and seed",
)
