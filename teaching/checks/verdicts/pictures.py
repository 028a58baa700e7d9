"""Whether a recipe can be drawn again: known keys, values in range, a class that exists, and not too much work."""

from __future__ import annotations

import json

from torchvision.models._meta import _IMAGENET_CATEGORIES

from helpers.basics.names import find_class
from helpers.recipe_files.reading import RecipeError
from helpers.recipe_files.recipe import check

MOST_STEPS, LARGEST = 256, 320
WORDS = {"title": "a picture", "author": "a student"}  # which a recipe file has, and a student's dict need not


def picture(seed: int, answer: dict) -> str | None:
    """What keeps this recipe from being drawn again, or None."""
    recipe, target, number = answer["recipe"], answer["target"], answer["seed"]
    if answer["kinds"][0] != "dict" or recipe is None:
        return f"recipe should be a dict of words, numbers, lists and dicts; it is a {answer['kinds'][0]}" + (
            " with something else inside: data only, no functions and no tensors" if recipe is None else ""
        )
    if isinstance(target, bool) or not isinstance(target, (str, int)):
        return f"target should be the name of a class, such as 'Pomeranian'; it is a {answer['kinds'][1]}"
    if isinstance(number, bool) or not isinstance(number, int):
        return f"seed should be a whole number; it is a {answer['kinds'][2]}"
    try:
        find_class(target, _IMAGENET_CATEGORIES)
        checked = check({**WORDS, **json.loads(recipe), "seed": number})
    except (RecipeError, LookupError) as error:
        return str(error)
    if checked.steps > MOST_STEPS or checked.values["size"] > LARGEST:
        return (
            f"{checked.steps} steps at {checked.values['size']} pixels would take the grader too long: at most "
            f"{MOST_STEPS} steps and {LARGEST} pixels"
        )
    return None
