"""Planted mistakes of assignment b."""

from . import Mistake, Solutions

SOLUTIONS = Solutions("b_the_pomeranian_and_its_autopsy.ipynb")
NAMES = {
    "check_start": "first_x",
    "check_lookup": "find_class",
    "check_recipe": "ideal_input",
    "check_develop": "develop",
    "check_autopsy": "one_at_a_time",
    "check_volume": "at_volume",
}
REFERENCES = {check: SOLUTIONS.right(name) for check, name in NAMES.items()}

DRAWN = "torch.rand(1, 3, size, size, generator=lots)"
WRAPPED = "return nn.Parameter(noise)"
SCORED = "score = network(x)[0, c]\n        loss"
ASKED = "    with torch.no_grad():\n        score = network(x)[0, c]\n"
STRETCHED = "return (y - low) / (high - low).clamp_min(1e-8)"
SOFTENED = "y = adjust_sharpness(y, 0.0)"
ENLARGED = 'y = interpolate(x, scale_factor=2, mode="bilinear")'
DIMS = [("dim=(1, 2, 3)", "dim=WHICH"), ("dim=(1, 2, 3)", "dim=WHICH")]
OWN = "x.std(dim=(1, 2, 3), keepdim=True)"
LOUDER = "louder = x * spread / own"
ENTRY = 'plan[f"{key}={value}"] = {**recipe, key: value}'


def over(which: str) -> list[tuple[str, str]]:
    """The stretch over other dimensions."""
    return [(old, new.replace("WHICH", which)) for old, new in DIMS]


# check, what is wrong, what its message says, and the edits that make it so
PLANTED = [
    ("check_start", "normal noise", "is it normal noise", [("torch.rand(", "torch.randn(")]),
    ("check_start", "seed ignored", "is `seed` used", [("manual_seed(seed)", "manual_seed(0)")]),
    ("check_start", "no seed at all", "same seed gave two different starts", [(DRAWN, "torch.rand(1, 3, size, size)")]),
    (
        "check_start",
        "the world reseeded",
        "global generator was reseeded",
        [
            ("noise = " + DRAWN, "torch.manual_seed(seed)\n    noise = torch.rand(1, 3, size, size)"),
        ],
    ),
    ("check_start", "no batch dimension", "batch dimension missing", [("torch.rand(1, 3,", "torch.rand(3,")]),
    ("check_start", "bytes", "bytes, 0 to 255?", [(WRAPPED, "return nn.Parameter(255 * noise)")]),
    ("check_start", "no gradient wanted", "no gradient will reach this start", [(WRAPPED, "return noise")]),
    ("check_start", "not a leaf", "no optimizer will take it", [(WRAPPED, "return noise.requires_grad_(True) * 1.0")]),
    (
        "check_start",
        "gray noise",
        "color channels are the same",
        [
            ("torch.rand(1, 3,", "torch.rand(1, 1,"),
            (WRAPPED, "return nn.Parameter(noise.expand(1, 3, size, size).clone())"),
        ],
    ),
    (
        "check_start",
        "half of the range",
        "without further scaling",
        [(WRAPPED, "return nn.Parameter(0.25 + noise / 2)")],
    ),
    (
        "check_lookup",
        "case matters",
        "does the case of letters matter",
        [
            ("name.lower() for name in classes", "name for name in classes"),
            ("query.lower()", "query"),
        ],
    ),
    (
        "check_lookup",
        "parts before whole names",
        "whole name, which goes before",
        [
            ("fits = [i for i, name in enumerate(names) if name == wanted]\n", "fits = []\n"),
        ],
    ),
    (
        "check_lookup",
        "the first that fits",
        "A guess would draw the wrong animal",
        [("if len(fits) != 1:", "if not fits:")],
    ),
    (
        "check_lookup",
        "parts of names not tried",
        "one name alone contains it",
        [
            ("fits or [i for i, name in enumerate(names) if wanted in name]", "fits"),
        ],
    ),
    (
        "check_lookup",
        "counting from 1",
        "numbered from 0, so an index",
        [("            return query\n", "            return query - 1\n")],
    ),
    (
        "check_lookup",
        "negative indices",
        "negative indices are a trap",
        [("if 0 <= query < len(classes):", "if query < len(classes):")],
    ),
    (
        "check_lookup",
        "minus one for unknown",
        "should raise LookupError, so that",
        [
            ('raise LookupError(f"{query!r} fits {found}")', "return -1"),
        ],
    ),
    ("check_lookup", "the name for the index", "not its name", [("return fits[0]", "return classes[fits[0]]")]),
    (
        "check_recipe",
        "network left in training mode",
        "asked in training mode",
        [("network.eval()", "network.train()")],
    ),
    ("check_recipe", "sign error", "falls where it should rise", [("loss = -score", "loss = score")]),
    ("check_recipe", "gradient not zeroed", "not zeroed", [("optimizer.zero_grad()", "pass")]),
    ("check_recipe", "decay as L2", "as an L2 penalty", [("torch.optim.AdamW(", "torch.optim.Adam(")]),
    ("check_recipe", "no decay", "weight decay is missing", [("weight_decay=wd", "weight_decay=0.0")]),
    ("check_recipe", "torch's own decay", "torch's own 0.01", [(", weight_decay=wd", "")]),
    ("check_recipe", "numbers written in", "are written in", [("lr=lr, weight_decay=wd", "lr=5.0, weight_decay=0.1")]),
    ("check_recipe", "SGD", "this is SGD", [("torch.optim.AdamW(", "torch.optim.SGD(")]),
    (
        "check_recipe",
        "probability for logit",
        "climbed the probability",
        [
            (SCORED, "score = network(x).softmax(dim=1)[0, c]\n        loss"),
        ],
    ),
    (
        "check_recipe",
        "log-probability for logit",
        "climbed the log-probability",
        [
            (SCORED, "score = network(x).log_softmax(dim=1)[0, c]\n        loss"),
        ],
    ),
    ("check_recipe", "wrong class", "class c - 1", [(SCORED, "score = network(x)[0, c - 1]\n        loss")]),
    (
        "check_recipe",
        "the class that is ahead",
        "whichever class",
        [(SCORED, "score = network(x)[0].max()\n        loss")],
    ),
    (
        "check_recipe",
        "input normalized",
        "x was normalized",
        [
            (
                SCORED,
                "mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])\n"
                "        score = network((x - mean.view(3, 1, 1)) / std.view(3, 1, 1))[0, c]\n        loss",
            ),
        ],
    ),
    (
        "check_recipe",
        "clamp that kills the gradient",
        "clamped on its way",
        [(SCORED, "score = network(x.clamp(0, 1))[0, c]\n        loss")],
    ),
    (
        "check_recipe",
        "clamp after each step",
        "cut off at 0 and 1",
        [
            ("optimizer.step()", "optimizer.step()\n        x.data.clamp_(0, 1)"),
        ],
    ),
    ("check_recipe", "one step too few", "one step too few", [("range(steps)", "range(steps - 1)")]),
    ("check_recipe", "one step too many", "one step too many", [("range(steps)", "range(steps + 1)")]),
    (
        "check_recipe",
        "weights among the parameters",
        "the network has changed",
        [
            ("AdamW([x]", "AdamW([x, *network.parameters()]"),
            ("requires_grad_(False)", "requires_grad_(True)"),
        ],
    ),
    ("check_recipe", "weights not frozen", "piled up", [("requires_grad_(False)", "requires_grad_(True)")]),
    (
        "check_recipe",
        "optimizer holds a copy",
        "x does not change",
        [("AdamW([x]", "AdamW([x.detach().clone().requires_grad_(True)]")],
    ),
    (
        "check_recipe",
        "image detached",
        "no gradient reaches the image",
        [(SCORED, "score = network(x.detach())[0, c]\n        loss")],
    ),
    ("check_recipe", "optimizer given no leaf", "wants a leaf", [("AdamW([x]", "AdamW([x * 1.0]")]),
    ("check_recipe", "score before the last step", "score before the last step", [(ASKED, "")]),
    ("check_recipe", "the loss for a score", "this is the loss", [("score.item()", "-score.item()")]),
    (
        "check_recipe",
        "a probability for a score",
        "this is a probability",
        [
            (ASKED, ASKED.replace("network(x)[0, c]", "network(x).softmax(dim=1)[0, c]")),
        ],
    ),
    ("check_recipe", "x still requires a gradient", "still requires a gradient", [("return x.detach(),", "return x,")]),
    (
        "check_develop",
        "stretched before softened",
        "stretched before it was softened",
        [
            ("    " + SOFTENED + "\n", ""),
            (STRETCHED, "return adjust_sharpness((y - low) / (high - low).clamp_min(1e-8), 0.0)"),
        ],
    ),
    (
        "check_develop",
        "softened before enlarged",
        "softened before it was enlarged",
        [
            ("    " + SOFTENED + "\n", ""),
            (ENLARGED, ENLARGED.replace("(x,", "(adjust_sharpness(x, 0.0),")),
        ],
    ),
    ("check_develop", "no stretch", "stretch is missing", [(STRETCHED, "return y")]),
    ("check_develop", "not softened", "softening is missing", [("    " + SOFTENED + "\n", "")]),
    ("check_develop", "min-max over the batch", "for the whole batch", over("(0, 1, 2, 3)")),
    ("check_develop", "min-max of each channel", "each color channel was stretched", over("(2, 3)")),
    ("check_develop", "factor 1", "factor 1.0 means no change", [("(y, 0.0)", "(y, 1.0)")]),
    ("check_develop", "factor 2", "it was sharpened", [("(y, 0.0)", "(y, 2.0)")]),
    ("check_develop", "nearest", "repeating pixels", [('"bilinear"', '"nearest"')]),
    ("check_develop", "bicubic", "the recipe says bilinear", [('"bilinear"', '"bicubic"')]),
    ("check_develop", "corners aligned", "corners were aligned", [('"bilinear")', '"bilinear", align_corners=True)')]),
    ("check_develop", "not enlarged", "not larger than x", [(ENLARGED, "y = x")]),
    ("check_develop", "one color makes NaN", "max - min is 0", [(".clamp_min(1e-8)", "")]),
    (
        "check_develop",
        "in-place edit of the input",
        "changed the tensor it was given",
        [
            (ENLARGED, "x -= x.mean()\n    " + ENLARGED),
        ],
    ),
    (
        "check_autopsy",
        "the recipe is changed",
        "recipe that you were given has changed",
        [
            (ENTRY, 'recipe[key] = value\n            plan[f"{key}={value}"] = dict(recipe)'),
        ],
    ),
    (
        "check_autopsy",
        "changes pile up",
        "one choice at a time, or nobody",
        [
            ("for key, values", "recipe = dict(recipe)\n    for key, values"),
            (ENTRY, 'recipe[key] = value\n            plan[f"{key}={value}"] = dict(recipe)'),
        ],
    ),
    (
        "check_autopsy",
        "all entries one dict",
        "a later change got into it",
        [
            ('plan = {"the recipe": dict(recipe)}', 'recipe = dict(recipe)\n    plan = {"the recipe": recipe}'),
            (ENTRY, 'recipe[key] = value\n            plan[f"{key}={value}"] = recipe'),
        ],
    ),
    ("check_autopsy", "the recipe itself is an entry", "one and the same dict", [("dict(recipe)", "recipe")]),
    ("check_autopsy", "the recipe missing", "nothing to compare with", [('{"the recipe": dict(recipe)}', "{}")]),
    (
        "check_autopsy",
        "only what changes",
        "all of the recipe's, one of them changed",
        [("{**recipe, key: value}", "{key: value}")],
    ),
    ("check_autopsy", "only the first value", "every value of every list", [("in values:", "in values[:1]:")]),
    ("check_autopsy", "other labels", "labels are f'", [('{key}={value}"]', '{key}: {value}"]')]),
    (
        "check_autopsy",
        "misspelled keys accepted",
        "concluded that decay does not matter",
        [("if key not in recipe:", "if False:")],
    ),
    ("check_volume", "one spread for the batch", "for the whole batch", [(OWN, "x.std()")]),
    (
        "check_volume",
        "score scaled for the picture",
        "the score was scaled",
        [
            (LOUDER, "louder = x"),
            ("return score(louder)", "return score(louder) * (spread / own).flatten()"),
        ],
    ),
    (
        "check_volume",
        "mean taken off",
        "moved as well as scaled",
        [
            (LOUDER, "louder = (x - x.mean(dim=(1, 2, 3), keepdim=True)) * spread / own"),
        ],
    ),
    ("check_volume", "the wrong way", "turned the wrong way", [("x * spread / own", "x * own / spread")]),
    ("check_volume", "own spread forgotten", "divide each by its own", [("x * spread / own", "x * spread")]),
    ("check_volume", "nothing scaled", "each at its own volume", [("x * spread / own", "x")]),
    ("check_volume", "variance", "divided by their variance", [("x.std(", "x.var(")]),
    ("check_volume", "spread forgotten", "multiply by spread as well", [("x * spread / own", "x / own")]),
    (
        "check_volume",
        "each channel by itself",
        "each channel was scaled by itself",
        [(OWN, "x.std(dim=(2, 3), keepdim=True)")],
    ),
    ("check_volume", "clamped", "cut off at 0 and 1", [("score(louder)", "score(louder.clamp(0, 1))")]),
]
MISTAKES = [Mistake(check, name, SOLUTIONS.wrong(NAMES[check], *edits), says) for check, name, says, edits in PLANTED]
