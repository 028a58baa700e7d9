"""Draw the picture on the landing page, and write its caption beside it.

The caption says which network drew it; with VGG16 whole at hand, look at the picture before committing it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "book" / "_static"
SIZE, STEPS, SEED = 320, 192, 1


def main() -> None:
    """Write ``book/_static/pomeranian.webp`` and ``pomeranian.txt``, each whole or not at all."""
    sys.path.insert(0, str(ROOT))
    from helpers import load_network, visualize
    from helpers.download import write_whole
    from helpers.pictures import picture, webp

    result = visualize("Pomeranian", load_network(), steps=STEPS, size=SIZE, seed=SEED)
    write_whole(STATIC / "pomeranian.webp", webp(picture(result.images[0])))
    write_whole(STATIC / "pomeranian.txt", f"{result.caption()}\n".encode())
    print(result.caption())


if __name__ == "__main__":
    main()
