"""What a drawing keeps that Ctrl-C stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpers import Result, last_result


def stopped(draw: Callable[[], Result]) -> Result:
    """What there is of a drawing that is stopped while it runs: it has to end, and to keep the picture."""
    with pytest.raises(KeyboardInterrupt) as caught:
        draw()
    assert caught.value.result is last_result() and caught.value.result.interrupted
    assert caught.value._render_traceback_() == [str(caught.value)], "in a notebook, a sentence and no traceback"
    return last_result()
