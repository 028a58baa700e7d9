"""The explorer's panel, with a network and recipes that only pretend."""

from __future__ import annotations

import importlib
import threading
from types import SimpleNamespace

import pytest
import torch
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from helpers import STYLES, recipes
from helpers.basics.names import search_classes
from helpers.show.figures import Shown

pytest.importorskip("ipywidgets")
module = importlib.import_module("helpers.explorer")  # by its path: the package may also hold a function of this name


class FakeNetwork:
    title, has_classifier = "FakeNet", True
    classes = ["tabby", "Yorkshire terrier", "Pomeranian", "Boston terrier"]

    def search_classes(self, part):
        return [(i, name) for i, name in enumerate(self.classes) if part.lower() in name.lower()]

    def takes(self, *size):
        return True

    def class_name(self, index):
        return self.classes[index]


class FakeResult:
    def __init__(self, images, steps=3):
        self.images, self.scores = images, torch.zeros(steps, 1)

    def __len__(self):
        return 1

    def caption(self, i=0):
        return f"after {len(self.scores)} steps"


class FakeRecipe:
    """Takes steps until it is told to stop, or has done them; waits at each until the test lets it go on."""

    def __init__(self):
        self.asked, self.reached, self.go_on = None, threading.Event(), threading.Event()
        self.fault = None

    def visualize(self, target, network=None, *, steps, callbacks=(), progress=None, **options):
        return self.run(dict(recipe="best", target=target, steps=steps, progress=progress, **options), callbacks)

    def original(self, c, num_steps=200, lr=5.0, wd=0.1, *, network=None, callbacks=(), progress=None, **options):
        asked = dict(recipe="original", target=c, steps=num_steps, lr=lr, wd=wd, progress=progress, **options)
        return self.run(asked, callbacks)

    def run(self, asked, callbacks):
        self.asked = asked
        if self.fault:
            raise self.fault
        for step in range(asked["steps"]):
            going = [
                call(step, torch.full((1, 3, 8, 8), step * 9.0), torch.tensor([float(step)])) for call in callbacks
            ]
            self.reached.set()
            if False in going:
                break
            assert self.go_on.wait(5), "the test let the recipe starve"
        return FakeResult(torch.full((1, 3, 8, 8), 0.25), step + 1)


@pytest.fixture
def recipe(monkeypatch):
    fake = FakeRecipe()
    monkeypatch.setattr(recipes, "visualize", fake.visualize)
    monkeypatch.setattr(recipes, "maximal_class_input", fake.original)
    monkeypatch.setattr(module, "BREATH", 0.0)
    return fake


@pytest.fixture
def panel(recipe):
    return module.explore(FakeNetwork())


def press_and_wait(panel, recipe):
    recipe.go_on.set()
    panel.start.click()
    panel.thread.join(5)
    assert not panel.thread.is_alive()


def test_the_pomeranian_is_chosen_at_first(panel):
    assert panel.classes.value == 2
    assert len(panel.classes.options) == 4


def test_search_narrows_the_list(panel):
    panel.search.value = "TERRIER"
    assert [index for _, index in panel.classes.options] == [1, 3]
    assert panel.classes.value == 1
    panel.search.value = ""
    assert len(panel.classes.options) == 4 and panel.classes.value == 1, "what was chosen stays chosen"


def test_who_types_a_whole_name_gets_that_class(recipe, monkeypatch):
    names = ["tiger shark", "saber-toothed tiger", "tiger", "Pomeranian"]
    found = lambda self, part: search_classes(part, names)  # noqa: E731
    monkeypatch.setattr(FakeNetwork, "classes", names)
    monkeypatch.setattr(FakeNetwork, "search_classes", found)
    panel = module.explore(FakeNetwork())
    panel.search.value = "Tiger"
    assert panel.classes.value == 2
    assert [index for _, index in panel.classes.options] == [2, 0, 1], "then what begins so"


def test_another_panel_stops_the_one_before(recipe):
    first = module.explore(FakeNetwork())
    first.start.click()
    assert recipe.reached.wait(5)
    module.explore(FakeNetwork())
    recipe.go_on.set()
    first.thread.join(5)
    assert not first.thread.is_alive() and len(first.result.scores) < first.steps.value


def test_a_network_of_one_small_size_is_drawn_at_it(recipe):
    network = FakeNetwork()
    network.size, network.takes = 12, lambda *size: size == (12, 12)
    panel = module.explore(network)
    assert panel.size.value == 12
    press_and_wait(panel, recipe)
    assert recipe.asked["size"] == 12


CELLS = (
    """
import torch
from torch import nn
from helpers import Network, explore, last_result
core = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
network = Network(core, "small", "Small", ["zebra", "hen"])
panel = explore(network)
panel
""",
    """
panel.steps.value, panel.size.value = 3, 32
panel.start.click()
panel.thread.join()
assert last_result() is panel.result and len(panel.result.scores) == 3
""",
)


def test_what_was_drawn_stays_in_the_saved_notebook(monkeypatch):
    for name in ("POMERANIAN_QUIET", "POMERANIAN_FAST"):
        monkeypatch.delenv(name, raising=False)
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    widget, shelf = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert "<img" in shelf.data["text/html"] and "zebra" in shelf.data["text/html"]
    assert "last_result()" in shelf.data["text/html"]


def test_a_search_that_finds_nothing_says_so_and_cannot_be_started(panel):
    panel.search.value = "<unicorn>"
    assert panel.classes.options == () and panel.start.disabled
    assert "&lt;unicorn&gt;" in panel.message.value
    panel.start.click()
    assert panel.thread is None
    panel.search.value = "pom"
    assert not panel.start.disabled and panel.message.value == ""


def test_start_draws_with_the_knobs_and_keeps_the_result(panel, recipe):
    panel.steps.value, panel.size.value, panel.seed.value, panel.lr.value = 3, 96, 7, 0.1
    before = panel.image.value
    press_and_wait(panel, recipe)
    assert recipe.asked == dict(recipe="best", target=2, steps=3, size=96, seed=7, lr=0.1, progress=False)
    assert panel.image.value != before and panel.image.value[:4] == b"RIFF"
    assert panel.result.caption() == panel.score.value == "after 3 steps"
    assert panel.bar.value == 3
    assert not panel.start.disabled and panel.stop.disabled


def test_the_original_recipe_brings_its_own_settings(panel, recipe):
    assert panel.wd.disabled and panel.lr.value == STYLES["clear"].lr
    panel.recipe.value = module.ORIGINAL
    assert not panel.wd.disabled
    press_and_wait(panel, recipe)
    asked = dict(recipe="original", target=2, steps=200, lr=5.0, wd=0.1, size=256, seed=0, progress=False)
    assert recipe.asked == asked


def test_start_is_disabled_while_it_draws_and_stop_stops(panel, recipe):
    panel.start.click()
    assert recipe.reached.wait(5)
    assert panel.start.disabled and not panel.stop.disabled
    first = panel.thread
    panel.start.click()
    assert panel.thread is first, "a second press starts nothing"
    panel.search.value = "terrier"
    assert panel.start.disabled, "nor does a search while it draws"
    panel.stop.click()
    assert panel.stop.disabled
    recipe.go_on.set()
    first.join(5)
    assert len(panel.result.scores) < panel.steps.value
    assert panel.image.value == module.webp(module.picture(panel.result.images[0])), "the image so far is kept"
    assert not panel.start.disabled and panel.stop.disabled


def test_the_image_and_score_are_seen_while_it_draws(panel, recipe):
    before = panel.image.value
    panel.start.click()
    assert recipe.reached.wait(5)
    assert panel.image.value != before
    assert panel.score.value == "step 0 of 128, score 0.0"
    panel.stop.click()
    recipe.go_on.set()
    panel.thread.join(5)


def test_errors_of_the_thread_are_shown(panel, recipe):
    recipe.fault = ValueError("too few pixels <64>")
    press_and_wait(panel, recipe)
    assert "ValueError" in panel.message.value and "too few pixels &lt;64&gt;" in panel.message.value
    assert not panel.start.disabled and panel.stop.disabled
    recipe.fault = None
    press_and_wait(panel, recipe)
    assert panel.message.value == "", "the next run clears it"


def test_an_error_that_carries_a_result_shows_its_image(panel, recipe):
    recipe.fault = ArithmeticError("NaN")
    recipe.fault.result = FakeResult(torch.full((1, 3, 8, 8), 0.75), 2)
    press_and_wait(panel, recipe)
    assert "NaN" in panel.message.value
    assert panel.result is recipe.fault.result


def test_images_out_of_range_can_still_be_looked_at():
    squeezed = module._viewable(torch.tensor([-10.0, 0.0, 10.0]).reshape(3, 1, 1))
    assert squeezed.flatten().tolist() == [0.0, 0.5, 1.0]
    inside = torch.tensor([0.2, 0.3, 0.4]).reshape(3, 1, 1)
    assert torch.equal(module._viewable(inside), inside)
    assert module._viewable(torch.full((3, 2, 2), torch.nan)).isfinite().all()


@pytest.mark.parametrize("mode", ["POMERANIAN_QUIET", "POMERANIAN_FAST"])
def test_where_outputs_are_stored_a_still_stands_in_its_place(mode, monkeypatch, recipe):
    monkeypatch.setenv(mode, "1")
    recipe.go_on.set()
    shown = module.explore(FakeNetwork())
    assert isinstance(shown, Shown)
    assert "<img" in shown.html and "run the cell in Jupyter or on Colab" in shown.html
    assert recipe.asked["target"] == 2 and recipe.asked["steps"] == (4 if "FAST" in mode else 128)


def test_a_network_without_classes_is_refused():
    with pytest.raises(ValueError, match="no classifier"):
        module.explore(SimpleNamespace(title="VGG16's convolutions", has_classifier=False))


def test_the_recipes_are_named_in_words(panel):
    assert list(panel.recipe.options) == ["this book's best", "the original"]
