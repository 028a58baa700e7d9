"""Draw the picture on the landing page, for the eye and by all networks that are packaged, and write its caption.

It takes a minute or two on two cores. Look at the picture before committing it.
"""

from __future__ import annotations

from pathlib import Path

from helpers import load_network, visualize
from helpers.basics.files import write_whole
from helpers.show.pictures import picture, webp

STATIC = Path(__file__).resolve().parents[2] / "book" / "_static"
SIZE, STEPS, SEED = 224, 128, 1
ARTISTS = ("squeezenet1_1", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


def main() -> None:
    """Write ``book/_static/pomeranian.webp`` and ``pomeranian.txt``, each whole or not at all."""
    artists = [load_network(name) for name in ARTISTS]
    result = visualize("Pomeranian", artists, style="natural", steps=STEPS, size=SIZE, seed=SEED)
    write_whole(STATIC / "pomeranian.webp", webp(picture(result.images[0])))
    write_whole(STATIC / "pomeranian.txt", f"{result.caption()}.\n".encode())
    print(result.caption())


if __name__ == "__main__":
    main()
