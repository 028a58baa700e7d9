"""The checks of assignment b: the ideal pomeranian and its autopsy (chapter 3)."""

from .core import Check
from .probes import pomeranian as probes
from .verdicts import pomeranian as verdicts
from .verdicts import pomeranian_pictures as pictures
from .verdicts import pomeranian_recipe as recipe

check_start = Check("check_start", probes.start, verdicts.start, right="noise from U[0, 1], with a seed")
check_lookup = Check("check_lookup", probes.lookup, verdicts.lookup, right="classes by name and by number")
check_recipe = Check("check_recipe", probes.ideal, recipe.ideal, right="the recipe, to the letter")
check_develop = Check("check_develop", probes.develop, pictures.develop, right="the recipe's darkroom")
check_autopsy = Check("check_autopsy", probes.autopsy, verdicts.autopsy, right="one choice at a time")
check_volume = Check("check_volume", probes.volume, pictures.volume, right="all pictures at one volume")
