"""Finding a class or a layer by its name, and saying what was probably meant."""

from __future__ import annotations

import difflib
import linecache
import traceback
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet


class UnknownName(LookupError):
    """Nothing is called so. A notebook shows the hint first, then the reader's own lines, and no frames of ours."""

    def _render_traceback_(self) -> list[str]:
        said = [f"LookupError: {self}"]
        for frame, line in traceback.walk_tb(self.__traceback__):
            if frame.f_globals.get("__name__") == "__main__":
                said.append(f"  line {line} of the cell: {linecache.getline(frame.f_code.co_filename, line).strip()}")
        return said


class UnknownIndex(UnknownName, IndexError):
    """Nothing has this number."""


def nearest(wanted: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that look most like ``wanted``, best first, whatever their case."""
    by_lower: dict[str, str] = {}
    for name in known:
        by_lower.setdefault(name.lower(), name)
    found = difflib.get_close_matches(str(wanted).lower(), by_lower, n=count, cutoff=0.6)
    return [by_lower[name] for name in found]


def in_order(classes: Sequence[object] | Mapping[object, object]) -> list[str]:
    """The names of classes as a list, from any sequence (a ``range``, too) or from a dict.

    Args:
        classes: in order; or from index to name, the index a number or its digits; or from name to index, as
            torchvision's ``ImageFolder.class_to_idx``.

    Raises:
        ValueError: a dict whose indices are not 0, 1, 2, …
        TypeError: a set, which has no order, or no sequence at all, such as how many there are.
    """
    if isinstance(classes, AbstractSet):
        raise TypeError("classes stand in the order of the logits, and a set has none: give a list")
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise TypeError(f"classes are the names of the logits, a list or range(10), [] for none; got {classes!r:.60}")
    if isinstance(classes, Mapping):
        indices = {str(i) for i in range(len(classes))}
        by_index = {str(index): name for index, name in classes.items()}
        if by_index.keys() != indices:
            by_index = {str(index): name for name, index in classes.items()}
        if by_index.keys() != indices:
            raise ValueError(f"a dict of classes has a name for each of 0 to {len(classes) - 1}; got {[*classes][:5]}")
        classes = [by_index[str(i)] for i in range(len(classes))]
    return [str(name) for name in classes]


def search_classes(query: str, classes: Sequence[str]) -> list[tuple[int, str]]:
    """All classes whose name contains ``query``, whatever its case, as (index, name): that very name first."""
    wanted = query.lower()
    found = [(i, name) for i, name in enumerate(classes) if wanted in name.lower()]
    return sorted(found, key=lambda one: (one[1].lower() != wanted, not one[1].lower().startswith(wanted)))


def find_class(query: int | str, classes: Sequence[str]) -> int:
    """The index of a class, from an index in [0, len(classes)) or a whole name in any case.

    Raises:
        IndexError: an index out of range.
        LookupError: no class, or more than one, of that name; the nearest right answers are given.
        TypeError: neither a whole number nor a name.
    """
    if isinstance(query, str):
        return _find_by_name(query, classes)
    if isinstance(query, bool) or not hasattr(query, "__index__"):
        raise TypeError(f"a class is an index or a name, not {query!r} of type {type(query).__name__}")
    index = query.__index__()
    if not 0 <= index < len(classes):
        raise UnknownIndex(f"no class {index}: the classes are numbered 0 to {len(classes) - 1}")
    return index


def _find_by_name(query: str, classes: Sequence[str]) -> int:
    exact = [i for i, name in enumerate(classes) if name == query]
    found = exact or [i for i, name in enumerate(classes) if name.lower() == query.strip().lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownName(
            f"{len(found)} classes are called {query!r}: say which by its index, {' or '.join(map(str, found))}"
        )
    holding = search_classes(query, classes)[:3] if query.strip() else []
    near = [f"{name!r} ({i})" for i, name in holding] or [
        f"{name!r} ({classes.index(name)})" for name in nearest(query, classes)
    ]
    rest = f"there are {', '.join(classes)}" if len(classes) <= 12 else "search_classes(part) lists those that hold it"
    hint = f"did you mean {' or '.join(near)}?" if near else rest
    raise UnknownName(f"no class {query!r}; {hint}")
