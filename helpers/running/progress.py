"""What is seen while an ascent runs: a bar with the score, and in a notebook the picture itself."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torchvision.transforms.v2 import functional as F

from ..basics.bar import Bar
from ..basics.numbers import whole
from ..basics.settings import is_quiet
from ..show.typography import number


class Progress:
    """Shows how far an ascent has come that draws ``what``, for each image or for all.

    ``bar`` is whether to show one; ``None`` shows it unless stored outputs are being made. In a notebook the first
    image is shown every ``preview`` steps. ``finish`` makes pictures in [0, 1] of raw images.
    """

    def __init__(
        self,
        steps: int,
        what: str | tuple[str, ...],
        bar: bool | None,
        preview: int | None,
        finish: Callable[[Tensor], Tensor],
    ):
        preview = None if preview is None else whole(preview, "preview, the steps from one showing to the next,")
        first, *others = [what] if isinstance(what, str) else what
        self.bar = Bar(steps, f"{first} and {len(others)} more" if others else first, shown=bar)
        self.preview = None if is_quiet() else preview
        self.finish, self.screen = finish, None

    def close(self) -> None:
        """Leave a line that says how far it came."""
        self.bar.close()

    def show(self, step: int, images: Tensor, scores: Tensor) -> None:
        """Move the bar to ``step`` and, when it is due, show the first of the images (B, 3, H, W)."""
        if self.bar.shown:
            self.bar.to(step + 1, f"score {number(scores.mean().item())}")
        if self.preview and step % self.preview == 0:
            self._draw(self.finish(images)[0])

    def _draw(self, image: Tensor) -> None:
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is None:
            return
        picture = F.to_pil_image(image.detach().float().clamp(0, 1).cpu())
        if self.screen is None:
            self.screen = display(picture, display_id=True)
        else:
            self.screen.update(picture)
