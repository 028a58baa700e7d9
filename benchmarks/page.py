"""Write the book's pages on the benchmarks and the scoreboard from what is stored. No number on them is typed.

python -m benchmarks.page
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import sheets, store, tables
from benchmarks.measure.machine import in_words
from benchmarks.quality import kinship, riddle, scoreboard, tuning
from benchmarks.quality.drawing import JUDGES, SIGMA, TILE
from benchmarks.quality.entries import MAIN, SECOND, in_order
from benchmarks.speed import cases, engine
from helpers.basics.files import write_whole
from helpers.networks.load import imagenet_classes

GENERATED = "*Written by `{command}` from what is stored in `benchmarks/results`: no number on this page is typed.*"
STRANGERS = " and ".join(f"EfficientNet-{title}" for title in tables.JUDGE_TITLES.values())

NOTES = {
    cases.LOOP: (
        "`visualize` runs the network in bfloat16 where that is faster. The floor does not, which is how a ratio can "
        "lie below 1."
    ),
    cases.LAYERS: (
        "The network that is cut off makes every channel of its last layer. Where that is a convolution, ours makes "
        "the one asked for (chapter 5); a fire module is made whole by both."
    ),
}


def figure(path: Path, page: Path, alt: str, caption: str) -> str:
    """A figure, if there is a picture, which dark pages leave as it is; else nothing."""
    if not path.exists():
        return ""
    place = Path(*[".."] * len(page.parent.relative_to(store.ROOT).parts)) / path.relative_to(store.ROOT)
    return f"```{{figure}} {place.as_posix()}\n:alt: {alt}\n:class: dark-light\n:figclass: pom-wide\n\n{caption}\n```"


def failures(entry: dict, classes: Sequence[int]) -> str:
    """The classes that neither judge has among its first five, and what each sees instead."""
    names = imagenet_classes()
    rows = [["class", *(f"{tables.JUDGE_TITLES[judge]} sees" for judge in JUDGES)]]
    for k in sorted(classes):
        record = entry["classes"].get(str(k))
        if record and all(record["rank"][judge] > 5 for judge in JUDGES):
            sees = [f"{record['first'][judge]} (it is no. {record['rank'][judge]})" for judge in JUDGES]
            rows.append([f"{names[k]} ({k})", *sees])
    if len(rows) == 1:
        return "Both judges have every class among their first five."
    return folded(f"{len(rows) - 1} classes that neither judge has among its first five", tables.markdown(rows))


def folded(title: str, text: str) -> str:
    """Text that opens at a click."""
    return f":::{{dropdown}} {title}\n{text}\n:::"


def benchmarks(results: Path, page: Path, steps: int, count: int) -> str:
    """The text of the benchmarks page."""
    classes = store.sample(count)
    entries = in_order(store.entries(results, steps))
    entries = [entry for entry in entries if entry["kind"] != "recipe"]
    parts = ["# Benchmarks", GENERATED.format(command="python -m benchmarks.page")]
    parts += [about(results, entries, count), *quality(results, page, entries, classes), *puzzle(results, page)]
    parts += speed(results)
    parts += [*in_the_browser(results), *kin(results), *ablation(results / "ablation", classes), *tuned(results)]
    parts += ["## Every recipe's settings", settings(entries)]
    return "\n\n".join(part for part in parts if part) + "\n"


def about(results: Path, entries: Sequence[dict], count: int) -> str:
    """What was measured, where and with what seeds."""
    facts = store.load(results / "machine.json")
    networks = ", ".join(dict.fromkeys(entry["network"] for entry in entries))
    seeds = ", ".join(dict.fromkeys(str(entry["seed"]) for entry in entries))
    tried = [entry["confirmed"] for entry in entries if "confirmed" in entry]
    since = (
        " The code has changed since some rows were drawn; they stand, because both judges say the same, to the last "
        f"stored digit, of what today's code draws for the first {min(tried)} of their classes."
        if tried
        else ""
    )
    return (
        f"Every recipe goes down one list of {count} classes of odd index, sampled at random, with the same frozen "
        f"network ({networks}), and two judges, {STRANGERS}, say what they see. Not every recipe has come to the end "
        "of the list: the column *classes* says how far, and comparisons are made on the classes that both have. "
        "Nothing is begun again where it never took off, unless the row says so. The "
        f"even classes were for tuning and are not reported. Seed {seeds}. Intervals are 95%: of shares "
        f"Wilson's, of differences by a paired bootstrap over classes ({{doc}}`chapter 8 "
        f"<../notebooks/08_a_second_opinion>` derives both).{since}\n\n**The judges that report are the judges that "
        "guided the tuning.** The settings of `visualize` were sought on even classes with these two at hand and no "
        "other, and no record says which was asked for which setting. That odd classes are counted protects against "
        "classes learned by heart, not against settings that suit these judges' taste: the lead over recipes that "
        f"nobody tuned for them is an upper bound.\n\nMeasured on: {in_words(facts)}."
    )


def quality(results: Path, page: Path, entries: Sequence[dict], classes: Sequence[int]) -> list[str]:
    """The part on pictures."""
    if not entries:
        return []
    parts = ["## Does a stranger name it?", tables.markdown(tables.quality(entries, JUDGES, classes))]
    parts.append(
        f"{SECOND} has the judges' architecture and was trained by the same people, on the same photographs. What it "
        "helps to draw, they may like for that reason; {doc}`chapter 8 <../notebooks/08_a_second_opinion>` looks into "
        "it. The other rows owe the judges nothing."
    )
    parts += harder(entries, classes)
    parts += ["### What a picture takes", tables.markdown(tables.cost(entries))]
    parts.append(
        "*s an image*, *ms a step* and *× bare network* (forward pass and input gradient of the same network in the "
        "same run) were taken alone: a median with its quartiles. Rows drawn in batches give their cost for one image."
    )
    pairs = tables.comparisons(entries, MAIN, JUDGES, classes)
    if pairs:
        parts += ["## Is that luck?", tables.markdown(tables.compared(pairs, "visualize"))]
    best = tables.best_peer(entries, JUDGES, classes)
    for entry in entries:
        if best and entry["kind"] == "ours" and entry["name"] != MAIN:
            found = tables.comparisons([entry, best], entry["name"], JUDGES, classes)
            if found:
                parts.append(f"### Against the best of the peers: {entry['title']}")
                parts += [pace(entry, best), tables.markdown(tables.compared(found, entry["title"]))]
    pictures = figures(results, page)
    for entry in entries:
        if entry["name"] in (MAIN, "visualize-two"):
            pictures += [f"### Where {entry['title']} fails", failures(entry, classes)]
    return parts + pictures


def harder(entries: Sequence[dict], classes: Sequence[int]) -> list[str]:
    """What remains of the shares where the same pictures are harder to name; of the rows for which it was asked."""
    asked = [entry for entry in entries if all("harder" in record for record in entry["classes"].values())]
    if not asked:
        return []
    words = (
        f"The same pictures, made harder to name: reduced to {TILE} pixels, as small as the atlas shows them; without "
        f"colors; blurred (σ = {SIGMA:g} pixels). How often is the class still named first? What only convinces at "
        "full size is a texture more than a thing."
    )
    return ["### Small, gray, blurred", words, tables.markdown(tables.harder(asked, JUDGES, classes))]


def figures(results: Path, page: Path) -> list[str]:
    """The sheet of pictures, under a heading, if there is one."""
    caption = f"The first {sheets.COLUMNS} classes of the sample, by every recipe."
    alt = "A sheet of small pictures: one row for each recipe, one column for each class"
    found = figure(results / "sheet.webp", page, alt, caption)
    return ["## The pictures", found] if found else []


def puzzle(results: Path, page: Path) -> list[str]:
    """The part on what readers see: pictures without a word, and what readers have guessed."""
    sheet = results / riddle.SHEET
    if not sheet.exists():
        return []
    stored = riddle.answered(results)
    drawn = store.load(results / "riddle.json")["drawn"]
    caption = (
        f"The first {len(riddle.CLASSES)} classes of the sample, by all networks that are packaged, so that none "
        f"is left to judge: {drawn}. Name them; the answers are below."
    )
    shown = figure(sheet, page, "Pictures of different classes, with numbers and without names", caption)
    answers = folded("The answers", tables.markdown(riddle.answers(stored)))
    return ["## What do readers see?", shown, *(guesses(stored) if stored else []), answers]


def guesses(stored: dict) -> list[str]:
    """How often readers named the pictures without words, and those that nobody named."""
    words = (
        f"Who was asked for up to {riddle.TRIES} guesses a picture, and how often were they right? A guess is right if "
        "it is the class's name, or a word that the answers give beside it; capitals and a plural s do not matter. A "
        "picture without a guess counts as missed. Intervals are Wilson's."
    )
    missed = riddle.misses(stored)
    title = f"Pictures that no reader named: {len(missed) - 1} of {len(riddle.CLASSES)}"
    nobody = [folded(title, tables.markdown(missed))] if len(missed) > 1 else []
    who = " ".join(f"Reader {i}: {reader['who'].rstrip('.')}." for i, reader in enumerate(stored["readers"], 1))
    return [f"{words} {who}", tables.markdown(riddle.rows(stored)), *nobody]


def pace(entry: dict, best: dict) -> str:
    """How long a picture takes, beside the best peer's."""
    if "timing" not in entry or "timing" not in best:
        return ""
    mine, theirs = (one["timing"]["seconds"][0] for one in (entry, best))
    return (
        f"An image takes {mine:.2f} s by {entry['title']}, and {theirs:.2f} s by {best['title']}: the first takes "
        f"{mine / theirs:.2f} times as long."
    )


def speed(results: Path) -> list[str]:
    """The part on the engine."""
    found = store.load(results / "engine.json")
    if not found:
        return []
    parts = ["## What a step costs", measured_on(found)]
    for group in engine.groups(found["cases"]):
        parts += [f"### {group}", NOTES.get(group, ""), tables.markdown(engine.rows(found["cases"], group))]
    parts.append(engine.memory_in_words(found["memory_mb"]))
    for path in sorted(results.glob("engine-*.json")):
        parts += elsewhere(store.load(path))
    return [part for part in parts if part]


def elsewhere(found: dict) -> list[str]:
    """The loop alone, measured on another machine, such as one without bfloat16."""
    able = found["machine"]["instructions"]
    without = "" if "bfloat16" in able else " There is no bfloat16 here that would save time."
    parts = [f"### With {able}", measured_on(found) + without]
    return [*parts, *(tables.markdown(engine.rows(found["cases"], group)) for group in (cases.LOOP, cases.LAYERS))]


def measured_on(found: dict) -> str:
    """Where the engine was measured, and how often."""
    return (
        f"Measured on: {in_words(found['machine'])}, {found['machine']['threads']} threads, {found['rounds']} rounds."
    )


def in_the_browser(results: Path) -> list[str]:
    """The part on the page *Climb*."""
    found = store.load(results / "climb.json")
    if not found:
        return []
    rows = [["image", "ms a step in Chromium", "ms a step in PyTorch", "ratio"]]
    for row in found["steps"]:
        size, theirs, ours = row["size"], row["pytorch_ms"], row["browser_ms"]
        rows.append([f"{size}×{size}", str(ours), str(theirs), f"{row['ratio']:.2f}"])
    memory = found["memory"]
    words = (
        f"The recipe *visualize* on the page {{doc}}`Climb <climb>`, by SqueezeNet, in Chromium {found['chromium']} on "
        "WebAssembly, against `helpers.visualize` in float32, both with one thread and taking turns. Measured on: "
        f"{in_words(found['machine'])}."
    )
    more = (
        f"With its files in the browser's cache, the page shows the first step {found['first_picture_s']} s after "
        f"Start, and its longest task while it climbs at 224×224 {longest(found['longest_task_ms'])}. Memory: "
        f"{memory['early_mb']} MB after a tenth of {memory['steps']:,} steps, {memory['late_mb']} MB at the end."
    )
    return ["## What a step costs in the browser", words, tables.markdown(rows), more]


def longest(task: float) -> str:
    """The longest task in words; the browser tells of none below 50 ms."""
    return f"takes {task:.0f} ms" if task else "stays below the 50 ms from which a browser counts it as long"


def ablation(results: Path, classes: Sequence[int]) -> list[str]:
    """The part on what each ingredient does: the whole recipe, and each with one thing changed."""
    entries = in_order(store.entries(results)) if results.exists() else []
    if not entries:
        return []
    whole = next(entry for entry in entries if entry["name"] == "recipe-whole")
    entries = [whole, *(entry for entry in entries if entry is not whole)]
    count = len(store.hits(whole, JUDGES[0], 1, classes))
    words = (
        "Each row changes one ingredient of the first, and with it what it needs (pixels are clipped, and have a "
        f"learning rate of their own; a constant rate is halved), on the first {count} classes of the sample, all "
        "drawn in batches. "
        "The files are in `benchmarks/recipes/ablation`; chapter 7 shows pictures."
    )
    return ["## What each ingredient does", words, tables.markdown(tables.ablation(entries, JUDGES, classes))]


def kin(results: Path) -> list[str]:
    """The part on what a judge's kinship with the artist is worth."""
    stored = kinship.counted(store.load(results / "kinship.json"))
    if not stored:
        return []
    count = next(iter(stored.values()))["classes"]
    words = (
        f"The first {count} classes of the sample, style `natural`, {kinship.STEPS} steps, seed {kinship.SEED}, no "
        f"restarts, drawn by {len(stored)} crews and judged by {len(kinship.NAMES)} networks: how often is the "
        "class named first? A judge that drew along stands in brackets: it says only that the ascent worked. The Lites "
        "are kin to each other, and SqueezeNet to none of them, so its word on what Lites drew, and theirs on "
        "what it drew alone, are the figures without kinship. The last column asks all judges for the name of the "
        "*next* class in the list: what shares would be if names meant nothing (by chance, "
        f"{1 / len(imagenet_classes()):.1%})."
    )
    return ["## What is kinship worth?", words, tables.markdown(kinship.rows(stored)), kinship.remains(stored)]


def tuned(results: Path) -> list[str]:
    """The part on how the style for the eye was found: what was tried on even classes, failures too."""
    table = tuning.rows(store.load(results / "tuning.json"))
    if len(table) < 2:
        return []
    words = (
        f"What was tried for the style `natural`: {tuning.COUNT} even classes drawn by lot, by the networks of "
        f"*visualize, natural, with {SECOND}*, in turn unless it says otherwise, {tuning.STEPS} steps, "
        f"{tuning.SIZE}×{tuning.SIZE}, seed {tuning.SEED}, no restarts. Of how many does each judge name the class "
        f"first: as they are, reduced to {TILE} pixels, without colors, and blurred (σ = {SIGMA:g})? What one class "
        "more or less says, {doc}`chapter 8 <../notebooks/08_a_second_opinion>` says; where rows are close, the eye "
        "decided."
    )
    return ["## How `natural` was found", words, tables.markdown(table)]


def settings(entries: Sequence[dict]) -> str:
    """What each row is, calls set as code."""
    rows = [[entry["title"], re.sub(r"visualize\([^)]*\)", r"`\g<0>`", entry["settings"])] for entry in entries]
    return tables.markdown([["recipe", "what it does"], *rows])


def board(results: Path) -> str:
    """The text of the scoreboard page."""
    lines = store.load(results / "scoreboard.json") or []
    template = (Path(__file__).parent / "scoreboard.md").read_text(encoding="utf-8")
    table = tables.markdown(scoreboard.rows(lines)) if lines else "Nobody has been scored yet."
    facts = {"generated": GENERATED.format(command="make score"), "table": table, "settings": settings(lines)}
    facts |= {"strangers": STRANGERS, "example": (Path(__file__).parent / "recipes/visualize.yml").read_text("utf-8")}
    for key, text in facts.items():
        template = template.replace(f"<<{key}>>", text.strip())
    return template


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
