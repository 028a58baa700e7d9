"""What a check is: a probe that watches the student's code at work, and a verdict on what it saw.

The two never share a process with each other's secrets. The probe runs beside the student's code and knows nothing of
the right answer; the verdict knows it, and runs where the student's code is not, when a class is graded. In a
notebook both run in one process, one after the other, and the student sees the message at once.

    def doubled(function, seed):                        # teaching/checks/probes/gradient_ascent.py
        x = random_tensor(seed, 3, 4)
        return {"y": call(function, x)}

    def doubled(seed, answer):                          # teaching/checks/verdicts/gradient_ascent.py
        x = random_tensor(seed, 3, 4)
        mistakes = {"this is the square: x * 2, not x ** 2": x**2}
        return compare(answer["y"], 2 * x, "the doubled tensor", mistakes)

    check_doubled = Check(probes.gradient_ascent.doubled, doubled)      # teaching/checks/__init__.py

    check_doubled(lambda x: x * x)                      # Not yet: this is the square: x * 2, not x ** 2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .compare import check_tensor, close, compare  # noqa: F401
from .probing import Unwritten, Wrong, as_usual, call, raised, run_probe, slope, without  # noqa: F401
from .serialize import Unreadable, pack, unpack

Probe = Callable[..., dict]
Verdict = Callable[[int, dict], "str | None"]


class Partly(str):
    """What a verdict says of an answer that is right in part."""

    share: float


def partly(problem: str | None, share: float) -> str | None:
    """A problem that leaves this share of the points; None if there is none."""
    if problem is None:
        return None
    said = Partly(problem)
    said.share = share
    return said


def each_costs(share: float, *problems: str | None) -> str | None:
    """The first of several problems, each of which costs this share of the points; None if there is none."""
    found = [problem for problem in problems if problem is not None]
    return partly(found[0], 1 - share * len(found)) if found else None


def random_tensor(seed: int, *shape: int, low: float | None = None, high: float = 1.0) -> Tensor:
    """A tensor of this shape from its own generator: normal, or uniform from ``low`` to ``high``."""
    generator = torch.Generator().manual_seed(seed)
    if low is None:
        return torch.randn(shape, generator=generator)
    return low + (high - low) * torch.rand(shape, generator=generator)


@dataclass(frozen=True)
class Check:
    """One question's check; call it with the student's function."""

    probe: Probe  # `probe(function, seed) -> dict` of plain data; with several subjects `probe(first, second, seed)`
    verdict: Verdict  # `verdict(seed, answer) -> str | None`: what is wrong and why, or None
    right: str = ""  # what is said after "Right" when all is well
    seeds: tuple[int, ...] = (0, 1, 2)  # the challenges that a notebook shows; hidden tests give others
    limit: float = 10.0  # seconds that a probe may take for one seed

    @property
    def name(self) -> str:
        """How notebooks import it: ``check_`` and the probe's name."""
        return f"check_{self.probe.__name__}"

    def __call__(self, *subjects: Any, seeds: Iterable[int] | None = None) -> None:
        """Print one line if the student's work is right.

        Args:
            subjects: the student's function, or whatever the probe takes before the seed.
            seeds: other challenges than the check's own.

        Raises:
            Wrong: it is not; the message says what is seen and what is likely to have caused it.
        """
        tried = list(self.seeds if seeds is None else seeds)
        if not tried or not subjects:
            raise ValueError(f"{self.name}(function, seeds=...) needs a function, and at least one seed")
        worst: Wrong | None = None
        for seed in tried:
            seen = self.ask(subjects, seed)
            problem = self.judge(seed, seen)
            if problem is None:
                continue
            unwritten = isinstance(seen, dict) and seen.get("unwritten") is True
            wrong = (Unwritten if unwritten else Wrong)(problem, getattr(problem, "share", 0.0))
            worst = wrong if worst is None or wrong.share < worst.share else worst
            if not worst.share:
                break
        if worst is not None:
            raise worst
        what = self.right or self.probe.__name__.replace("_", " ")
        print(f"Right: {what}" + (f" ({len(tried)} random tries)." if len(tried) > 1 else "."))

    def ask(self, subjects: Sequence[Any], seed: int) -> Any:
        """Have the probe run where the subjects live; return what it saw, as plain data."""
        if any(isinstance(subject, Remote) for subject in subjects):
            names = [subject.name for subject in subjects]
            probe = f"{self.probe.__module__}:{self.probe.__qualname__}"
            return subjects[0].request(
                {"do": "probe", "probe": probe, "subjects": names, "seed": seed, "limit": self.limit}
            )
        return unpack(pack(run_probe(self.probe, subjects, seed, self.limit)))

    def judge(self, seed: int, seen: Any) -> str | None:
        """The verdict on what a probe saw, which may come from a process that nobody trusts."""
        if not isinstance(seen, dict) or not (seen.keys() & {"answer", "problem"}):
            return "no answer came back"
        if "problem" in seen:
            return str(seen["problem"])[:2000] or "something went wrong that has no words"  # never taken for success
        try:
            with as_usual():  # as the probe was run
                return self.verdict(seed, seen["answer"])
        except Wrong as error:
            return str(error)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"[:200]
            return f"what came back is not of the kind that was asked for ({said})"


class Remote:
    """A name in a student's process, standing in for the function or value in the grader's.

    ``request`` sends plain data there and returns the plain data that comes back.
    """

    def __init__(self, name: str, request: Callable[[dict], Any]):
        self.name, self.request = name, request

    def __call__(self, *inputs: Any, limit: float = 10.0, **named: Any) -> Any:
        """Call the student's function there on plain data; raise ``Wrong`` for whatever goes wrong."""
        asked = {"do": "call", "subjects": [self.name], "inputs": list(inputs), "named": named, "limit": limit}
        return self._answer(self.request(asked))

    def value(self) -> Any:
        """The student's value, if it is plain data; raise ``Wrong`` if not."""
        return self._answer(self.request({"do": "value", "subjects": [self.name], "limit": 10.0}))

    @staticmethod
    def _answer(seen: Any) -> Any:
        if not isinstance(seen, dict) or "answer" not in seen:
            raise Wrong(str(seen.get("problem") if isinstance(seen, dict) else "no answer came back")[:2000])
        return seen["answer"]

    def __repr__(self) -> str:
        return f"<the student's {self.name}>"


def serve(asked: dict, names: dict[str, Any], find_probe: Callable[[str], Probe]) -> dict:
    """Answer what ``Check.ask`` or ``Remote`` sends, beside the student's code, whose namespace is ``names``.

    ``find_probe`` goes from ``module:name`` to a probe. Whatever is asked, plain data comes back: ``{"answer": ...}``
    or ``{"problem": ...}``.
    """
    missing = [name for name in asked["subjects"] if name not in names]
    if missing:
        return {"problem": f"there is no `{missing[0]}`: was its cell deleted, renamed, or stopped by an error?"}
    subjects = [names[name] for name in asked["subjects"]]
    if asked["do"] == "probe":
        seen = run_probe(find_probe(asked["probe"]), subjects, asked["seed"], asked["limit"])
    elif asked["do"] == "call":
        seen = run_probe(
            lambda f, _: call(f, *asked["inputs"], nothing=True, **asked["named"]), subjects, 0, asked["limit"]
        )
    else:
        seen = {"answer": subjects[0]}
    try:
        return unpack(pack(seen))
    except (TypeError, Unreadable) as error:
        return {"problem": f"what came back cannot be judged: {error}"}
