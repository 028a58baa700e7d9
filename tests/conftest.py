"""What all unit tests share: the book's own pace, whatever the shell says."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def ordinary_mode(monkeypatch):
    """Unit tests see neither fast nor quiet mode, nor a preferred network, unless they ask for it themselves."""
    for variable in ("POMERANIAN_FAST", "POMERANIAN_QUIET", "POMERANIAN_NETWORK"):
        monkeypatch.delenv(variable, raising=False)
