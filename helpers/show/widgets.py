"""What the things that move in a page have in common: one piece of HTML with its own style and script.

A widget is a figure that is complete without JavaScript; its script, when there is one running, brings it to life.
It asks for no network, no kernel and no library, and carries no random name: equal contents are equal bytes, and two
equal widgets on one page both work.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from .figures import CAPTION_STYLE, Shown
from .typography import as_html


def widget(kind: str, inside: str, caption: str, text: str = "") -> Shown:
    """Return a figure with the style and the script that lie beside this module as ``kind``.css and ``kind``.js.

    Args:
        kind: "sliders" or "wipes"; also the figure's class, ``pom-`` before it.
        inside: the figure's body: HTML.
        caption: what it shows; plain text.
        text: what a terminal gets; by default the caption.
    """
    look, movement = (Path(__file__).with_name(f"{kind}.{ending}").read_text("utf-8") for ending in ("css", "js"))
    body = f'{inside}<figcaption style="{CAPTION_STYLE}">{as_html(caption)}</figcaption>'
    key = hashlib.sha256(f"{kind}{body}".encode()).hexdigest()[:12]
    page = (
        f'<div class="pom-{kind}" data-pom="{key}" data-lm-suppress-shortcuts="true"><style>{look}</style>'
        f'<figure>{body}</figure></div><script>{movement.strip()}("{key}");</script>'
    )
    return Shown(page, text or caption)
