"""Assignment b: what should have come out, and what each well-known mistake would have given."""

from __future__ import annotations

from ..core import check_tensor, close, partly
from ..probes.pomeranian import bench, frame, zoo


def start(seed: int, answer: dict) -> str | None:
    """U[0, 1], three channels, a leaf that wants a gradient, from the seed and from a generator of its own."""
    size, _ = frame(seed)
    x = answer["x"]
    problem = check_tensor(x, (1, 3, size, size), "the start")
    if problem is not None:
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
            "torch's global generator was reseeded, and whatever the caller draws next with it: use a "
            "generator of your "
            "own, torch.Generator().manual_seed(seed)"
        )
    if not answer["wants_gradient"]:
        return "no gradient will reach this start: wrap it in nn.Parameter, or call requires_grad_(True)"
    if not answer["leaf"]:
        return (
            "this start was computed from something that requires a gradient, so no optimizer will take it: "
            "draw first, "
            "and wrap it in nn.Parameter last"
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
    if low in names and [i for i, name in enumerate(names) if low in name][0] != wanted and kind == "found":
        return f"{said}: {names[wanted]!r} is a whole name, which goes before names that merely contain it"
    if low in names and kind == "LookupError" and query in classes:
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
    if missing:
        return f"{missing[0]!r} is missing" + (
            f", and there is {more[0]!r}: labels are f'{{key}}={{value}}'"
            if more
            else (": every value of every list is to be tried")
        )
    if plan != right:
        label = next(label for label in plan if plan[label] != right.get(label))
        return f"{label!r} has the settings {plan[label]}"
    if answer["misspelled"] != "LookupError":
        said = (
            "a change to 'weight_decay', which this recipe calls 'wd', was accepted: it would have changed "
            "nothing, and you "
            "would have concluded that decay does not matter. Raise a KeyError for a key that the recipe lacks"
        )
        return partly(said, 1 / 2)
    return None
