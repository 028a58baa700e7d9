"""The explorer: a panel in which a reader picks a class and watches the network draw it.

It is made of ipywidgets as they were in version 7, which is what Colab has. The ascent runs in its own
thread, so that the page goes on listening while it runs and Stop can be pressed.
"""

from __future__ import annotations

import html
import threading
import time
from typing import Any

import torch
from torch import Tensor

from . import recipes
from .basics.settings import is_quiet, pace
from .networks.given import check_network
from .running.stop import keep
from .show.figures import Shown, show_images
from .show.pictures import picture, webp
from .styles import STYLES

BEST, ORIGINAL = "this book's best", "the original"
FAVORITE = "pomeranian"
KNOBS = {BEST: (128, 224, STYLES["clear"].lr), ORIGINAL: (200, 256, 5.0)}  # steps, size, learning rate
BREATH = 0.2  # seconds between two looks at the image: more would drown the page


def explore(network: Any = None) -> Any:
    """Show a panel to draw any class with: search, recipe, start, stop, the image as it grows, its score.

    Where outputs are stored or compared (``is_quiet()``) a picture and a sentence stand in its place, since a
    page without a kernel cannot answer. Chapter 3.

    Args:
        network: a Network with a classifier, or a list of them; by default the best that ``load_network()`` finds.

    Returns:
        The panel, to stand last in a cell. What it drew last stays under it as an ordinary output, is its ``result``,
        and is what ``last_result()`` gives.

    Raises:
        ValueError: the network has no classifier, so no class to draw.
        TypeError: no ``Network``.
    """
    network = recipes.network_of(network)
    check_network(network)
    if not network.has_classifier:
        raise ValueError(f"{network.title} has no classifier here, so no classes to explore; try load_network()")
    return _still(network) if is_quiet() else Panel(network)


def _still(network: Any) -> Shown:
    """What stands in the panel's place in a static page."""
    result = recipes.visualize(_favorite(network), network, steps=pace(128, 4), progress=False)
    caption = (
        f"{result.caption(0)}. This is a still: run the cell in Jupyter or on Colab, and in its place stands "
        f"a panel that draws any of the network's {len(network.classes):,} classes while you watch."
    )
    name = network.class_name(_favorite(network))
    return show_images(result.images, caption=caption, alt=f"What {network.title} wants a {name} to look like")


def _favorite(network: Any) -> int:
    """The index of the pomeranian, or of the first class where there are no dogs."""
    found = network.search_classes(FAVORITE)
    return found[0][0] if found else 0


class Panel:
    """The explorer's widgets for a network with a classifier, and the thread that draws.

    ``explore`` makes it, and stops the one before.
    """

    before: Panel | None = None

    def __init__(self, network: Any) -> None:
        if Panel.before is not None:
            Panel.before._stop()
        Panel.before = self
        self.network, self.result, self.shelf = network, None, None
        self.thread: threading.Thread | None = None
        self._stopping, self._drawing = threading.Event(), False
        self._looked = 0.0
        self._make_widgets()
        self._arrange()
        self.search.observe(self._search, "value")
        self.recipe.observe(self._choose_recipe, "value")
        self.start.on_click(self._start)
        self.stop.on_click(self._stop)
        self._search()
        self._choose_recipe()

    def _make_widgets(self) -> None:
        import ipywidgets as w

        wide = w.Layout(width="98%")
        style = {"description_width": "96px"}
        self.search = w.Text(description="Search", placeholder="part of a name", layout=wide, style=style)
        self.classes = w.Select(description="Class", rows=8, layout=wide, style=style)
        self.recipe = w.Dropdown(description="Recipe", options=[BEST, ORIGINAL], value=BEST, layout=wide, style=style)
        whole = {"layout": wide, "style": style}
        self.steps = w.BoundedIntText(description="Steps", value=128, min=1, max=5000, **whole)
        self.size = w.BoundedIntText(description="Size (pixels)", value=224, min=16, max=1024, step=16, **whole)
        self.seed = w.BoundedIntText(description="Seed", value=0, min=0, max=2**31 - 1, **whole)
        self.lr = w.BoundedFloatText(description="Learning rate", value=5.0, min=1e-6, max=1e3, step=0.5, **whole)
        self.wd = w.BoundedFloatText(description="Weight decay", value=0.1, min=0.0, max=1e3, step=0.05, **whole)
        self.start = w.Button(description="Start", icon="play", button_style="primary")
        self.stop = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.IntProgress(value=0, max=1, layout=w.Layout(width="100%"))
        self.score = w.HTML(value="Choose a class, then press Start.")
        self.message = w.HTML(value="")
        self.image = w.Image(value=_blank(), format="webp", layout=w.Layout(width="100%", max_width="384px"))

    def _arrange(self) -> None:
        import ipywidgets as w

        buttons = w.HBox([self.start, self.stop])
        knobs = [self.recipe, self.steps, self.size, self.seed, self.lr, self.wd]
        left = w.VBox([self.search, self.classes, *knobs, buttons], layout=w.Layout(flex="1 1 280px"))
        right = w.VBox(
            [self.image, self.bar, self.score, self.message],
            layout=w.Layout(flex="1 1 280px", max_width="400px"),
        )
        self.box = w.HBox([left, right], layout=w.Layout(flex_flow="row wrap", max_width="760px"))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box)
        self.shelf = display({"text/plain": "What is drawn above will stay here."}, raw=True, display_id=True)

    def _search(self, change: Any = None) -> None:
        """Narrow the list of classes to those whose name holds what was typed."""
        words = self.search.value.strip()
        found = self.network.search_classes(words) if words else list(enumerate(self.network.classes))
        before = self.classes.value
        self.classes.options = [(f"{name} ({index})", index) for index, name in found]
        indices = [index for index, _ in found]
        wanted = before if before in indices else _favorite(self.network)
        if indices:
            self.classes.value = wanted if wanted in indices else indices[0]
        self.message.value = "" if indices else f"No class is called <i>{html.escape(words)}</i>."
        self.start.disabled = not indices or self._drawing

    def _choose_recipe(self, change: Any = None) -> None:
        """Set the knobs as the recipe has them; the book's best knows no weight decay."""
        self.steps.value, size, self.lr.value = KNOBS[self.recipe.value]
        size = size if self.network.takes(size, size) else self.network.size
        self.size.min = min(16, size)
        self.size.value = size
        self.wd.disabled = self.recipe.value != ORIGINAL

    def _start(self, button: Any = None) -> None:
        if self._drawing or self.classes.value is None:
            return
        self._stopping.clear()
        self._drawing = True
        self.start.disabled, self.stop.disabled = True, False
        self.message.value, self.bar.value, self.bar.max = "", 0, self.steps.value
        self.thread = threading.Thread(target=self._run, args=(self._draw(),), daemon=True)
        self.thread.start()

    def _stop(self, button: Any = None) -> None:
        self._stopping.set()
        self.stop.disabled = True

    def _draw(self) -> Any:
        """The ascent that the knobs describe, as a function yet to be called."""
        target, steps = self.classes.value, self.steps.value
        knobs = {
            "size": self.size.value,
            "seed": self.seed.value,
            "callbacks": [self._look],
            "progress": False,
        }
        lr, wd = self.lr.value, self.wd.value
        self._develop = recipes.develop if self.recipe.value == ORIGINAL else _viewable
        if self.recipe.value == ORIGINAL:
            return lambda: recipes.maximal_class_input(target, steps, lr, wd, network=self.network, **knobs)
        return lambda: recipes.visualize(target, self.network, steps=steps, lr=lr, **knobs)

    def _run(self, draw: Any) -> None:
        """Draw, show what came of it, and make ready for the next; runs in the thread."""
        try:
            self._keep(draw())
        except Exception as error:
            self.message.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"
            if getattr(error, "result", None) is not None:
                self._keep(error.result)
        finally:
            self._drawing = False
            self.stop.disabled = True
            self.start.disabled = self.classes.value is None

    def _keep(self, result: Any) -> None:
        """Show a Result, and leave it where the reader finds it."""
        self.result = result
        self._show(result.images)
        self.bar.value = len(result.scores)
        self.score.value = html.escape(result.caption(0), quote=False)
        keep(result)
        if self.shelf is not None:
            caption = f"{result.caption(0)}. To go on with it: result = last_result()"
            self.shelf.update(show_images(_viewable(result.images), caption=caption, alt=result.caption(0)))

    def _look(self, step: int, image: Tensor, scores: Tensor) -> bool:
        """The ascent's callback: shows the image now and then; False asks it to stop."""
        now = time.monotonic()
        if now - self._looked >= BREATH:
            self._looked = now
            self._show(self._develop(image.detach().cpu()))
            self.bar.value = step
            self.score.value = f"step {step} of {self.bar.max}, score {scores[0].item():.1f}"
        return not self._stopping.is_set()

    def _show(self, images: Tensor) -> None:
        self.image.value = webp(picture(_viewable(images)[0], 384))


def _viewable(images: Tensor) -> Tensor:
    """Images squeezed into [0, 1] if they leave it."""
    images = torch.nan_to_num(images.detach().float().cpu(), 0.0, 0.0, 0.0)
    low, high = images.min(), images.max()
    return images if low >= 0 and high <= 1 else (images - low) / (high - low).clamp_min(1e-12)


def _blank() -> bytes:
    return webp(picture(torch.full((3, 224, 224), 0.5)))
