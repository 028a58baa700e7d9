"""Bars: tqdm's in a terminal; in a notebook one line, updated in place, that is still true when it is opened again."""

from __future__ import annotations

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from helpers import ascend, class_logit, dream_film, poster
from helpers.basics.bar import OPEN, Bar
from helpers.parameterizations import Pixels

BEGIN = """
import torch
from torch import nn
from helpers import Network, dream_film, poster, visualize
core = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
network = Network(core, "small", "Small", ["zebra", "hen"])
"""


@pytest.fixture(autouse=True)
def loud(monkeypatch):
    monkeypatch.delenv("POMERANIAN_FAST", raising=False)
    monkeypatch.delenv("POMERANIAN_QUIET", raising=False)


CELLS = {
    "climbs": "for name in network.classes: visualize(name, network, steps=3, size=32)",
    "stopped": """
stop = lambda step, images, scores: step < 1
_ = visualize(["hen", "zebra", "hen"], network, steps=9, size=32, callbacks=[stop])
""",
    "film": "_ = dream_film(torch.rand(1, 3, 40, 40), network, '0', frames=4, octaves=1, progress=True)",
    "poster": "_ = poster('hen', network, size=96, first=48, steps=2, touches=2)",
}


@pytest.fixture(scope="module")
def saved() -> dict[str, list[nbformat.NotebookNode]]:
    """What each cell of one notebook leaves behind, as it is stored once all have run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("POMERANIAN_FAST", raising=False)
        patch.delenv("POMERANIAN_QUIET", raising=False)
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in (BEGIN, *CELLS.values())])
        NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells[1:]), strict=True))


def lines(outputs: list[nbformat.NotebookNode]) -> list[str]:
    assert all(output.output_type == "display_data" for output in outputs), "no stream and no widget"
    assert all(set(output.data) == {"text/plain"} for output in outputs)
    return [output.data["text/plain"] for output in outputs]


def test_a_notebook_keeps_one_plain_line_for_each_climb(saved):
    first, second = lines(saved["climbs"])
    assert first.startswith("margin of zebra (0): 3 steps, score ") and "hen (1): 3 steps" in second
    assert " in 0 s" in first or " in 1 s" in first or " s" in first.rpartition(" in ")[2]


def test_several_at_once_are_counted_and_what_was_stopped_says_how_far_it_came(saved):
    (line,) = lines(saved["stopped"])
    assert line.startswith("margin of hen (1) and 2 more: 2 of 9 steps, score ")


def test_a_bar_within_a_bar_shares_its_line(saved):
    (line,) = lines(saved["film"])
    assert line.startswith("film: 3 frames in ")
    (line,) = lines(saved["poster"])
    assert line.startswith("poster: 2 sizes in ")


def test_while_it_runs_the_line_says_what_and_how_far(monkeypatch):
    shown = []
    monkeypatch.setattr("helpers.basics.bar.in_notebook", lambda: True)
    monkeypatch.setattr("helpers.basics.bar.BREATH", 0.0)
    monkeypatch.setattr(Bar, "_show", lambda self, line: shown.append((self.what, line)))
    with Bar(12, "zoo", "pictures") as outer:
        outer.to(3)
        with Bar(4, "zebra") as inner:
            inner.to(1, "score 2.5")
    assert shown[0] == ("zoo", "zoo ━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 3 of 12 pictures, 0 s left")
    assert shown[1] == ("zoo", f"{shown[0][1]} · zebra: 1 of 4 steps, score 2.5")
    assert shown[2] == ("zoo", "zoo: 3 of 12 pictures in 0 s") and len(shown) == 3


def test_a_terminal_has_tqdm_s(capfd, small):
    ascend(class_logit(0), small, Pixels.uniform(8), steps=4)
    said = capfd.readouterr().err
    assert "logit of" in said and "4/4" in said and "steps/s" in said and "score" in said


def test_silence_is_kept(capfd, small, monkeypatch):
    ascend(class_logit(0), small, Pixels.uniform(8), steps=4, progress=False)
    poster(0, small, size=64, first=32, steps=2, touches=2, progress=False)
    dream_film(torch.rand(1, 3, 40, 40), small, "first", frames=2, octaves=1, progress=False)
    monkeypatch.setenv("POMERANIAN_QUIET", "1")
    ascend(class_logit(0), small, Pixels.uniform(8), steps=4)
    assert capfd.readouterr() == ("", "")


def test_a_bar_that_breaks_is_closed():
    with pytest.raises(ZeroDivisionError), Bar(3, "zoo", shown=True):
        raise ZeroDivisionError
    assert not OPEN.bars
