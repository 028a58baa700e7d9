"""Results on disk: one JSON file an entry and number of steps, a line a class, written whole after every change."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

from helpers.basics.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
ODD = range(1, 1000, 2)  # even classes are for tuning, and are never reported


def sample(count: int) -> list[int]:
    """``count`` odd classes in a random order that everyone shares; fewer are the beginning of more.

    Raises:
        ValueError: fewer than 1 or more than there are.
    """
    if not 1 <= count <= len(ODD):
        raise ValueError(f"from 1 to {len(ODD)} odd classes, got {count}")
    return random.Random(0).sample(ODD, len(ODD))[:count]


def path_of(results: Path, name: str, steps: int) -> Path:
    """Where an entry's results are kept."""
    return results / f"{name}-{steps}.json"


def load(path: Path) -> dict:
    """A stored entry; empty if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def fresh(path: Path, about: dict) -> dict:
    """The stored entry if it was made by the same recipe, else an empty one.

    It is ``about`` (name, title, settings, fingerprint, steps, seed) with ``classes``, from class (as a string) to
    record, and whatever else was stored.
    """
    kept = load(path)
    same = all(kept.get(key) == about[key] for key in ("fingerprint", "steps", "seed", "network"))
    return {**(kept if same else {}), **about, "classes": kept.get("classes", {}) if same else {}}


def save(path: Path, entry: dict) -> None:
    """Write an entry, a line a class, so that changes can be read."""
    head = {key: value for key, value in entry.items() if key != "classes"}
    lines = [f'    "{k}": {json.dumps(entry["classes"][k])}' for k in sorted(entry["classes"], key=int)]
    text = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    body = ",\n".join(lines)
    write_whole(path, f'{text},\n  "classes": {{\n{body}\n  }}\n}}\n'.encode())


def save_json(path: Path, data: object) -> None:
    """Write any JSON file, whole or not at all."""
    write_whole(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())


def entries(results: Path, steps: int | None = None) -> list[dict]:
    """All stored entries that have drawn anything; with ``steps``, of that number only, or of their own choice."""
    found = [load(path) for path in sorted(results.glob("*-*.json"))]
    found = [entry for entry in found if entry.get("classes")]
    return [entry for entry in found if steps is None or entry["steps"] == steps or entry.get("own_steps")]


def hits(entry: dict, judge: str, first: int, classes: Iterable[int], way: str | None = None) -> dict[int, bool]:
    """From class to whether the judge has it among its ``first``, 1 or 5, for those of the classes that are drawn.

    ``way`` is ``"small"``, ``"gray"`` or ``"blurred"``, if the picture was to be harder to name.
    """
    found = {k: entry["classes"][str(k)] for k in classes if str(k) in entry["classes"]}
    ranks = {k: record["harder"][way] if way else record["rank"] for k, record in found.items()}
    return {k: rank[judge] <= first for k, rank in ranks.items()}
