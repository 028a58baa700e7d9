"""Strict readers of values: each takes what a file says and where it says it, and returns it checked or refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from reprlib import repr as shortly
from typing import Any

from ..basics.names import nearest

NEEDED = object()


class RecipeError(ValueError):
    """A recipe file says something that is not known or not allowed."""


def number(low: float, high: float) -> Callable[[Any, str], float]:
    """A number from ``low`` to ``high``."""

    def read(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise RecipeError(f"{where} is a number from {low:g} to {high:g}, got {shortly(value)}{_exponent(value)}")
        return float(value)

    return read


def whole(low: int, high: int) -> Callable[[Any, str], int]:
    """A whole number from ``low`` to ``high``."""

    def read(value: Any, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise RecipeError(f"{where} is a whole number from {low} to {high}, got {shortly(value)}")
        return value

    return read


def words(longest: int) -> Callable[[Any, str], str]:
    """A line of text."""

    def read(value: Any, where: str) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            raise RecipeError(f"{where} is text of 1 to {longest} characters, got {shortly(value)}")
        return " ".join(value.split())

    return read


def flag(value: Any, where: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise RecipeError(f"{where} is true or false, got {shortly(value)}")
    return value


def choice(*known: str) -> Callable[[Any, str], str]:
    """One of these words."""

    def read(value: Any, where: str) -> str:
        return _known(value, known, where)

    return read


def kind_of(kinds: Mapping[str, Mapping]) -> Callable[[Any, str], dict]:
    """A name alone (``flip``), or with its options by name (``jitter: {pixels: 8}``) or in order (``jitter: 8``)."""

    def read(value: Any, where: str) -> dict:
        given = value if isinstance(value, Mapping) else {value: {}} if isinstance(value, str) else {}
        if len(given) != 1:
            raise RecipeError(
                f"{where} is one name with its options, such as `{_example(kinds)}`; got {shortly(value)}"
            )
        [(name, options)] = given.items()
        _known(name, kinds, where)
        options = _by_name(options, [*kinds[name]], f"{where}: {name}")
        return {"name": name, **read_all(kinds[name], options, f"{where}: {name}")}

    return read


def several(read_one: Callable[[Any, str], Any], most: int) -> Callable[[Any, str], list]:
    """A list of such things, at most ``most``."""

    def read(value: Any, where: str) -> list:
        if not isinstance(value, list) or len(value) > most:
            raise RecipeError(f"{where} is a list of at most {most}, got {shortly(value)}")
        return [read_one(one, f"{where} {i}") for i, one in enumerate(value, start=1)]

    return read


def read_all(known: Mapping[str, tuple[Callable, Any]], given: Mapping, where: str) -> dict:
    """Check every given value, and fill in the defaults of the others."""
    for key in given:
        _known(key, known, f"{where}: a key")
    found = {}
    for key, (read, default) in known.items():
        if key not in given and default is NEEDED:
            raise RecipeError(f"{where} lacks {key}")
        found[key] = read(given[key], f"{where}: {key}") if key in given else default
    return found


def _known(value: Any, known: Iterable[str], where: str) -> str:
    known = list(known)
    if value in known:
        return value
    near = nearest(str(value), known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known) or 'none'}"
    raise RecipeError(f"{where} is not {shortly(value)}; {hint}")


def _by_name(options: Any, names: list[str], where: str) -> Mapping:
    """Options by name, also if they were given in order, or are just one, or none."""
    if isinstance(options, Mapping):
        return options
    given = [] if options is None else options if isinstance(options, list) else [options]
    if len(given) > len(names):
        raise RecipeError(f"{where} takes {', '.join(names) or 'no options'}; got {shortly(options)}")
    return dict(zip(names, given, strict=False))


def _exponent(value: Any) -> str:
    as_text = isinstance(value, str) and re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)e[-+]?\d+", value)
    return " (YAML reads 1e-3 as text: write 1.0e-3, or 0.001)" if as_text else ""


def _example(kinds: Mapping[str, Mapping]) -> str:
    name, options = next((n, o) for n, o in kinds.items() if o)
    return f"{name}: {{{next(iter(options))}: …}}"
