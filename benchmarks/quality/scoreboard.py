"""Score a recipe, a small YAML file, on the odd classes, and enter it on the scoreboard.

python -m benchmarks.quality.scoreboard my_recipe.yml                  200 classes; ten to twenty minutes
python -m benchmarks.quality.scoreboard my_recipe.yml --classes 20     a first impression
python -m benchmarks.quality.scoreboard                                the board as it stands
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import store, tables
from benchmarks.quality import run as quality
from benchmarks.quality.drawing import JUDGES
from benchmarks.quality.entries import find, in_order
from helpers import wilson
from helpers.recipe_files.reading import RecipeError

COUNT = 200  # classes that count on the board


def place(entry: dict, classes: Sequence[int]) -> dict:
    """One line of the board: how often each judge names the class, first and among five."""
    hits = {f"{judge} top-{n}": store.hits(entry, judge, n, classes) for judge in JUDGES for n in (1, 5)}
    first = hits[f"{JUDGES[0]} top-1"]
    shares = {key: sum(found.values()) / len(found) for key, found in hits.items()}
    mean = sum(shares[f"{judge} top-1"] for judge in JUDGES) / len(JUDGES)
    facts = {key: entry[key] for key in ("name", "title", "kind", "author", "settings", "steps", "seed")}
    seconds = entry.get("timing", {}).get("seconds", [None])[0]
    low, high = wilson(sum(first.values()), len(first))
    return {
        **facts,
        "classes": len(first),
        **{key: round(value, 4) for key, value in shares.items()},
        "score": round(mean, 4),
        "interval": [round(low, 4), round(high, 4)],
        "seconds": seconds,
    }


def board(results: Path, count: int = COUNT) -> list[dict]:
    """All entries, the best first: by the mean over the judges of how often the class is named first.

    Those that have not drawn all ``count`` classes stand below those that have.
    """
    classes = store.sample(count)
    entries = [e for e in in_order(store.entries(results)) if store.hits(e, JUDGES[0], 1, classes)]
    lines = [place(entry, classes) for entry in entries]
    return sorted(lines, key=lambda line: (line["classes"] < count, -line["score"]))


def rows(lines: Sequence[dict]) -> list[list[str]]:
    """The board as a table."""
    table = [["", "recipe", "by", "score", *(f"{tables.JUDGE_TITLES[j]} top-{n}" for j in JUDGES for n in (1, 5))]]
    table[0] += ["classes", "steps", "s an image"]
    for i, line in enumerate(lines, start=1):
        seconds = "–" if line["seconds"] is None else f"{line['seconds']:.1f}"
        shares = [f"{line[f'{judge} top-{n}']:.0%}" for judge in JUDGES for n in (1, 5)]
        by = line["author"] or {"ours": "this book", "peer": "its defaults"}.get(line["kind"], "")
        numbers = [f"{line['score']:.1%}", *shares, str(line["classes"]), str(line["steps"]), seconds]
        table.append([str(i), line["title"], by, *numbers])
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Score a recipe if one is given, and print the board."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", nargs="?", help="a YAML file")
    parser.add_argument("--classes", type=int, default=COUNT, help=f"how many odd classes (default {COUNT})")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw (2)")
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    chosen = parser.parse_args(arguments)
    if chosen.recipe:
        entry = find(chosen.recipe)
        options = ["--classes", str(chosen.classes), "--workers", str(chosen.workers)]
        options += ["--results", str(chosen.results), "--timed", "1"]
        if quality.run([entry], quality.parse(options)):
            sys.exit("scoreboard: the recipe could not be drawn")
    lines = board(chosen.results)
    store.save_json(chosen.results / "scoreboard.json", lines)
    print(tables.columns(rows(lines)))


if __name__ == "__main__":
    try:
        main()
    except (RecipeError, LookupError) as error:
        sys.exit(f"scoreboard: {error}")
