"""Stored results as rows of numbers and words, for the terminal and for the page."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from benchmarks.measure import store
from benchmarks.measure.bootstrap import Comparison, compare
from helpers import wilson
from helpers.show.typography import typeset

JUDGE_TITLES = {"efficientnet_lite0": "Lite0", "efficientnet_lite1": "Lite1"}
OWN = "its own"  # the ratio of what is its own floor
NUMBER = re.compile(r"\[?[-+]?[\d.,∞]+%?\]?(\s\([-+\d.,∞–\sto]+\))?")  # perhaps in brackets, or with an interval
NO_NUMBER = ("", "–", OWN)  # what stands in a column of numbers where there is none


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns for a terminal, the first row underlined."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, columns of numbers flush right; "top-1" does not break at its hyphen."""
    rules = ["--:" if of_numbers([row[i] for row in rows[1:]]) else "---" for i in range(len(rows[0]))]
    rows = [
        [typeset(cell.replace("|", "/")).replace("top-", "top\N{NON-BREAKING HYPHEN}") for cell in row] for row in rows
    ]
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"| {' | '.join(rules)} |", *body])


def of_numbers(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, and nothing else but a word for their absence."""
    found = [cell for cell in cells if cell not in NO_NUMBER]
    return bool(found) and all(NUMBER.fullmatch(cell) for cell in found)


def share(entry: dict, judge: str, first: int, classes: Sequence[int], way: str | None = None) -> str:
    """A share in words: ``61% (54–68)``, with Wilson's 95% interval (chapter 8); a dash if nothing is drawn."""
    hits = store.hits(entry, judge, first, classes, way)
    if not hits:
        return "–"
    return share_of(sum(hits.values()), len(hits))


def share_of(hits: int, count: int) -> str:
    """So many of so many, in words, with Wilson's interval."""
    low, high = wilson(hits, count)
    return f"{hits / count:.0%} ({100 * low:.0f}–{100 * high:.0f})".replace(" ", "\N{NO-BREAK SPACE}")


def harder(entries: Sequence[dict], judges: Sequence[str], classes: Sequence[int]) -> list[list[str]]:
    """How often each judge names the class first where the pictures are small, gray or blurred."""
    ways = list(next(iter(entries[0]["classes"].values()))["harder"])
    rows = [["recipe", "steps", *(f"{way}: {JUDGE_TITLES[judge]}" for way in ways for judge in judges)]]
    for entry in entries:
        shares = [share(entry, judge, 1, classes, way) for way in ways for judge in judges]
        rows.append([entry["title"], str(entry["steps"]), *shares])
    return rows


def quality(entries: Sequence[dict], judges: Sequence[str], classes: Sequence[int]) -> list[list[str]]:
    """The main table: for each entry how often each judge names the class."""
    rows = [["recipe", "steps", "classes", *(f"{JUDGE_TITLES[judge]} top-{n}" for judge in judges for n in (1, 5))]]
    for entry in entries:
        count = len(store.hits(entry, judges[0], 1, classes))
        shares = [share(entry, judge, n, classes) for judge in judges for n in (1, 5)]
        rows.append([entry["title"], str(entry["steps"]), str(count), *shares])
    return rows


def cost(entries: Sequence[dict]) -> list[list[str]]:
    """What a picture takes, by each entry that was timed."""
    rows = [["recipe", "steps", "s an image", "ms a step", "× bare network"]]
    for entry in entries:
        timing = entry.get("timing", {})
        numbers = [spread(timing.get(key), digits) for key, digits in (("seconds", 2), ("ms", 1), ("ratio", 2))]
        rows.append([entry["title"], str(entry["steps"]), *numbers])
    return rows


def ablation(entries: Sequence[dict], judges: Sequence[str], classes: Sequence[int]) -> list[list[str]]:
    """Each recipe beside the first: how often each judge names the class, in percentage points, and what it costs."""
    head = ["recipe", *(f"{JUDGE_TITLES[j]} top-{n}" for j in judges for n in (1, 5))]
    rows = [[*head, f"{head[1]}, points against the whole (95%)", "s an image"]]
    for entry in entries:
        found = compare(*(store.hits(one, judges[0], 1, classes) for one in (entry, entries[0])))
        low, high = (100 * end / found.classes for end in found.difference_interval)
        difference = f"{100 * found.difference / found.classes:+.0f} ({low:+.0f} to {high:+.0f})"
        shares = [share(entry, j, n, classes) for j in judges for n in (1, 5)]
        seconds = spread(entry.get("timing", {}).get("seconds"), 2)
        rows.append([entry["title"], *shares, "–" if entry is entries[0] else difference, seconds])
    return rows


def spread(values: Sequence[float] | None, digits: int) -> str:
    """A median with its quartiles: ``45.1 (44.0–47.2)``; a dash if it was not measured."""
    if not values:
        return "–"
    median, low, high = (f"{value:.{digits}f}" for value in values)
    return f"{median} ({low}–{high})"


def comparisons(
    ours: dict, peers: Sequence[dict], judges: Sequence[str], classes: Sequence[int]
) -> list[tuple[dict, str, int, Comparison]]:
    """One entry against peers: (peer, judge, 1 or 5, comparison on the classes that both have)."""
    found = []
    for peer, judge, first in itertools.product(peers, judges, (1, 5)):
        mine, theirs = (store.hits(entry, judge, first, classes) for entry in (ours, peer))
        if mine.keys() & theirs.keys():
            found.append((peer, judge, first, compare(mine, theirs)))
    return found


def duels(
    entries: Sequence[dict], main: str, judges: Sequence[str], classes: Sequence[int]
) -> Iterator[tuple[dict, list[tuple[dict, str, int, Comparison]]]]:
    """Every entry but the peers' with its comparisons: the main one against all peers, the others against the best."""
    peers, best = [e for e in entries if e["kind"] == "peer"], best_peer(entries, judges, classes)
    for entry in entries:
        against = peers if entry["name"] == main else [best] if best else []
        found = comparisons(entry, against, judges, classes) if entry["kind"] != "peer" else []
        if found:
            yield entry, found


def best_peer(entries: Sequence[dict], judges: Sequence[str], classes: Sequence[int]) -> dict | None:
    """The peer whose class is named first most often, over all judges."""

    def score(entry: dict) -> float:
        found = [store.hits(entry, judge, 1, classes) for judge in judges]
        return sum(sum(hits.values()) / len(hits) for hits in found)

    peers = [entry for entry in entries if entry["kind"] == "peer" and store.hits(entry, judges[0], 1, classes)]
    return max(peers, key=score, default=None)


def compared(found: Sequence[tuple[dict, str, int, Comparison]], title: str) -> list[list[str]]:
    """The comparisons as a table, what counts first; a peer's name stands in its first row only."""
    head = [f"{title} against", "judge", "verdict", "more classes (95%)", "classes", "ours", "the peer", "ratio (95%)"]
    rows = [head]
    last = None
    for entry, judge, first, c in found:
        low, high = c.difference_interval
        rows.append(
            [
                "" if entry is last else entry["title"],
                f"{JUDGE_TITLES[judge]} top-{first}",
                c.verdict,
                f"{c.difference:+d} ({low:+.0f} to {high:+.0f})",
                str(c.classes),
                str(c.first),
                str(c.second),
                f"{c.ratio:.2f} ({c.ratio_interval[0]:.2f} to {c.ratio_interval[1]:.2f})".replace("inf", "∞"),
            ]
        )
        last = entry
    return rows
