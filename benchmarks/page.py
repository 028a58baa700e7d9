"""Write the book's pages on the benchmarks and the scoreboard from what is stored. No number on them is typed.

    python -m benchmarks.page

The words are in ``benchmarks.md`` and ``scoreboard.md``: templates for Jinja2, which jupyter-book and torch bring.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.measure import sheets, store, tables
from benchmarks.measure.machine import in_words
from benchmarks.quality import drawing, kinship, riddle, scoreboard, tuning
from benchmarks.quality.drawing import JUDGES
from benchmarks.quality.entries import MAIN, SECOND, in_order
from benchmarks.speed import cases, engine
from helpers.basics.files import write_whole
from helpers.networks.load import imagenet_classes

HERE = Path(__file__).parent
WORDS = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined)
WORDS.filters |= {"table": tables.markdown, "in_words": in_words}
WORDS.globals |= {"cases": cases, "drawing": drawing, "engine": engine, "kinship": kinship, "riddle": riddle}
WORDS.globals |= {"sheets": sheets, "tables": tables, "tuning": tuning, "main": MAIN, "second": SECOND}
WORDS.globals["strangers"] = " and ".join(f"EfficientNet-{title}" for title in tables.JUDGE_TITLES.values())


def written(template: str, **facts: object) -> str:
    """A page: the words of a template with the facts among them, and one empty line where a part is left out."""
    return re.sub(r"\n{3,}", "\n\n", WORDS.get_template(template).render(facts)).rstrip() + "\n"


def seen_from(page: Path, path: Path) -> str:
    """The way from a page to a file; empty if there is no file."""
    return Path(os.path.relpath(path, page.parent)).as_posix() if path.exists() else ""


def benchmarks(results: Path, page: Path, steps: int, count: int) -> str:
    """The text of the benchmarks page."""
    classes, wordless = store.sample(count), seen_from(page, results / riddle.SHEET)
    entries = [entry for entry in in_order(store.entries(results, steps)) if entry["kind"] != "recipe"]
    changed = ablation(results / "ablation")
    return written(
        "benchmarks.md",
        entries=entries,
        count=count,
        networks=", ".join(dict.fromkeys(entry["network"] for entry in entries)),
        seeds=", ".join(dict.fromkeys(str(entry["seed"]) for entry in entries)),
        confirmed=[entry["confirmed"] for entry in entries if "confirmed" in entry],
        machine=store.load(results / "machine.json"),
        quality=tables.quality(entries, JUDGES, classes),
        harder=harder(entries, classes),
        duels=tables.duels(entries, MAIN, JUDGES, classes),
        sheet=seen_from(page, results / "sheet.webp"),
        failing={e["title"]: failures(e, classes) for e in entries if e["name"] in (MAIN, "visualize-two")},
        wordless=wordless,
        asked=store.load(results / "riddle.json"),
        guessed=riddle.answered(results) if wordless else {},
        speed=store.load(results / "engine.json"),
        elsewhere=[store.load(path) for path in sorted(results.glob("engine-*.json"))],
        climb=store.load(results / "climb.json"),
        kin=kinship.counted(store.load(results / "kinship.json")),
        chance=1 / len(imagenet_classes()),
        changed=tables.ablation(changed, JUDGES, classes),
        changed_on=len(store.hits(changed[0], JUDGES[0], 1, classes)) if changed else 0,
        tuned=tuning.rows(store.load(results / "tuning.json")),
        settings=settings(entries),
    )


def harder(entries: Sequence[dict], classes: Sequence[int]) -> list[list[str]]:
    """How often the same pictures, harder to name, are named; of the rows for which it was asked."""
    asked = [entry for entry in entries if all("harder" in record for record in entry["classes"].values())]
    return tables.harder(asked, JUDGES, classes) if asked else []


def failures(entry: dict, classes: Sequence[int]) -> list[list[str]]:
    """The classes that neither judge has among its first five, and what each sees instead."""
    names = imagenet_classes()
    rows = [["class", *(f"{tables.JUDGE_TITLES[judge]} sees" for judge in JUDGES)]]
    for k in sorted(classes):
        record = entry["classes"].get(str(k))
        if record and all(record["rank"][judge] > 5 for judge in JUDGES):
            sees = [f"{record['first'][judge]} (it is no. {record['rank'][judge]})" for judge in JUDGES]
            rows.append([f"{names[k]} ({k})", *sees])
    return rows


def ablation(folder: Path) -> list[dict]:
    """The whole recipe, and each with one thing changed; none if the whole one is missing."""
    entries = sorted(in_order(store.entries(folder)), key=lambda entry: entry["name"] != "recipe-whole")
    return entries if entries and entries[0]["name"] == "recipe-whole" else []


def settings(entries: Sequence[dict]) -> str:
    """What each row is, calls set as code."""
    rows = [[entry["title"], re.sub(r"visualize\([^)]*\)", r"`\g<0>`", entry["settings"])] for entry in entries]
    return tables.markdown([["recipe", "what it does"], *rows])


def board(results: Path) -> str:
    """The text of the scoreboard page."""
    lines = store.load(results / "scoreboard.json") or []
    example = (HERE / "recipes" / "visualize.yml").read_text(encoding="utf-8").strip()
    return written("scoreboard.md", rows=scoreboard.rows(lines), settings=settings(lines), example=example)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both pages."""
    parser = argparse.ArgumentParser(prog="benchmarks.page", description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=128, help="of the rows shown (128)")
    parser.add_argument("--classes", type=int, default=200, help="how many odd classes (200)")
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    parser.add_argument("--book", type=Path, default=store.ROOT / "book", help="where the pages go")
    chosen = parser.parse_args(arguments)
    results, book = chosen.results.resolve(), chosen.book.resolve()
    store.save_json(results / "scoreboard.json", scoreboard.board(results, chosen.classes))
    page = book / "benchmarks.md"
    write_whole(page, benchmarks(results, page, chosen.steps, chosen.classes).encode())
    write_whole(book / "scoreboard.md", board(results).encode())
    print(f"Written: {page.name} and scoreboard.md in {book.name}/")


if __name__ == "__main__":
    main()
