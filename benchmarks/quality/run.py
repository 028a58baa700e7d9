"""How often does a stranger network name what was drawn? Ours and the peers', on the same odd classes.

    python -m benchmarks.quality.run --results _build/benchmarks --minutes 1.3     a sample in half an hour
    python -m benchmarks.quality.run                                               everything, on 200 classes

Every picture is judged by two networks that took no part. What is stored is not drawn again, unless its recipe has
changed; a run that is killed loses a few pictures. Timings are taken alone, before the drawing is shared out among
processes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import sheets, store, tables
from benchmarks.measure.machine import in_words, machine
from benchmarks.quality import drawing
from benchmarks.quality.drawing import JUDGES, Crew, tasks_for
from benchmarks.quality.entries import MAIN, Entry, every_entry, find, in_order
from benchmarks.quality.peers import NOT_INSTALLED
from benchmarks.quality.timing import time_entry


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, draw, judge, store, print."""
    chosen = parse(arguments)
    plan = [find(name) for name in chosen.entries] if chosen.entries else every_entry()
    usable = [entry for entry in plan if NOT_INSTALLED not in entry.title]
    for entry in plan:
        if entry not in usable:
            print(f"{entry.title}: `make bench` installs it; left out")
    failed = run(usable, chosen)
    report(chosen)
    if failed:
        sys.exit(f"failed: {', '.join(dict.fromkeys(failed))}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.run", description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, default=200, help="how many odd classes (default 200)")
    parser.add_argument("--steps", type=int, default=128, help="of entries without a number of their own (128)")
    parser.add_argument("--seed", type=int, default=0, help="of every picture (0)")
    parser.add_argument("--minutes", type=float, help="for each entry but `visualize`; unlimited by default")
    parser.add_argument("--entries", nargs="+", metavar="NAME", help="only these, by name or recipe file")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw; 0 for this one (2)")
    parser.add_argument("--threads", type=int, default=1, help="of each process that draws (1)")
    parser.add_argument("--timed", type=int, default=2, help="pictures, or batches, timed of each entry (2)")
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    chosen = parser.parse_args(arguments)
    chosen.order = store.sample(chosen.classes)
    return chosen


def run(plan: Sequence[Entry], chosen: argparse.Namespace) -> list[str]:
    """Time every entry alone, then draw with all of them; returns the titles of those that failed."""
    store.save_json(chosen.results / "machine.json", machine())
    failed: list[str] = []
    for entry in plan:
        if chosen.timed:
            attempt(entry, failed, keep_time, entry, chosen)
    with Crew(chosen.workers, chosen.threads) as crew:
        for entry in plan:
            attempt(entry, failed, fill, entry, chosen, crew)
    return failed


def attempt(entry: Entry, failed: list[str], work: Callable[..., None], *arguments: object) -> None:
    """Do the work; if a library gives up, say so, and go on with the others."""
    try:
        work(*arguments)
    except Exception as error:  # whatever a peer may raise
        print(f"{entry.title} failed: {type(error).__name__}: {error}", flush=True)
        failed.append(entry.title)


def stored(entry: Entry, chosen: argparse.Namespace) -> tuple[Path, dict]:
    """Where an entry is kept, and what of it still counts."""
    about = entry.about(drawing.network(), chosen.steps, chosen.seed)
    path = store.path_of(chosen.results, entry.name, about["steps"])
    return path, store.fresh(path, about)


def keep_time(entry: Entry, chosen: argparse.Namespace) -> None:
    """Time an entry, unless that is stored."""
    path, kept = stored(entry, chosen)
    if "timing" in kept:
        return
    classes = chosen.order[: chosen.timed * entry.batch]
    kept["timing"] = time_entry(entry, drawing.network(), classes, chosen.steps, chosen.seed)
    store.save(path, kept)
    found = kept["timing"]
    print(
        f"{entry.title}: {found['seconds'][0]:.2f} s an image, {found['ratio'][0]:.2f} × the bare network", flush=True
    )


def fill(entry: Entry, chosen: argparse.Namespace, crew: Crew) -> None:
    """Draw the classes that are missing, as far as time allows."""
    path, kept = stored(entry, chosen)
    missing = [k for k in chosen.order if str(k) not in kept["classes"]]
    pictures = chosen.results / "pictures" / path.stem
    tasks = tasks_for(entry, missing, chosen.steps, chosen.seed, pictures)
    for records in crew.results(tasks, clock(None if entry.whole else chosen.minutes)):
        kept["classes"] |= {str(k): record for k, record in records.items()}
        store.save(path, kept)
        if sys.stdout.isatty():
            print(progress(entry, kept, chosen.order), end="\r", flush=True)
    print(progress(entry, kept, chosen.order), flush=True)


def clock(minutes: float | None) -> Callable[[], bool]:
    """Says whether there is time left, from now on."""
    end = None if minutes is None else time.monotonic() + 60 * minutes
    return lambda: end is None or time.monotonic() < end


def progress(entry: Entry, kept: dict, order: Sequence[int]) -> str:
    """How far an entry is, and what the judges say."""
    shares = ", ".join(f"{judge} {tables.share(kept, judge, 1, order)}" for judge in JUDGES)
    done = len(store.hits(kept, JUDGES[0], 1, order))
    return f"{entry.title}: {done} classes; {shares}"


def report(chosen: argparse.Namespace) -> None:
    """Print the tables and draw the contact sheets from all that is stored."""
    found = in_order(store.entries(chosen.results, chosen.steps))
    if not found:
        return
    print(f"\n{in_words(store.load(chosen.results / 'machine.json'))}")
    print(f"{found[0]['network']} drew, {len(chosen.order)} odd classes at most, seed {chosen.seed}\n")
    print(tables.columns(tables.quality(found, JUDGES, chosen.order)))
    print(f"\n{tables.columns(tables.cost(found))}")
    for one, pairs in tables.duels(found, MAIN, JUDGES, chosen.order):
        print(f"\n{tables.columns(tables.compared(pairs, one['title']))}")
    folders = [(entry["title"], chosen.results / "pictures" / f"{entry['name']}-{entry['steps']}") for entry in found]
    if any(folder.exists() for _, folder in folders):
        names = [drawing.network().class_name(k) for k in chosen.order]
        sheets.save(sheets.sheet(folders, chosen.order, names), chosen.results / "sheet.webp")
    print(f"\nContact sheets and results are in {chosen.results}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped; what was drawn is kept, and the same command goes on from there.")
