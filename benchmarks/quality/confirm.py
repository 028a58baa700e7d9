"""Has a change of the code changed a picture? Draw some of the stored classes again, and compare.

    python -m benchmarks.quality.confirm [--classes 8]

A change that moves no number, such as a faster path to the same gradient, makes all stored results look out of date.
Where today's code draws the first classes so that both judges say the same of them, to the last stored digit, the
results go on counting: they take the new fingerprint, and keep on how many classes that was tried. Where anything
differs, they stay out of date, and ``python -m benchmarks.quality.run`` draws them anew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.measure import store
from benchmarks.quality import drawing
from benchmarks.quality.drawing import Crew, tasks_for
from benchmarks.quality.entries import Entry, every_entry, find

RECIPES = store.ROOT / "benchmarks" / "recipes" / "ablation"
SAID = ("rank", "probability", "first")  # what the judges say of a picture


def stale(entries: Iterable[Entry], results: Path, steps: int = 128, seed: int = 0) -> list[tuple[Entry, Path, dict]]:
    """The stored entries that differ from today's in nothing but the fingerprint of their code."""
    found = []
    for entry in entries:
        about = entry.about(drawing.network(), steps, seed)
        path = store.path_of(results, entry.name, about["steps"])
        kept = store.load(path)
        same = all(kept.get(key) == about[key] for key in ("steps", "seed", "network", "settings", "batch"))
        if kept.get("classes") and same and kept["fingerprint"] != about["fingerprint"]:
            found.append((entry, path, kept))
    return found


def differing(kept: dict, records: dict[int, dict]) -> list[int]:
    """The classes of which the judges now say something else than what is stored."""
    return [c for c, record in records.items() if any(kept["classes"][str(c)][key] != record[key] for key in SAID)]


def confirm(entry: Entry, path: Path, kept: dict, classes: Sequence[int], crew: Crew) -> bool:
    """Draw the classes again; if the judges say the same, give the results today's fingerprint, and say so."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = tasks_for(entry, classes, kept["steps"], kept["seed"], Path(folder))
        records = {c: record for found in crew.results(tasks, lambda: True) for c, record in found.items()}
    wrong = differing(kept, records)
    if wrong:
        print(f"{entry.title}: another picture of {len(wrong)} of {len(records)} classes: {wrong}", flush=True)
        return False
    store.save(path, {**kept, "fingerprint": entry.mark, "confirmed": len(records)})
    print(f"{entry.title}: the same pictures of {len(records)} classes", flush=True)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Confirm what is stored and out of date; 1 if some of it is another picture now."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.confirm", description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, default=8, help="how many of each entry (8)")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw; 0 for this one (2)")
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    chosen = parser.parse_args(arguments)
    rows = stale((entry for entry in every_entry() if entry.kind == "ours"), chosen.results)
    rows += stale((find(str(path)) for path in sorted(RECIPES.glob("*.yml"))), chosen.results / "ablation")
    held = []
    with Crew(chosen.workers, threads=1) as crew:
        for entry, path, kept in rows:
            drawn = [c for c in store.sample(len(store.ODD)) if str(c) in kept["classes"]]
            held.append(confirm(entry, path, kept, drawn[: chosen.classes], crew))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
