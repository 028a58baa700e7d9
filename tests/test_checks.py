"""The checks of the assignments: right solutions pass, and every planted mistake is told what is wrong with it.

`pytest tests/test_checks.py -s` prints the table.
"""

from __future__ import annotations

import contextlib
import importlib
import textwrap
from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch

from teaching.checks import Wrong, every_check
from teaching.checks.core import pack, run_probe, unpack

HIDDEN, MORE = range(100, 102), range(102, 106)
THERE = ("gradient_ascent", "pomeranian", "basis", "inside")
PLANTED = {assignment: importlib.import_module(f"tests.mistakes.{assignment}") for assignment in THERE}
MISTAKES = [(assignment, mistake) for assignment in THERE for mistake in PLANTED[assignment].MISTAKES]
REFERENCES = [(assignment, check) for assignment in THERE for check in PLANTED[assignment].REFERENCES]


@cache
def message(check: str, function, seeds) -> str:
    """What a check says of a solution: its message, or nothing if it is content."""
    try:
        every_check()[check](function, seeds=seeds)
    except Wrong as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("assignment", "check"), REFERENCES, ids=[f"{a}-{b}" for a, b in REFERENCES])
def test_the_reference_passes_the_visible_and_the_hidden_tries(assignment, check):
    function = PLANTED[assignment].REFERENCES[check]
    assert message(check, function, None) == ""
    assert message(check, function, HIDDEN) == ""


def assert_answered(mistake, seeds):
    """A mistake is answered with its own message, and with no other mistake's."""
    others = {other.says for _, other in MISTAKES if other.check == mistake.check} - {mistake.says}
    said = message(mistake.check, mistake.function, seeds)
    assert said, f"not caught (seeds {seeds})"
    assert mistake.says in said
    mixed = [other for other in others if other in said and other not in mistake.says]
    assert not mixed, f"this message is meant for {mixed}: {said}"


EACH = [pytest.param(mistake, id=f"{assignment}-{mistake.check}-{mistake.name}") for assignment, mistake in MISTAKES]


@pytest.mark.parametrize("mistake", EACH)
def test_every_mistake_is_answered_with_the_message_meant_for_it(mistake):
    """... in the tries that a student sees and in the hidden ones."""
    assert_answered(mistake, None)
    assert_answered(mistake, HIDDEN)


@pytest.mark.slow
def test_in_more_hidden_tries_nothing_is_different():
    for check_of, check in REFERENCES:
        assert message(check, PLANTED[check_of].REFERENCES[check], MORE) == "", check
    for _, mistake in MISTAKES:
        assert_answered(mistake, MORE)


@pytest.mark.parametrize("assignment", THERE)
def test_there_are_enough_mistakes_for_every_check(assignment):
    """Eight an assignment, six for each check of a function, none of them twice."""
    planted = PLANTED[assignment].MISTAKES
    count = Counter(mistake.check for mistake in planted)
    assert len(planted) >= 8
    assert {check: count[check] for check in PLANTED[assignment].REFERENCES if count[check] < 6} == {}
    names = Counter((mistake.check, mistake.name) for mistake in planted)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_check_of_a_function_has_a_reference_and_its_probes_name():
    assert {check for _, check in REFERENCES} == every_check().keys() - {"check_picture"}
    assert {name: check.name for name, check in every_check().items() if name != check.name} == {}


@pytest.mark.parametrize(("assignment", "check"), REFERENCES, ids=[f"{a}-{b}" for a, b in REFERENCES])
def test_what_is_not_written_or_makes_no_sense_is_said_to_be_so(assignment, check):
    def unwritten(*_, **__):
        raise NotImplementedError("your code here")

    assert message(check, unwritten, None) == "not written yet: your code here"
    for nonsense in (lambda *_, **__: None, lambda *_, **__: "a dog", lambda *_, **__: 3, lambda: 0, "no function"):
        assert message(check, nonsense, None), nonsense


@contextlib.contextmanager
def set_to(dtype, device):
    """PyTorch's defaults as a notebook may set them."""
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("assignment", "check"), REFERENCES, ids=[f"{a}-{b}" for a, b in REFERENCES])
def test_what_a_notebook_makes_pytorch_s_default_changes_no_verdict(assignment, check):
    """The verdict is spoken where nothing was set, or the other way around."""
    function, asked = PLANTED[assignment].REFERENCES[check], every_check()[check]
    odd, usual = (torch.float64, "meta"), (torch.float32, "cpu")
    for first, then in ((odd, usual), (usual, odd)):
        with set_to(*first):
            seen = unpack(pack(run_probe(asked.probe, [function], 60001, 60)))
            assert torch.get_default_dtype() == first[0] and torch.get_default_device().type == first[1]
        with set_to(*then):
            assert asked.judge(60001, seen) is None


@pytest.mark.parametrize("kind", [np.int64, torch.tensor])
def test_an_index_of_another_library_is_one(kind):
    lookup = PLANTED["pomeranian"].REFERENCES["check_lookup"]
    assert message("check_lookup", lambda *given: kind(lookup(*given)), None) == ""


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_two_numbers_may_be_an_array(kind):
    rise = PLANTED["gradient_ascent"].REFERENCES["check_rise"]
    assert message("check_rise", lambda *given: kind([float(part) for part in rise(*given)]), None) == ""
    assert "two numbers" in message("check_rise", lambda *given: kind([1.0, 2.0, 3.0]), None)


def test_the_table_of_planted_mistakes():
    """One line a mistake: what is wrong, and what the student is told. Printed with -s."""
    rows = [(assignment, m, message(m.check, m.function, None)) for assignment, m in MISTAKES]
    print(f"\n{len(rows)} planted mistakes\n")
    for assignment, mistake, said in rows:
        print(f"{assignment}  {mistake.check}: {mistake.name}")
        print(textwrap.indent(textwrap.fill(said or "NOT CAUGHT", 110), "      "))
    assert [mistake.name for _, mistake, said in rows if not said] == []
