"""Assignment b: what should have come out, and what each well-known mistake would have given."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.transforms.v2.functional import adjust_sharpness

from ..core import check_tensor, close, compare, partly
from ..probes.pomeranian import bench, frame, negatives, speakers, zoo


def start(seed: int, answer: dict) -> str | None:
    """U[0, 1], three channels, a leaf that wants a gradient, from the seed and from a generator of its own."""
    size, _ = frame(seed)
    x = answer["x"]
    if problem := check_tensor(x, (1, 3, size, size), "the start"):
        return problem
    if not x.is_floating_point() or x.min() < 0 or x.max() > 1:
        noise = ": is it normal noise (randn) rather than uniform (rand)?" if x.min() < 0 else ": bytes, 0 to 255?"
        return f"its values go from {x.min():.2f} to {x.max():.2f}; U[0, 1] stays between 0 and 1{noise}"
    if abs(x.mean() - 0.5) > 0.05 or abs(x.std() - 12**-0.5) > 0.03:
        return (
            f"its mean is {x.mean():.2f} and its standard deviation {x.std():.2f}; for U[0, 1] they are 0.50 and 0.29: "
            "torch.rand, without further scaling"
        )
    if close(x[0, 0], x[0, 1]) or close(x[0, 1], x[0, 2]):
        return "two of its color channels are the same: draw all 3 * size * size numbers"
    if not close(answer["again"], x):
        return "the same seed gave two different starts: draw with generator=torch.Generator().manual_seed(seed)"
    if close(answer["other"], x):
        return "another seed gave the same start: is `seed` used, or a number in its place?"
    if answer["stirred"]:
        return (
            "torch's global generator was reseeded, and whatever the caller draws next with it: use a generator of "
            "your own, torch.Generator().manual_seed(seed)"
        )
    if not answer["wants_gradient"]:
        return "no gradient will reach this start: wrap it in nn.Parameter, or call requires_grad_(True)"
    if not answer["leaf"]:
        return (
            "this start was computed from something that requires a gradient, so no optimizer will take it: draw "
            "first, and wrap it in nn.Parameter last"
        )
    return None


def lookup(seed: int, answer: dict) -> str | None:
    """A whole name in any case, the only name that holds the query, or an index; all else is a LookupError."""
    classes, queries = zoo(seed)
    names, problems = [name.lower() for name in classes], []
    for query, (kind, found) in zip(queries, answer["answers"], strict=True):
        asked = f"find_class(classes, {query!r})"
        if isinstance(query, int):
            wanted = query if 0 <= query < len(classes) else None
        else:
            exact = [i for i, name in enumerate(names) if name == query.lower()]
            holding = exact or [i for i, name in enumerate(names) if query.lower() in name]
            wanted = holding[0] if len(holding) == 1 else None
        if (kind, found) != ("found", wanted) and not (wanted is None and kind == "LookupError"):
            problems.append((wanted is None, _astray(asked, query, wanted, kind, found, classes)))
    one_kind = len({refuse for refuse, _ in problems}) == 1  # finding is one part, refusing the other
    return partly(problems[0][1], 1 / 2 if one_kind else 0.0) if problems else None


def _astray(asked: str, query, wanted: int | None, kind: str, found, classes: list[str]) -> str:
    """Why a query went wrong."""
    names = [name.lower() for name in classes]
    said = f"{asked} " + (f"answered {found!r}" if kind == "found" else f"raised {kind}")
    if wanted is None:
        if kind == "found" and isinstance(query, int):
            return (
                f"{said}: there are {len(names)} classes, numbered from 0, and Python's own negative indices are "
                "a trap here"
            )
        if kind == "found" and isinstance(found, (int, float)) and found >= 0:
            return f"{said}, but several names fit. A guess would draw the wrong animal in silence: raise LookupError"
        return f"{said}: what cannot be found should raise LookupError, so that nothing goes on with a wrong class"
    said += f"; it should be {wanted}"
    if kind == "found" and isinstance(found, str):
        return f"{said}: return the index of the class, not its name"
    if kind == "found" and isinstance(found, (int, float)) and abs(found - wanted) == 1 and isinstance(query, int):
        return f"{said}: classes are numbered from 0, so an index is its own answer"
    if isinstance(query, int):
        return f"{said}: an index passes through"
    low = query.lower()
    first = next(i for i, name in enumerate(names) if low in name)
    if low in names and (first != wanted if kind == "found" else kind == "LookupError" and query in classes):
        return f"{said}: {names[wanted]!r} is a whole name, which goes before names that merely contain it"
    if kind == "LookupError" and low not in names:
        return f"{said}: one name alone contains it, which is enough"
    return f"{said}: does the case of letters matter? It should not"


def autopsy(seed: int, answer: dict) -> str | None:
    """The recipe as it is, and every change alone."""
    recipe, changes = bench(seed)
    if isinstance(answer["plan"], str):
        return f"return a dict whose values are dicts, label -> settings; a {answer['plan']} came back"
    plan = dict(answer["plan"])
    right = {"the recipe": recipe} | {
        f"{key}={value}": {**recipe, key: value} for key, values in changes.items() for value in values
    }
    if answer["harmed"]:
        return "the recipe that you were given has changed: every entry needs a copy of its own, {**recipe, key: value}"
    if "the recipe" not in plan:
        return "'the recipe', unchanged, is missing: without it there is nothing to compare with"
    if plan["the recipe"] != recipe:
        return "the entry 'the recipe' is not the recipe: a later change got into it, so copy before you change"
    if answer["shared"]:
        return "two entries are one and the same dict: whoever changes one changes the other, so copy each"
    for label, settings in plan.items():
        differing = [key for key in recipe if settings.get(key) != recipe[key]]
        if settings.keys() != recipe.keys():
            return (
                f"{label!r} has the settings {', '.join(settings)}: it should have all of the recipe's, one of "
                "them changed"
            )
        if len(differing) > 1:
            return (
                f"{label!r} differs from the recipe in {' and '.join(differing)}: one choice at a time, or "
                "nobody knows which it was"
            )
    missing, more = [label for label in right if label not in plan], [label for label in plan if label not in right]
    if missing and more:
        return f"{missing[0]!r} is missing, and there is {more[0]!r}: labels are f'{{key}}={{value}}'"
    if missing:
        return f"{missing[0]!r} is missing: every value of every list is to be tried"
    for label, settings in plan.items():
        if settings != right.get(label):
            return f"{label!r} has the settings {settings}"
    if answer["misspelled"] != "LookupError":
        said = (
            "a change to 'weight_decay', which this recipe calls 'wd', was accepted: it would have changed nothing, "
            "and you would have concluded that decay does not matter. Raise a KeyError for a key that the recipe lacks"
        )
        return partly(said, 1 / 2)
    return None


def clamp_first(x: Tensor, **turn) -> Tensor:
    """The recipe's darkroom: enlarge, soften, stretch; with a turn, a wrong one."""
    dims = turn.get("dims", (1, 2, 3))
    mode = turn.get("mode", "bilinear")

    def enlarge(x: Tensor) -> Tensor:
        aligned = {"align_corners": turn.get("aligned", False)} if mode != "nearest" else {}
        return interpolate(x, scale_factor=2, mode=mode, **aligned)

    def soften(x: Tensor) -> Tensor:
        return adjust_sharpness(x, turn.get("factor", 0.0))

    def stretch(x: Tensor) -> Tensor:
        low, high = x.amin(dim=dims, keepdim=True), x.amax(dim=dims, keepdim=True)
        return (x - low) / (high - low).clamp_min(1e-8)

    for work in turn.get("order", "enlarge soften stretch").split():
        x = {"enlarge": enlarge, "soften": soften, "stretch": stretch}[work](x)
    return x


WRONG_DARKROOMS = {
    "it was stretched before it was softened: a better picture, perhaps, but not the recipe's. Keep its "
    "order here; the next cells exchange it": {"order": "enlarge stretch soften"},
    "it was softened before it was enlarged: enlarge first": {"order": "soften enlarge stretch"},
    "the stretch is missing: (y - min) / (max - min) comes last": {"order": "enlarge soften"},
    "the softening is missing: adjust_sharpness(y, 0.0), which also clamps": {"order": "enlarge stretch"},
    "one minimum and maximum for the whole batch: an image then changes with its neighbors, so take them for each "
    "image, over dim=(1, 2, 3)": {"dims": (0, 1, 2, 3)},
    "each color channel was stretched by itself, which turns every picture gray: one minimum and maximum for an image, "
    "over dim=(1, 2, 3)": {"dims": (2, 3)},
    "it was not softened but left as it is: factor 1.0 means no change, 0.0 means soft": {"factor": 1.0},
    "it was sharpened: factor 2.0 sharpens, 0.0 softens": {"factor": 2.0},
    "it was enlarged by repeating pixels: mode='bilinear'": {"mode": "nearest"},
    "it was enlarged with mode 'bicubic': the recipe says bilinear": {"mode": "bicubic"},
    "the corners were aligned: align_corners stays False, so that all pixels are enlarged alike": {"aligned": True},
}


def develop(seed: int, answer: dict) -> str | None:
    """Bilinear times two, adjust_sharpness 0, min-max of each image."""
    x, got = negatives(seed), answer["batch"]
    wrong = {said: clamp_first(x, **turn) for said, turn in WRONG_DARKROOMS.items()}
    if isinstance(got, Tensor) and got.shape == x.shape:
        return (
            "the picture is not larger than x: enlarge it twofold with interpolate(x, scale_factor=2, mode='bilinear')"
        )
    flat = answer["flat"]
    shown = isinstance(flat, Tensor) and bool(torch.isfinite(flat).all()) and flat.min() >= 0 and flat.max() <= 1
    problem = compare(got, clamp_first(x), "the developed batch", wrong, rtol=1e-3, atol=1e-4)
    if problem is not None and problem.startswith("one minimum and maximum for the whole batch"):
        return partly(problem, 2 / 3 if shown else 1 / 3)
    problem = problem or compare(answer["alone"], clamp_first(x[:1]), "the first image, developed alone")
    if problem is None and not shown:
        said = "a picture that is one color everywhere comes out as NaN or off the screen: max - min is 0 there, so "
        return partly(f"{said}divide by (max - min).clamp_min(1e-8)", 2 / 3)
    return problem


def volume(seed: int, answer: dict) -> str | None:
    """Each image multiplied so that its values have the given standard deviation, then scored."""
    score, x, spread = speakers(seed)
    dims = (1, 2, 3)
    own = x.std(dim=dims, keepdim=True)
    centered = x - x.mean(dim=dims, keepdim=True)
    right = x * spread / own
    shown = right.clamp(0, 1)
    pictures = {
        "one standard deviation for the whole batch: the loud pictures stay loud, so take it for each image, over "
        "dim=(1, 2, 3)": x * spread / x.std(),
        "the pictures were moved as well as scaled: f(a x), without taking the mean off": centered * spread / own,
        "the volume was turned the wrong way: multiply by spread / std": x * own / spread,
        "all pictures were multiplied by spread: divide each by its own standard deviation first": x * spread,
        "the pictures were scored as they are, each at its own volume": x,
        "the pictures were divided by their variance: it is the standard deviation that scales like the values": (
            x * spread / own**2
        ),
        "the pictures have standard deviation 1: multiply by spread as well": x / own,
        "each channel was scaled by itself, which changes the colors: over dim=(1, 2, 3)": (
            x * spread / x.std(dim=(2, 3), keepdim=True)
        ),
        "the pictures were cut off at 0 and 1: at another volume they are off the screen, and may be": shown,
    }
    mistakes = {said: score(picture) for said, picture in pictures.items()}
    said = "the score was scaled, and not the picture: a network with biases hears the difference"
    mistakes[said] = score(x) * (spread / own).flatten()
    biased = score(x * spread / x.std(dim=dims, keepdim=True, unbiased=False))
    if isinstance(answer["scores"], Tensor) and close(answer["scores"], biased, rtol=1e-3):
        return None
    return compare(answer["scores"], score(right), "the score at one volume", mistakes, rtol=1e-3)
