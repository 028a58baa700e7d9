"""What the things that move in a page have in common: a picture that is finished, and a script that lets it move.

The HTML is what a page shows that runs no script and keeps no style sheet: GitHub, or a notebook that Jupyter does not
trust. There it holds a picture, what is to be said of it, and its caption, in plain tags. Controls, plots, labels and
their look are made by the script. It asks for no network, no kernel and no library, and carries no random name: equal
contents are equal bytes, and two equal widgets on one page both work.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .figures import CAPTION_STYLE, Shown
from .typography import as_html

STILL = "Run the cell, or trust the notebook, and it moves."
STATUS_STYLE = "margin:.5em 0 0;font-size:.95em;line-height:1.4"
STILL_STYLE = "margin:.5em 0 0;font-size:.82em;line-height:1.45;opacity:.75"
ROOM = Path(__file__).parent


def widget(
    kind: str, still: str, caption: str, data: Mapping[str, Any], *, width: int, status: str = "", text: str = ""
) -> Shown:
    """Return a figure, at most ``width`` pixels wide, that moves where scripts run.

    ``kind`` is "player" or "sliders": ``kind``.css and ``kind``.js lie beside this module. The figure's class is
    ``pom-kind``, and the script is a function of the figure and ``data``: what it needs besides the picture ``still``,
    HTML of plain tags, such as a film's other frames; ``data`` goes through JSON. The caption says what the picture
    shows and ``status`` what is said of it, both in plain text; ``text`` is what a terminal gets, by default the
    caption.
    """
    said = f'<p class="pom-status" style="{STATUS_STYLE}">{html.escape(status)}</p>' if status else ""
    figure = (
        f'<figure style="margin:1em 0;max-width:{width}px"><div class="pom-stage">{still}{said}</div>'
        f'<figcaption style="{CAPTION_STYLE}">{as_html(caption)}</figcaption>'
        f'<p class="pom-still" style="{STILL_STYLE}">{STILL}</p></figure>'
    )
    look = json.dumps(_read("widgets.css") + _read(f"{kind}.css"))
    given = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    key = hashlib.sha256(f"{kind}{figure}{given}".encode()).hexdigest()[:12]
    page = (
        f'<div class="pom-{kind}" data-pom="{key}" data-lm-suppress-shortcuts="true">{figure}</div>'
        f'<script>{_read("widgets.js")}("{key}", {look}, {given}, {_read(f"{kind}.js")});</script>'
    )
    return Shown(page, text or caption)


def _read(name: str) -> str:
    return ROOM.joinpath(name).read_text(encoding="utf-8").strip()
